"""Private Service Connect of two projects, by Google's own client: what becomes of connections, and what is refused."""

from tests.standin import SERIAL, StandInTest

REGION = "europe-west1"
URL = "https://www.googleapis.com/compute/v1/"


class PrivateServiceConnect(StandInTest):
    """`self.project` publishes, another one consumes."""

    def setUp(self):
        super().setUp()
        self.other = f"consumer-{next(SERIAL)}"
        nat = {"name": "nat", "region": REGION, "range": "10.9.0.0/24", "purpose": "PRIVATE_SERVICE_CONNECT"}
        rule = {"name": "api", "region": REGION}
        self.control("POST", "/networks", {"name": "main", "subnetworks": [nat], "forwardingRules": [rule]})
        self.home = f"projects/{self.project}/regions/{REGION}"
        self.compute = self.google("compute", "v1")
        publisher, self.project, self.token = (self.project, self.token), self.other, f"owner.{self.other}"
        subnet = {"name": "endpoints", "region": REGION, "range": "10.7.0.0/29"}
        self.control("POST", "/networks", {"name": "main", "subnetworks": [subnet]})
        self.away = f"projects/{self.other}/regions/{REGION}"
        self.elsewhere = self.google("compute", "v1")
        self.project, self.token = publisher

    def tearDown(self):
        self.assertEqual(self.control("GET", "/violations"), [])

    def ended(self, compute, request):
        """The operation of a change, once it has ended."""
        operation = request.execute()
        project, place = operation["selfLink"].removeprefix(URL).split("/")[1:3]
        for _ in range(5):
            if operation["status"] == "DONE":
                return operation
            if place == "global":
                operation = compute.globalOperations().get(project=project, operation=operation["name"]).execute()
            else:
                operation = compute.regionOperations().get(project=project, region=REGION, operation=operation["name"]).execute()
        return self.fail(f"{operation} does not end")

    def publish(self, name="api", **fields):
        body = {
            "name": name, "targetService": f"{URL}{self.home}/forwardingRules/api", "connectionPreference": "ACCEPT_MANUAL",
            "natSubnets": [f"{self.home}/subnetworks/nat"], "reconcileConnections": True, **fields,
        }  # fmt: skip
        insert = self.compute.serviceAttachments().insert(project=self.project, region=REGION, body=body)
        self.ended(self.compute, insert)
        return self.attachment(name)

    def attachment(self, name="api"):
        return self.compute.serviceAttachments().get(project=self.project, region=REGION, serviceAttachment=name).execute()

    def change(self, **fields):
        body = {"fingerprint": self.attachment()["fingerprint"], **fields}
        patch = self.compute.serviceAttachments().patch(project=self.project, region=REGION, serviceAttachment="api", body=body)
        self.ended(self.compute, patch)

    def consume(self, name="acme", **fields):
        body = {"name": name, "addressType": "INTERNAL", "subnetwork": f"{self.away}/subnetworks/endpoints"}
        addresses = self.elsewhere.addresses()
        self.ended(self.elsewhere, addresses.insert(project=self.other, region=REGION, body=body))
        body = {
            "name": name, "target": f"{URL}{self.home}/serviceAttachments/api", "IPAddress": f"{self.away}/addresses/{name}",
            "network": f"projects/{self.other}/global/networks/main", "loadBalancingScheme": "", **fields,
        }  # fmt: skip
        rules = self.elsewhere.forwardingRules()
        self.ended(self.elsewhere, rules.insert(project=self.other, region=REGION, body=body))
        return self.rule(name)

    def rule(self, name="acme"):
        return self.elsewhere.forwardingRules().get(project=self.other, region=REGION, forwardingRule=name).execute()

    def statuses(self, name="acme"):
        """As both sides see a connection."""
        seen = {one["endpoint"].rsplit("/", 1)[-1]: one["status"] for one in self.attachment().get("connectedEndpoints", [])}
        return self.rule(name)["pscConnectionStatus"], seen[name]

    def test_a_connection_follows_the_lists(self):
        self.assertNotIn("connectedEndpoints", self.publish())
        rule = self.consume()
        self.assertEqual((rule["IPAddress"], rule["pscConnectionStatus"]), ("10.7.0.2", "PENDING"))
        endpoint = rule["selfLinkWithId"]
        self.assertEqual(endpoint, f"{URL}{self.away}/forwardingRules/{rule['id']}")
        self.assertEqual(self.attachment()["connectedEndpoints"][0]["endpointWithId"], endpoint)
        self.change(consumerAcceptLists=[{"endpointUrl": endpoint, "connectionLimit": 1}])
        self.assertEqual(self.statuses(), ("ACCEPTED", "ACCEPTED"))
        self.change(consumerAcceptLists=[], consumerRejectLists=[endpoint])
        self.assertEqual(self.statuses(), ("REJECTED", "REJECTED"))
        self.change(consumerRejectLists=[])
        self.assertEqual(self.statuses(), ("PENDING", "PENDING"))

    def test_without_reconciling_what_was_let_in_stays(self):
        lists = {"consumerAcceptLists": [{"projectIdOrNum": self.other, "connectionLimit": 1}]}
        self.publish(reconcileConnections=False, **lists)
        self.consume()
        self.consume("second")
        self.assertEqual((self.statuses()[0], self.statuses("second")[0]), ("ACCEPTED", "PENDING"), "one over the limit waits")
        self.change(consumerAcceptLists=[])
        self.assertEqual(self.statuses()[0], "ACCEPTED")

    def test_an_endpoint_of_a_service_that_is_gone_is_closed_for_good(self):
        self.publish()
        self.consume()
        delete = self.compute.serviceAttachments().delete(project=self.project, region=REGION, serviceAttachment="api")
        self.ended(self.compute, delete)
        self.assertNotIn("connectedEndpoints", self.publish(connectionPreference="ACCEPT_AUTOMATIC"))
        self.assertEqual(self.rule()["pscConnectionStatus"], "CLOSED")

    def test_a_request_is_carried_out_once(self):
        body = {"name": "a", "addressType": "INTERNAL", "subnetwork": f"{self.away}/subnetworks/endpoints"}
        asked = {"project": self.other, "region": REGION, "body": body, "requestId": "5a5b6ff7-3b47-4d50-8c2b-2f1e9b6f1a11"}
        first, second = (self.elsewhere.addresses().insert(**asked).execute() for _ in range(2))
        self.assertEqual(first["name"], second["name"])

    def test_a_bundle_has_an_address_of_no_region(self):
        network = f"projects/{self.other}/global/networks/main"
        purpose = "PRIVATE_SERVICE_CONNECT"
        body = {"name": "apis", "addressType": "INTERNAL", "purpose": purpose, "network": network, "address": "10.100.0.1"}
        self.ended(self.elsewhere, self.elsewhere.globalAddresses().insert(project=self.other, body=body))
        address = f"projects/{self.other}/global/addresses/apis"
        body = {"name": "apis", "target": "all-apis", "IPAddress": address, "network": network, "loadBalancingScheme": ""}
        rules = self.elsewhere.globalForwardingRules()
        self.ended(self.elsewhere, rules.insert(project=self.other, body=body))
        rule = rules.get(project=self.other, forwardingRule="apis").execute()
        self.assertEqual((rule["target"], rule["IPAddress"]), ("all-apis", "10.100.0.1"))
        labels = {"labelFingerprint": rule["labelFingerprint"], "labels": {"team": "ml"}}
        done = rules.setLabels(project=self.other, resource="apis", body=labels).execute()
        self.assertEqual(done["status"], "DONE")
        self.assertEqual(rules.get(project=self.other, forwardingRule="apis").execute()["labels"], {"team": "ml"})

    def test_what_is_refused(self):
        self.publish()
        self.consume()
        attachments = f"/compute/compute/v1/{self.home}/serviceAttachments"
        target = f"{self.home}/forwardingRules/api"
        body = {
            "name": "second", "targetService": target, "connectionPreference": "ACCEPT_MANUAL", "natSubnets": [f"{self.home}/subnetworks/nat"],
        }  # fmt: skip
        said = self.refused(400, "POST", attachments, body)
        self.assertEqual(said["errors"][0]["reason"], "resourceInUseByAnotherResource", "a NAT subnet is of one attachment")
        self.refused(404, "POST", attachments, {**body, "natSubnets": [f"{self.home}/subnetworks/none"]})
        self.refused(409, "POST", attachments, {**body, "name": "api"})
        both = [{"projectIdOrNum": "a", "connectionLimit": 1}, {"networkUrl": "projects/a/global/networks/b", "connectionLimit": 1}]
        fingerprint = self.attachment()["fingerprint"]
        self.refused(400, "PATCH", attachments + "/api", {"fingerprint": fingerprint, "consumerAcceptLists": both})
        by_name = f"{URL}{self.away}/forwardingRules/acme"
        lists = [{"consumerAcceptLists": [{"endpointUrl": by_name, "connectionLimit": 1}]}, {"consumerRejectLists": [by_name]}]
        for listed in lists:
            said = self.refused(400, "PATCH", attachments + "/api", {"fingerprint": fingerprint, **listed})
            self.assertIn("resource id", said["message"])
        said = self.refused(412, "PATCH", attachments + "/api", {"fingerprint": "c3RhbGU=", "description": "x"})
        self.assertEqual(said["errors"][0]["reason"], "conditionNotMet")
        said = self.refused(404, "GET", attachments + "/none")
        self.assertEqual((said["errors"][0]["reason"], "status" in said), ("notFound", False))
        rules = f"/compute/compute/v1/{self.away}/forwardingRules"
        token = f"owner.{self.other}"
        rule = {"name": "x", "target": f"{self.home}/serviceAttachments/none", "loadBalancingScheme": ""}
        self.refused(404, "POST", rules, rule, token=token)
        self.refused(400, "DELETE", f"/compute/compute/v1/{self.away}/addresses/acme", token=token)
        said = self.refused(403, "POST", attachments, body, token=self.person("compute.serviceAttachments.get"))
        self.assertIn("Required 'compute.serviceAttachments.create' permission for 'projects/", said["message"])

    def test_only_an_endpoint_may_be_without_a_scheme(self):
        body = {"name": "x", "addressType": "", "subnetwork": f"{self.away}/subnetworks/endpoints"}
        self.refused(400, "POST", f"/compute/compute/v1/{self.home}/addresses", body)
        self.assertIn("addressType", self.control("DELETE", "/violations")[0])
