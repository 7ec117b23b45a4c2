"""Google's own clients, which know nothing of the stand-in, through every kind of resource: what they send must be allowed,
what they get must parse."""

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import storage
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError
from tests.standin import StandInTest


class Clients(StandInTest):
    """Whole lives of resources."""

    def tearDown(self):
        self.assertEqual(self.control("GET", "/violations"), [])

    def ended(self, operations, operation):
        """Asks until an operation has ended."""
        for _ in range(5):
            operation = operations.get(name=operation["name"]).execute()
            if operation.get("done"):
                return operation
        return self.fail(f"{operation['name']} does not end")

    def code(self, request):
        """The status of a refusal."""
        with self.assertRaises(HttpError) as refusal:
            request.execute()
        return refusal.exception.status_code

    def storage(self):
        options = {"api_endpoint": self.url}
        client = storage.Client(project=self.project, credentials=Credentials(self.token), client_options=options)
        self.addCleanup(client.close)
        return client

    def test_a_bucket(self):
        bucket = self.storage().bucket("clients-bucket")
        bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        bucket.iam_configuration.public_access_prevention = "enforced"
        bucket.versioning_enabled = True
        bucket.default_kms_key_name = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
        bucket.cors = [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60}]
        bucket.add_lifecycle_delete_rule(age=30)
        bucket.create(location="EU")
        bucket.labels = {"a": "b"}
        bucket.patch(if_metageneration_match=bucket.metageneration)
        bucket.reload()
        self.assertEqual((bucket.metageneration, bucket.labels, bucket.location_type), (2, {"a": "b"}, "multi-region"))
        self.assertTrue(bucket.default_kms_key_name and list(bucket.lifecycle_rules) and bucket.cors)
        self.assertEqual(bucket.soft_delete_policy.retention_duration_seconds, 604800)
        with self.assertRaises(GoogleAPICallError) as stale:
            bucket.patch(if_metageneration_match=1)
        self.assertEqual(stale.exception.code, 412)
        bucket.delete()

    def test_objects(self):
        bucket = self.storage().bucket("clients-objects")
        bucket.versioning_enabled = True
        bucket.create(location="EU")
        for text in ("one", "two\r\n\r\nlines"):
            bucket.blob("dir/a").upload_from_string(text)
        self.assertEqual(bucket.blob("dir/a").download_as_bytes(), b"two\r\n\r\nlines")
        self.assertEqual(len(list(bucket.list_blobs())), 1)
        self.assertEqual(len(list(bucket.list_blobs(versions=True, page_size=1))), 2)
        bucket.blob("dir/a").delete()
        self.assertEqual(list(bucket.list_blobs()), [])
        with self.assertRaises(GoogleAPICallError) as full:
            bucket.delete()
        self.assertEqual(full.exception.code, 409)
        for version in list(bucket.list_blobs(versions=True)):
            bucket.delete_blob(version.name, generation=version.generation)
        bucket.delete()

    def test_a_bucket_policy(self):
        self.bucket("clients-policy")
        email = self.account("clients")
        bucket = self.storage().bucket("clients-policy")
        policy = bucket.get_iam_policy(requested_policy_version=3)
        policy.version = 3
        condition = {"title": "t", "expression": 'resource.name.startsWith("projects/_/buckets/clients-policy/objects/a")'}
        binding = {"role": "roles/storage.objectUser", "members": {f"serviceAccount:{email}"}, "condition": condition}
        policy.bindings.append(binding)
        bucket.set_iam_policy(policy)
        with self.assertRaises(GoogleAPICallError) as stale:
            bucket.set_iam_policy(policy)
        self.assertEqual(stale.exception.code, 412)

    def test_service_accounts(self):
        accounts = self.google("iam", "v1").projects().serviceAccounts()
        account = accounts.create(name=f"projects/{self.project}", body={"accountId": "clients"}).execute()
        again = accounts.create(name=f"projects/{self.project}", body={"accountId": "clients"})
        self.assertEqual(self.code(again), 409)
        patch = {"serviceAccount": {"description": "d"}, "updateMask": "description"}
        self.assertEqual(set(accounts.patch(name=account["name"], body=patch).execute()), {"name", "description"})
        accounts.delete(name=account["name"]).execute()
        self.assertEqual(self.code(accounts.get(name=account["name"])), 404)
        accounts.undelete(name=f"projects/-/serviceAccounts/{account['uniqueId']}", body={}).execute()
        self.assertEqual(accounts.get(name=account["name"]).execute()["uniqueId"], account["uniqueId"])

    def test_workload_identity_pools(self):
        pools = self.google("iam", "v1").projects().locations().workloadIdentityPools()
        parent = f"projects/{self.project}/locations/global"
        self.ended(pools.operations(), pools.create(parent=parent, workloadIdentityPoolId="clients", body={}).execute())
        name = f"{parent}/workloadIdentityPools/clients"
        oidc = {"issuerUri": "https://issuer.example", "allowedAudiences": ["a"]}
        provider = {"attributeMapping": {"google.subject": "assertion.sub"}, "oidc": oidc}
        made = pools.providers().create(parent=name, workloadIdentityPoolProviderId="oidc", body=provider).execute()
        self.ended(pools.providers().operations(), made)
        found = pools.providers().list(parent=name).execute()["workloadIdentityPoolProviders"]
        self.assertEqual([one["state"] for one in found], ["ACTIVE"])
        self.assertEqual(found[0]["name"].split("/")[1], self.number)
        self.ended(pools.operations(), pools.delete(name=name).execute())
        self.assertEqual(pools.get(name=name).execute()["state"], "DELETED")
        self.assertEqual(self.code(pools.create(parent=parent, workloadIdentityPoolId="clients", body={})), 409)
        self.ended(pools.operations(), pools.undelete(name=name, body={}).execute())
        self.assertEqual(pools.get(name=name).execute()["state"], "ACTIVE")

    def test_repositories(self):
        locations = self.google("artifactregistry", "v1").projects().locations()
        repositories, operations = locations.repositories(), locations.operations()
        parent = f"projects/{self.project}/locations/europe-west1"
        condition = {"tagState": "UNTAGGED", "olderThan": "604800s"}
        policies = {"old": {"id": "old", "action": "DELETE", "condition": condition}}
        body = {"format": "DOCKER", "cleanupPolicies": policies, "cleanupPolicyDryRun": True}
        self.control("PUT", "/settings", {"operationPolls": 3})
        made = repositories.create(parent=parent, repositoryId="r", body=body).execute()
        self.assertEqual(self.ended(operations, made)["response"]["format"], "DOCKER")
        self.assertEqual(sum(call["method"].endswith("operations.get") for call in self.control("GET", "/calls")), 4)
        name = f"{parent}/repositories/r"
        repositories.patch(name=name, updateMask="labels", body={"labels": {"x": "y"}}).execute()
        self.assertEqual(repositories.get(name=name).execute()["labels"], {"x": "y"})
        self.assertEqual(repositories.dockerImages().list(parent=name).execute(), {})
        self.control("POST", "/images", {"name": f"{name}/dockerImages/app@sha256:1"})
        self.assertEqual(len(repositories.dockerImages().list(parent=name).execute()["dockerImages"]), 1)
        self.ended(operations, repositories.delete(name=name).execute())

    def test_log_buckets(self):
        buckets = self.google("logging", "v2").projects().locations().buckets()
        parent = f"projects/{self.project}/locations/global"
        buckets.create(parent=parent, bucketId="b", body={"retentionDays": 7}).execute()
        buckets.delete(name=f"{parent}/buckets/b").execute()
        self.assertEqual(buckets.get(name=f"{parent}/buckets/b").execute()["lifecycleState"], "DELETE_REQUESTED")
        buckets.undelete(name=f"{parent}/buckets/b", body={}).execute()

    def test_log_entries(self):
        entries = self.google("logging", "v2").entries()
        log = f"projects/{self.project}/logs/app"
        resource = {"type": "global", "labels": {"project_id": self.project}}
        entries.write(body={"entries": [{"logName": log, "textPayload": "x", "resource": resource}]}).execute()
        found = entries.list(body={"resourceNames": [f"projects/{self.project}"]}).execute()["entries"]
        self.assertEqual([entry["textPayload"] for entry in found], ["x"])

    def test_secrets(self):
        secrets = self.google("secretmanager", "v1").projects().secrets()
        body = {"replication": {"userManaged": {"replicas": [{"location": "europe-west1"}]}}}
        made = secrets.create(parent=f"projects/{self.project}", secretId="s", body=body).execute()
        self.assertEqual(made["name"], f"projects/{self.number}/secrets/s")
        secrets.addVersion(parent=made["name"], body={"payload": {"data": "aGk="}}).execute()
        latest = f"{made['name']}/versions/latest"
        self.assertEqual(secrets.versions().access(name=latest).execute()["payload"]["data"], "aGk=")
        secrets.versions().destroy(name=f"{made['name']}/versions/1", body={}).execute()
        self.assertEqual(self.code(secrets.versions().access(name=latest)), 400)
        secrets.delete(name=made["name"]).execute()
        self.assertEqual(self.code(secrets.get(name=made["name"])), 404)

    def test_a_disabled_api(self):
        self.control("PUT", "/settings", {"disabled": ["secretmanager.googleapis.com"]})
        refusal = self.refused(403, "GET", "/secretmanager/v1/projects/{p}/secrets")
        self.assertEqual(refusal["details"][0]["reason"], "SERVICE_DISABLED")
        services = self.google("serviceusage", "v1")
        name = f"projects/{self.project}/services/secretmanager.googleapis.com"
        self.ended(services.operations(), services.services().enable(name=name, body={}).execute())
        self.ok("GET", "/secretmanager/v1/projects/{p}/secrets")

    def test_projects(self):
        for version, number in (("v3", "name"), ("v1", "projectNumber")):
            projects = self.google("cloudresourcemanager", version).projects()
            named = {"name": f"projects/{self.project}"} if version == "v3" else {"projectId": self.project}
            self.assertIn(self.number, projects.get(**named).execute()[number])
