"""Who may do what: permissions of persons, bindings with conditions of service accounts, and who may become one."""

import base64

from tests.standin import StandInTest

SCOPE = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}


class Access(StandInTest):
    """Rights are evaluated; the owner has all but those to be somebody else."""

    def allow_tokens(self, email, member):
        self.bind(f"/iam/v1/projects/{{p}}/serviceAccounts/{email}", "roles/iam.serviceAccountTokenCreator", member)

    def session(self, email):
        """A token of a service account, by the owner, who was let to."""
        self.allow_tokens(email, f"user:owner@{self.project}.example.com")
        return self.ok("POST", self.credentials(email, "generateAccessToken"), SCOPE)["accessToken"]

    def credentials(self, email, method):
        return f"/iamcredentials/v1/projects/-/serviceAccounts/{email}:{method}"

    def test_a_person_may_do_what_is_listed(self):
        self.bucket("access-person")
        token = self.person("storage.buckets.get", "storage.buckets.update")
        self.ok("GET", "/storage/v1/b/access-person", token=token)
        self.ok("PATCH", "/storage/v1/b/access-person", {"labels": {"a": "b"}}, token=token)
        enforced = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
        secret = {"replication": {"automatic": {}}}
        for verb, path, body, permission in (
            ("PATCH", "/storage/v1/b/access-person", enforced, "storage.buckets.setIamPolicy"),
            ("DELETE", "/storage/v1/b/access-person", None, "storage.buckets.delete"),
            ("POST", "/secretmanager/v1/projects/{p}/secrets?secretId=s", secret, "secretmanager.secrets.create"),
        ):
            self.assertIn(permission, self.refused(403, verb, path, body, token=token)["message"])

    def test_an_account_has_what_bindings_give(self):
        email = self.account("binder")
        token, member = self.session(email), f"serviceAccount:{email}"
        self.bucket("access-bindings")
        self.assertEqual(self.upload("access-bindings", "a", token).status_code, 403)
        mine = 'resource.name.startsWith("projects/_/buckets/access-bindings/objects/mine/")'
        self.bind_bucket("access-bindings", "roles/storage.objectUser", member, {"title": "t", "expression": mine})
        self.assertEqual(self.upload("access-bindings", "mine/a", token).status_code, 200)
        self.assertEqual(self.upload("access-bindings", "theirs/a", token).status_code, 403)
        self.ok("GET", "/storage/v1/b/access-bindings/o/mine%2Fa", token=token)
        self.refused(403, "GET", "/storage/v1/b/access-bindings/o?prefix=mine/", token=token)
        listing = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("mine/")'
        self.bind_bucket("access-bindings", "roles/storage.objectViewer", member, {"title": "l", "expression": listing})
        self.ok("GET", "/storage/v1/b/access-bindings/o?prefix=mine/", token=token)
        self.refused(403, "GET", "/storage/v1/b/access-bindings/o", token=token)
        self.refused(403, "GET", "/storage/v1/b/access-bindings", token=token)

    def test_secrets_by_a_condition_on_the_project(self):
        email = self.account("reader")
        token = self.session(email)
        for secret in ("acme-key", "other-key"):
            self.ok("POST", f"/secretmanager/v1/projects/{{p}}/secrets?secretId={secret}", {"replication": {"automatic": {}}})
            payload = {"payload": {"data": base64.b64encode(b"v").decode()}}
            self.ok("POST", f"/secretmanager/v1/projects/{{p}}/secrets/{secret}:addVersion", payload)
        condition = {"title": "t", "expression": f'resource.name.startsWith("projects/{self.number}/secrets/acme-")'}
        project = "/cloudresourcemanager/v3/projects/{p}"
        self.bind(project, "roles/secretmanager.secretAccessor", f"serviceAccount:{email}", condition)
        access = "/secretmanager/v1/projects/{{p}}/secrets/{}/versions/latest:access"
        self.ok("GET", access.format("acme-key"), token=token)
        self.refused(403, "GET", access.format("other-key"), token=token)

    def test_roles_that_may_be_given_are_held_to_a_list(self):
        giver, other = self.account("account-giver"), self.account("account-given")
        token, project = self.session(giver), "/cloudresourcemanager/v3/projects/{p}"
        allowed = 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/logging.logWriter"])'
        condition = {"title": "t", "expression": allowed}
        self.bind(project, "roles/resourcemanager.projectIamAdmin", f"serviceAccount:{giver}", condition)
        options = {"options": {"requestedPolicyVersion": 3}}
        for role, status in (("roles/logging.logWriter", 200), ("roles/owner", 403)):
            policy = self.ok("POST", f"{project}:getIamPolicy", options)
            policy["bindings"].append({"role": role, "members": [f"serviceAccount:{other}"]})
            if status == 200:
                self.ok("POST", f"{project}:setIamPolicy", {"policy": policy}, token=token)
            else:
                self.refused(status, "POST", f"{project}:setIamPolicy", {"policy": policy}, token=token)

    def test_nobody_is_an_account_without_a_grant(self):
        email = self.account("somebody")
        refusal = self.refused(403, "POST", self.credentials(email, "generateAccessToken"), SCOPE)
        self.assertIn("iam.serviceAccounts.getAccessToken", refusal["message"])
        token, blob = self.session(email), {"payload": "aGk="}
        self.refused(403, "POST", self.credentials(email, "signBlob"), blob, token=token)
        self.allow_tokens(email, f"serviceAccount:{email}")
        self.assertTrue(self.ok("POST", self.credentials(email, "signBlob"), blob, token=token)["signedBlob"])

    def test_permissions_can_be_asked_for(self):
        email = self.account("tester")
        token = self.session(email)
        repositories = "/artifactregistry/v1/projects/{p}/locations/europe-west1/repositories"
        self.ok("POST", repositories + "?repositoryId=r", {"format": "DOCKER"})
        self.bind(repositories + "/r", "roles/artifactregistry.reader", f"serviceAccount:{email}", read="GET")
        asked = [f"artifactregistry.repositories.{verb}" for verb in ("downloadArtifacts", "uploadArtifacts")]
        held = self.ok("POST", repositories + "/r:testIamPermissions", {"permissions": asked}, token=token)
        self.assertEqual(held, {"permissions": asked[:1]})
