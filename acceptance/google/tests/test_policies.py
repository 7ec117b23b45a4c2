"""Policies: concurrent writers, members, roles and conditions, as Google has them."""

from tests.standin import StandInTest

USER = "roles/iam.workloadIdentityUser"


class Policies(StandInTest):
    """Of service accounts and buckets."""

    def path(self, email):
        return f"/iam/v1/projects/{{p}}/serviceAccounts/{email}"

    def test_a_stale_policy_is_refused(self):
        path = self.path(self.account("stale-one"))
        policy = self.ok("POST", path + ":getIamPolicy")
        self.assertEqual(policy, {"etag": "ACAB"})
        policy["bindings"] = [{"role": USER, "members": ["user:a@example.com"]}]
        self.ok("POST", path + ":setIamPolicy", {"policy": policy})
        self.assertEqual(self.refused(409, "POST", path + ":setIamPolicy", {"policy": policy})["status"], "ABORTED")

    def test_a_policy_without_an_etag_is_a_violation(self):
        path = self.path(self.account("no-etag"))
        self.ok("POST", path + ":setIamPolicy", {"policy": {"bindings": []}})
        self.assertIn("without an etag", self.control("DELETE", "/violations")[0])

    def test_members_must_exist(self):
        path = self.path(self.account("members"))
        for member, why in {
            f"serviceAccount:nobody@{self.project}.iam.gserviceaccount.com": "does not exist",
            f"serviceAccount:{self.project}.svc.id.goog[ns/sa]": "Identity Pool does not exist",
            "nobody@example.com": "Invalid member",
            f"deleted:serviceAccount:a@{self.project}.iam.gserviceaccount.com?uid=1": "Invalid member",
        }.items():
            policy = {"etag": "ACAB", "bindings": [{"role": USER, "members": [member]}]}
            self.assertIn(why, self.refused(400, "POST", path + ":setIamPolicy", {"policy": policy})["message"])

    def test_a_new_account_is_not_known_at_once(self):
        self.control("PUT", "/settings", {"accountDelay": 2})
        path, member = self.path(self.account("late-one")), f"serviceAccount:{self.account('late-two')}"
        policy = {"etag": "ACAB", "bindings": [{"role": USER, "members": [member]}]}
        for code in (400, 400, 200):
            self.assertEqual(self.ask("POST", path + ":setIamPolicy", {"policy": policy}).status_code, code)

    def test_a_deleted_account_is_shown_so_and_may_be_sent_back(self):
        path, email = self.path(self.account("keeper")), self.account("goner1")
        number = self.ok("GET", self.path(email))["uniqueId"]
        self.bind(path, USER, f"serviceAccount:{email}")
        self.ok("DELETE", self.path(email))
        policy = self.ok("POST", path + ":getIamPolicy")
        self.assertEqual(policy["bindings"][0]["members"], [f"deleted:serviceAccount:{email}?uid={number}"])
        self.ok("POST", path + ":setIamPolicy", {"policy": policy})
        self.ok("POST", f"/iam/v1/projects/-/serviceAccounts/{number}:undelete", {})
        self.assertEqual(self.ok("POST", path + ":getIamPolicy")["bindings"][0]["members"], [f"serviceAccount:{email}"])

    def test_roles_and_conditions_must_be_understood(self):
        path = self.path(self.account("roles-1"))
        for binding in (
            {"role": "roles/storage.objectUser"},
            {"role": "roles/iam.nothing"},
            {"role": USER, "condition": {"title": "t", "expression": "resource.matches()"}},
            {"role": USER, "condition": {"expression": "true"}},
        ):
            bindings = [{**binding, "members": ["user:a@example.com"]}]
            self.refused(400, "POST", path + ":setIamPolicy", {"policy": {"etag": "ACAB", "version": 3, "bindings": bindings}})

    def test_a_policy_is_only_so_large(self):
        path, number = self.path(self.account("crowded")), iter(range(10_000))
        people = [f"user:{next(number)}@example.com" for _ in range(1499)]
        group = "group:all@example.com"

        def policy(*bindings):
            found = self.ok("POST", path + ":getIamPolicy")
            return {"policy": {"etag": found["etag"], "version": 3, "bindings": bindings}}

        full = {"role": USER, "members": [*people, group]}
        other = "roles/iam.serviceAccountUser"
        self.ok("POST", path + ":setIamPolicy", policy(full, {"role": other, "members": [group]}))
        refusal = self.refused(400, "POST", path + ":setIamPolicy", policy(full, {"role": other, "members": people[:1]}))
        self.assertIn("(1,501) is larger than the maximum allowed size 1,500", refusal["message"])
        groups = {"role": USER, "members": [f"group:{next(number)}@example.com" for _ in range(251)]}
        self.refused(400, "POST", path + ":setIamPolicy", policy(groups))

    def test_conditions_have_their_limits(self):
        path = self.path(self.account("conditioned"))

        def written(role, expressions):
            found = self.ok("POST", path + ":getIamPolicy")
            conditions = [{"title": "t", "expression": expression} for expression in expressions]
            bindings = [{"role": role, "members": ["user:a@example.com"], "condition": condition} for condition in conditions]
            policy = {"etag": found["etag"], "version": 3, "bindings": bindings}
            return self.ask("POST", path + ":setIamPolicy", {"policy": policy}).status_code

        names = [f'resource.name == "a || {number}"' for number in range(21)]
        self.assertEqual(written(USER, names[:20]), 200)
        self.assertEqual(written(USER, names), 400)
        self.assertEqual(written(USER, [" || ".join(names[:13])]), 200)
        self.assertEqual(written(USER, [" || ".join(names[:14])]), 400)

    def test_some_roles_are_not_for_every_policy(self):
        project = "/cloudresourcemanager/v3/projects/{p}"
        condition = {"title": "t", "expression": "true"}
        for binding in ({"role": "roles/storage.legacyBucketReader"}, {"role": "roles/owner", "condition": condition}):
            policy = self.ok("POST", project + ":getIamPolicy")
            policy["bindings"].append({**binding, "members": ["user:a@example.com"]})
            self.refused(400, "POST", project + ":setIamPolicy", {"policy": {**policy, "version": 3}})

    def test_a_conditional_policy_is_read_and_written_at_version_3(self):
        self.bucket("policies-bucket")
        condition = {"title": "t", "expression": "resource.name.startsWith('a')"}
        self.bind_bucket("policies-bucket", "roles/storage.objectUser", "user:a@example.com", condition)
        self.refused(400, "GET", "/storage/v1/b/policies-bucket/iam")
        policy = self.ok("GET", "/storage/v1/b/policies-bucket/iam?optionsRequestedPolicyVersion=3")
        self.assertEqual(policy.pop("version"), 3)
        self.refused(400, "PUT", "/storage/v1/b/policies-bucket/iam", policy)

    def test_a_bucket_and_its_policy_change_together(self):
        self.bucket("policies-together", iamConfiguration={"publicAccessPrevention": "enforced"})
        path = "/storage/v1/b/policies-together"
        policy = self.ok("GET", path + "/iam")
        self.assertEqual(policy["etag"], "CAE=")
        public = {**policy, "bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
        self.refused(412, "PUT", path + "/iam", public)
        self.ok("PATCH", path, {"labels": {"a": "b"}})
        self.refused(412, "PUT", path + "/iam", policy)
