"""Connections: the owner of a service sees who asked, and lets in or keeps out; other ends are told by tests."""

from tests.standin import StandInTest


class Connections(StandInTest):
    def setUp(self):
        super().setUp()
        self.service = self.owner.publish()
        self.network = self.consumer.network()

    def ask(self):
        return self.consumer.ask(self.service["ServiceName"], *self.network)["VpcEndpointId"]

    def answer(self, verb, *identifiers):
        call = getattr(self.owner.ec2, f"{verb}_vpc_endpoint_connections")
        said = call(ServiceId=self.service["ServiceId"], VpcEndpointIds=list(identifiers))["Unsuccessful"]
        return [(one["ResourceId"], one["Error"]["Code"]) for one in said]

    def states(self, identifier):
        theirs = self.owner.connections(self.service["ServiceId"])[identifier]["VpcEndpointState"]
        return theirs, self.consumer.endpoint(identifier)["State"]

    def test_both_sides_see_the_same(self):
        identifier = self.ask()
        connection = self.owner.connections(self.service["ServiceId"])[identifier]
        self.assertEqual((connection["VpcEndpointOwner"], connection["VpcEndpointState"]), (self.consumer.id, "pendingAcceptance"))
        self.assertEqual(self.consumer.connections(self.service["ServiceId"]), {})
        for verb, settled in (("accept", "available"), ("reject", "rejected"), ("accept", "available")):
            self.assertEqual(self.answer(verb, identifier), [])
            if verb == "accept":
                self.assertEqual(self.consumer.endpoint(identifier)["State"], "pending")
            self.assertEqual(self.states(identifier), (settled, settled))
            self.assertEqual(self.answer(verb, identifier), [(identifier, "InvalidState")])

    def test_what_nobody_asked_is_said(self):
        other = self.owner.publish()
        elsewhere = self.consumer.ask(other["ServiceName"], *self.network)["VpcEndpointId"]
        asked = self.ask()
        for identifier in ("vpce-0123456789abcdef0", elsewhere):
            self.assertEqual(self.answer("accept", identifier, asked)[0], (identifier, "InvalidVpcEndpoint.NotFound"))
        self.assertEqual(self.consumer.endpoint(elsewhere)["State"], "pendingAcceptance")
        accept = self.consumer.ec2.accept_vpc_endpoint_connections
        self.refused("InvalidVpcEndpointServiceId.NotFound", accept, ServiceId=self.service["ServiceId"], VpcEndpointIds=[asked])

    def test_a_service_in_use_stays(self):
        identifier = self.ask()
        delete = self.owner.ec2.delete_vpc_endpoint_service_configurations
        ids = {"ServiceIds": [self.service["ServiceId"]]}
        self.assertEqual(delete(**ids)["Unsuccessful"][0]["Error"]["Code"], "ExistingVpcEndpointConnections")
        self.answer("reject", identifier)
        self.assertEqual(delete(**ids)["Unsuccessful"], [])

    def test_without_acceptance_nobody_waits(self):
        self.owner.ec2.modify_vpc_endpoint_service_configuration(ServiceId=self.service["ServiceId"], AcceptanceRequired=False)
        identifier = self.ask()
        self.assertEqual(self.consumer.endpoint(identifier)["State"], "pending")
        self.assertEqual(self.states(identifier), ("available", "available"))

    def test_other_ends(self):
        for state in ("expired", "failed", "partial", "rejected"):
            identifier = self.ask()
            self.consumer.control("POST", f"endpoints/{identifier}", {"state": state})
            self.assertEqual(self.states(identifier), (state, state))
            self.assertFalse(self.consumer.endpoint(identifier)["PrivateDnsEnabled"])
        identifier = self.ask()
        self.consumer.control("POST", f"endpoints/{identifier}", {"state": "withdrawn"})
        self.assertEqual(self.consumer.endpoint(identifier)["State"], "failed")
        describe = self.consumer.ec2.describe_vpc_endpoint_services
        self.refused("InvalidServiceName", describe, ServiceNames=[self.service["ServiceName"]])

    def test_an_offer_has_an_owner_who_is_not_there(self):
        made = self.consumer.control("POST", "offers", {"acceptance": True, "owner": "999988887777", "privateDnsName": "x.example.com"})
        found = self.consumer.ec2.describe_vpc_endpoint_services(ServiceNames=[made["serviceName"]])["ServiceDetails"][0]
        self.assertEqual((found["Owner"], found["PrivateDnsNameVerificationState"]), ("999988887777", "verified"))
        identifier = self.consumer.ask(made["serviceName"], *self.network)["VpcEndpointId"]
        self.consumer.control("POST", f"endpoints/{identifier}", {"state": "available"})
        self.assertEqual(self.consumer.endpoint(identifier, looks=2)["State"], "available")
        refused = self.owner.ec2.describe_vpc_endpoint_services
        self.refused("InvalidServiceName", refused, ServiceNames=[made["serviceName"]])
