"""Every request that a description does not allow is refused, is recorded, and changes nothing."""

import http.client
from unittest.mock import patch

import dispatch
from calls import Behaviour
from tests.standin import StandInTest

BUCKETS = "/storage/v1/b"
REPOSITORIES = "/artifactregistry/v1/projects/{p}/locations/europe-west1/repositories"
POOLS = "/iam/v1/projects/{p}/locations/global/workloadIdentityPools"
SECRETS = "/secretmanager/v1/projects/{p}/secrets"
ACCOUNTS = "/iam/v1/projects/{p}/serviceAccounts"
LOG_BUCKETS = "/logging/v2/projects/{p}/locations/global/buckets"
NAMED = {"name": "refused-bucket"}

BY_DESCRIPTION = {
    "unknown field": ("POST", BUCKETS + "?project={p}", {**NAMED, "uniformAccess": True}),
    "unknown nested field": ("POST", BUCKETS + "?project={p}", {**NAMED, "iamConfiguration": {"uniform": {"enabled": True}}}),
    "missing query parameter": ("POST", BUCKETS, NAMED),
    "unknown query parameter": ("POST", BUCKETS + "?project={p}&ifMetaGenerationMatch=1", NAMED),
    "missing required field": ("POST", BUCKETS + "?project={p}", {"location": "EU"}),
    "output-only field of storage": ("POST", BUCKETS + "?project={p}", {**NAMED, "metageneration": "1"}),
    "64-bit integer as a number": ("POST", BUCKETS + "?project={p}", {**NAMED, "softDeletePolicy": {"retentionDurationSeconds": 604800}}),
    "string for a boolean": ("POST", BUCKETS + "?project={p}", {**NAMED, "versioning": {"enabled": "true"}}),
    "output-only field": ("POST", POOLS + "?workloadIdentityPoolId=pool", {"state": "ACTIVE"}),
    "missing id": ("POST", POOLS, {"displayName": "x"}),
    "value of an enum": ("POST", REPOSITORIES + "?repositoryId=r", {"format": "OCI"}),
    "enum as a number": ("POST", REPOSITORIES + "?repositoryId=r", {"format": 1}),
    "version of another service": ("GET", "/logging/v1/projects/{p}/locations/global/buckets/b", None),
    "body where there is none": ("GET", SECRETS + "/s", {"x": 1}),
    "snake case": ("POST", POOLS + "?workloadIdentityPoolId=pool", {"display_name": "x"}),
    "null": ("POST", SECRETS + "?secretId=s", {"replication": {"automatic": {}}, "labels": None}),
    "list for an object": ("POST", SECRETS + "?secretId=s", {"replication": []}),
    "policy that is not wrapped": ("POST", ACCOUNTS + "/a@{p}.iam.gserviceaccount.com:setIamPolicy", {"bindings": []}),
    "field of a mask": ("PATCH", SECRETS + "/s?updateMask=tagz", {"labels": {}}),
    "output-only field of a mask": ("PATCH", SECRETS + "/s?updateMask=createTime", {"labels": {}}),
    "immutable field of a mask": ("PATCH", SECRETS + "/s?updateMask=secretType", {"labels": {}}),
    "query parameter twice": ("POST", BUCKETS + "?project={p}&project={p}", NAMED),
    "method that is nobody's": ("POST", "/iam/v1/projects/{p}/accounts", {}),
}

BY_THE_SERVICE = {
    "name of a bucket": ("POST", BUCKETS + "?project={p}", {"name": "Upper"}),
    "soft deletion of a day": ("POST", BUCKETS + "?project={p}", {**NAMED, "softDeletePolicy": {"retentionDurationSeconds": "86400"}}),
    "key of a label": ("POST", BUCKETS + "?project={p}", {**NAMED, "labels": {"a:b": "c"}}),
    "name of an account": ("POST", ACCOUNTS, {"accountId": "five5"}),
    "name of a pool": ("POST", POOLS + "?workloadIdentityPoolId=gcp-x", {}),
    "long display name": ("POST", POOLS + "?workloadIdentityPoolId=pool", {"displayName": "x" * 33}),
    "name of a repository": ("POST", REPOSITORIES + "?repositoryId=R", {"format": "DOCKER"}),
    "secret without replication": ("POST", SECRETS + "?secretId=s", {}),
    "lifecycle rule without a condition": ("POST", BUCKETS + "?project={p}", {**NAMED, "lifecycle": {"rule": [{"action": {"type": "Delete"}}]}}),
    "uploads aborted by state": (
        "POST", BUCKETS + "?project={p}",
        {**NAMED, "lifecycle": {"rule": [{"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"isLive": True}}]}},
    ),
    "cleanup that deletes the newest": (
        "POST", REPOSITORIES + "?repositoryId=r",
        {"format": "DOCKER", "cleanupPolicies": {"a": {"id": "a", "action": "DELETE", "mostRecentVersions": {"keepCount": 1}}}},
    ),
    "retention of logs": ("POST", LOG_BUCKETS + "?bucketId=b", {"retentionDays": 0}),
}


class Refusals(StandInTest):
    """By a description, which is a client's violation, and by the rules of a service, which is not."""

    def test_what_a_description_does_not_allow_is_a_violation(self):
        for mistake, (verb, path, body) in BY_DESCRIPTION.items():
            with self.subTest(mistake):
                self.refused(400, verb, path, body)
                self.assertEqual(len(self.control("DELETE", "/violations")), 1)
        self.nothing_was_made()

    def test_what_a_service_does_not_allow_is_refused(self):
        for mistake, (verb, path, body) in BY_THE_SERVICE.items():
            with self.subTest(mistake):
                self.refused(400, verb, path, body)
        self.assertEqual(self.control("GET", "/violations"), [])
        self.nothing_was_made()

    def test_an_organisation_wants_keys(self):
        hosts = [f"{name}.googleapis.com" for name in ("storage", "artifactregistry", "secretmanager", "logging")]
        self.control("PUT", "/settings", {"keysRequired": hosts})
        for code, path, body in (
            (412, BUCKETS + "?project={p}", NAMED),
            (400, REPOSITORIES + "?repositoryId=r", {"format": "DOCKER"}),
            (400, SECRETS + "?secretId=s", {"replication": {"automatic": {}}}),
            (400, LOG_BUCKETS + "?bucketId=b", {}),
        ):
            self.assertIn("gcp.restrictNonCmekServices", self.refused(code, "POST", path, body)["message"])
        self.nothing_was_made()
        self.ok("POST", BUCKETS + "?project={p}", {"name": f"{self.project}-key", "encryption": {"defaultKmsKeyName": "k"}})
        self.ok("POST", LOG_BUCKETS + "?bucketId=b", {"cmekSettings": {"kmsKeyName": "k"}})
        taken = self.refused(400, "PATCH", LOG_BUCKETS + "/b?updateMask=cmekSettings", {"cmekSettings": {}})
        self.assertIn("cannot be disabled", taken["message"])
        self.ok("PATCH", LOG_BUCKETS + "/b?updateMask=cmekSettings", {"cmekSettings": {"kmsKeyName": "another"}})

    def test_a_change_of_an_older_version_is_refused(self):
        made = self.ok("POST", SECRETS + "?secretId=s", {"replication": {"automatic": {}}})
        stale = {"labels": {"a": "b"}, "etag": made["etag"]}
        changed = self.ok("PATCH", SECRETS + "/s?updateMask=labels", stale)
        self.assertIn("etag", self.refused(400, "PATCH", SECRETS + "/s?updateMask=labels", stale)["message"])
        self.ok("POST", SECRETS + "/s:addVersion", {"payload": {"data": "aGk="}})
        late = {"labels": {}, "etag": changed["etag"]}
        self.refused(400, "PATCH", SECRETS + "/s?updateMask=labels", late)

    def test_a_mask_changes_what_it_names(self):
        self.ok("POST", POOLS + "?workloadIdentityPoolId=masked", {})
        mapping = {"google.subject": "assertion.sub"}
        oidc = {"issuerUri": "https://issuer.example", "allowedAudiences": ["a"], "jwksJson": "{}"}
        providers = POOLS + "/masked/providers"
        made = {"attributeMapping": mapping, "oidc": oidc}
        self.ok("POST", providers + "?workloadIdentityPoolProviderId=oidc", made)
        self.ok("PATCH", providers + "/oidc?updateMask=oidc.allowedAudiences", {"oidc": {"allowedAudiences": ["b"]}})
        found = self.ok("GET", providers + "/oidc")
        self.assertEqual(found["oidc"], {**oidc, "allowedAudiences": ["b"]})
        many = {"oidc": {"allowedAudiences": [str(number) for number in range(11)]}}
        self.refused(400, "PATCH", providers + "/oidc?updateMask=oidc.allowedAudiences", many)

    def test_a_secret_stays_where_it_is_with_another_key(self):
        replica = {"location": "europe-west1", "customerManagedEncryption": {"kmsKeyName": "k"}}
        body = {"replication": {"userManaged": {"replicas": [replica]}}}
        self.ok("POST", SECRETS + "?secretId=s", body)
        replica["customerManagedEncryption"] = {"kmsKeyName": "another"}
        self.ok("PATCH", SECRETS + "/s?updateMask=replication", body)
        replica["location"] = "us-east1"
        self.refused(400, "PATCH", SECRETS + "/s?updateMask=replication", body)

    def test_a_request_says_how_long_it_is(self):
        connection = http.client.HTTPConnection(*self.server.server_address)
        self.addCleanup(connection.close)
        connection.putrequest("POST", BUCKETS.replace("{p}", self.project))
        connection.putheader("Authorization", f"Bearer {self.token}")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 411)

    def test_what_breaks_in_the_stand_in_is_told(self):
        with patch.object(dispatch.validation, "check_request", side_effect=ZeroDivisionError):
            self.refused(500, "GET", BUCKETS + "?project={p}")
        self.assertIn("ZeroDivisionError", self.control("DELETE", "/violations")[0])

    def nothing_was_made(self):
        for (_, name), resource in self.server.store.resources.items():
            self.assertNotEqual(resource.project.id, self.project, name)

    def test_callers_without_a_token_of_ours_are_refused(self):
        self.refused(401, "GET", BUCKETS + "?project={p}", token="ya29.somebody")
        self.refused(403, "GET", BUCKETS + "?project={p}", token="owner.another-project")

    def test_what_nobody_answers_for_is_a_violation(self):
        self.refused(501, "GET", "/container/v1/projects/{p}/locations/-/clusters")
        self.assertEqual(len(self.control("DELETE", "/violations")), 1)

    def test_a_wrong_answer_of_ours_is_a_violation(self):
        wrong = {"storage.buckets.list": Behaviour(lambda call: {"items": [{"metageneration": 1}]}, target=lambda call: None)}
        with patch.dict(dispatch.METHODS, wrong):
            self.refused(500, "GET", BUCKETS + "?project={p}")
        self.assertIn("metageneration is int", self.control("DELETE", "/violations")[0])
