"""Endpoints: who may ask, where they can be, their states, names, changes and ends."""

import json

from tests.standin import REGION, Account, StandInTest

STS = f"com.amazonaws.{REGION}.sts"
S3 = f"com.amazonaws.{REGION}.s3"


class EndpointLife(StandInTest):
    def test_states_come_with_looks(self):
        self.consumer.control("PUT", "settings", {"endpointPolls": 2, "lingers": 2})
        vpc, subnets = self.consumer.network()
        made = self.consumer.ask(STS, vpc, subnets, PrivateDnsEnabled=True)
        self.assertEqual(made["State"], "pending")
        states = [self.consumer.endpoint(made["VpcEndpointId"])["State"] for _ in range(3)]
        self.assertEqual(states, ["pending", "pending", "available"])
        found = self.consumer.endpoint(made["VpcEndpointId"])
        self.assertEqual((found["SubnetIds"], found["PrivateDnsEnabled"]), (subnets, True))
        self.assertEqual(len(found["Groups"]), 1)
        self.assertEqual(found["DnsEntries"][-1]["DnsName"], f"sts.{REGION}.amazonaws.com")
        interfaces = self.consumer.ec2.describe_network_interfaces(NetworkInterfaceIds=found["NetworkInterfaceIds"])
        addresses = [one["PrivateIpAddress"].rsplit(".", 1)[0] for one in interfaces["NetworkInterfaces"]]
        self.assertEqual(sorted(addresses), ["10.0.0", "10.0.1"])

        delete = self.consumer.ec2.delete_vpc_endpoints
        self.assertEqual(delete(VpcEndpointIds=[made["VpcEndpointId"]])["Unsuccessful"], [])
        states = [self.consumer.endpoint(made["VpcEndpointId"])["State"] for _ in range(3)]
        self.assertEqual(states, ["deleting", "deleting", "deleted"])
        gone = delete(VpcEndpointIds=[made["VpcEndpointId"]])["Unsuccessful"][0]
        self.assertEqual(gone["Error"]["Code"], "InvalidVpcEndpoint.NotFound")
        describe = self.consumer.ec2.describe_vpc_endpoints
        self.assertEqual(describe(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]["State"], "deleted")
        self.refused("InvalidVpcEndpointId.NotFound", describe, VpcEndpointIds=[made["VpcEndpointId"]])
        self.assertEqual(self.consumer.ec2.describe_network_interfaces()["NetworkInterfaces"], [])

    def test_one_may_come_to_nothing(self):
        self.consumer.control("PUT", "settings", {"failing": ["endpoint"]})
        made = self.consumer.ask(STS, *self.consumer.network())
        self.assertEqual(self.consumer.endpoint(made["VpcEndpointId"], looks=2)["State"], "failed")

    def test_a_token_makes_one(self):
        vpc, subnets = self.consumer.network()
        made = [self.consumer.ask(STS, vpc, subnets, ClientToken="t")["VpcEndpointId"] for _ in range(2)]
        self.assertEqual(made[0], made[1])
        self.assertEqual(len(self.consumer.ec2.describe_vpc_endpoints()["VpcEndpoints"]), 1)
        self.refused("IdempotentParameterMismatch", self.consumer.ask, service_name=STS, vpc=vpc, subnets=subnets[:1], ClientToken="t")

    def test_a_service_is_there_for_whom_it_allows(self):
        role = f"arn:aws:iam::{self.consumer.id}:role/vendor/provision"
        service = self.owner.publish(principals=[role])
        session = Account(self.owner.url, self.consumer.id, f"arn:aws:sts::{self.consumer.id}:assumed-role/provision/x")
        other = Account(self.owner.url, self.consumer.id, f"arn:aws:sts::{self.consumer.id}:assumed-role/other/x")
        for somebody in (session, other):
            somebody.control("POST", "principals", {"arn": somebody.principal, "documents": [EVERYTHING]})
        vpc, subnets = self.consumer.network()
        ask = {"service_name": service["ServiceName"], "vpc": vpc, "subnets": subnets}
        for somebody in (other, self.consumer):
            message = self.refused("InvalidServiceName", somebody.ask, **ask)
            self.assertEqual(message, f"The Vpc Endpoint Service '{service['ServiceName']}' does not exist")
            describe = somebody.ec2.describe_vpc_endpoint_services
            self.refused("InvalidServiceName", describe, ServiceNames=[service["ServiceName"]])
        self.assertEqual(session.ask(**ask)["State"], "pendingAcceptance")
        found = session.ec2.describe_vpc_endpoint_services(ServiceNames=[service["ServiceName"]])["ServiceDetails"]
        self.assertEqual([(one["Owner"], one["AcceptanceRequired"]) for one in found], [(self.owner.id, True)])
        self.assertEqual(len(found[0]["AvailabilityZoneIds"]), 2)
        # What is connected stays so, and nothing new is.
        self.owner.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], RemoveAllowedPrincipals=[role])
        self.assertEqual(list(self.owner.connections(service["ServiceId"]).values())[0]["VpcEndpointState"], "pendingAcceptance")
        self.refused("InvalidServiceName", session.ask, **ask)

    def test_zones(self):
        service = self.owner.publish(zones=("a", "b"))["ServiceName"]
        vpc, [a, b, c, second] = self.consumer.network(zones=("a", "b", "c", "a"))
        message = self.refused("InvalidParameter", self.consumer.ask, service_name=service, vpc=vpc, subnets=[a, c])
        self.assertIn(f"does not support the availability zone of the subnet: {c}", message)
        self.refused("DuplicateSubnetsInSameZone", self.consumer.ask, service_name=service, vpc=vpc, subnets=[a, second])
        elsewhere, _ = self.consumer.network()
        self.refused("InvalidParameter", self.consumer.ask, service_name=service, vpc=elsewhere, subnets=[a])
        self.assertEqual(self.consumer.ec2.describe_vpc_endpoints()["VpcEndpoints"], [])
        self.assertEqual(self.consumer.ec2.describe_network_interfaces()["NetworkInterfaces"], [])
        self.consumer.ask(service, vpc, [a, b])

    def test_private_names_need_the_networks_support(self):
        vpc, subnets = self.consumer.network(names=False)
        ask = {"service_name": STS, "vpc": vpc, "subnets": subnets, "PrivateDnsEnabled": True}
        message = self.refused("InvalidParameter", self.consumer.ask, **ask)
        self.assertIn("enableDnsHostnames", message)
        self.consumer.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        self.consumer.ask(**ask)
        self.assertIn("conflicting DNS domain", self.refused("InvalidParameter", self.consumer.ask, **ask))

    def test_names_of_what_has_gateways_are_a_gateways_unless_told(self):
        vpc, subnets = self.consumer.network()
        ask = {"service_name": S3, "vpc": vpc, "subnets": subnets, "PrivateDnsEnabled": True}
        self.assertIn("must have a Gateway endpoint", self.refused("InvalidParameter", self.consumer.ask, **ask))
        here = {"PrivateDnsOnlyForInboundResolverEndpoint": False}
        identifier = self.consumer.ask(**ask, DnsOptions=here)["VpcEndpointId"]
        self.assertTrue(self.consumer.endpoint(identifier, looks=2)["PrivateDnsEnabled"])
        modify = self.consumer.ec2.modify_vpc_endpoint
        modify(VpcEndpointId=identifier, PrivateDnsEnabled=False)
        self.consumer.endpoint(identifier, looks=2)
        self.refused("InvalidParameter", modify, VpcEndpointId=identifier, PrivateDnsEnabled=True)
        self.consumer.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3, VpcEndpointType="Gateway")
        modify(VpcEndpointId=identifier, PrivateDnsEnabled=True)

    def test_private_names_need_proof_and_acceptance(self):
        service = self.owner.publish(PrivateDnsName="api.example.com")
        vpc, subnets = self.consumer.network()
        ask = {"service_name": service["ServiceName"], "vpc": vpc, "subnets": subnets}
        self.assertIn("not verified", self.refused("InvalidParameter", self.consumer.ask, **ask, PrivateDnsEnabled=True))
        self.owner.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service["ServiceId"])
        self.owner.service(service["ServiceId"], looks=2)
        self.assertIn("after the endpoint connection is accepted", self.refused("InvalidParameter", self.consumer.ask, **ask, PrivateDnsEnabled=True))
        identifier = self.consumer.ask(**ask)["VpcEndpointId"]
        modify = self.consumer.ec2.modify_vpc_endpoint
        self.refused("InvalidParameter", modify, VpcEndpointId=identifier, PrivateDnsEnabled=True)
        self.owner.ec2.accept_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[identifier])
        self.refused("IncorrectState", modify, VpcEndpointId=identifier, PrivateDnsEnabled=True)
        self.assertFalse(self.consumer.endpoint(identifier, looks=2)["PrivateDnsEnabled"])
        modify(VpcEndpointId=identifier, PrivateDnsEnabled=True)
        self.assertEqual(self.consumer.endpoint(identifier)["State"], "pending")
        found = self.consumer.endpoint(identifier)
        self.assertEqual((found["State"], found["DnsEntries"][-1]["DnsName"]), ("available", "api.example.com"))
        nameless = self.owner.publish(AcceptanceRequired=False)["ServiceName"]
        ask = {"service_name": nameless, "vpc": vpc, "subnets": subnets, "PrivateDnsEnabled": True}
        self.assertIn("does not provide a private DNS name", self.refused("InvalidParameter", self.consumer.ask, **ask))

    def test_changes(self):
        vpc, [a, b, c] = self.consumer.network(zones=("a", "b", "c"))
        identifier = self.consumer.ask(STS, vpc, [a])["VpcEndpointId"]
        group = self.consumer.ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
        modify = self.consumer.ec2.modify_vpc_endpoint
        self.refused("IncorrectState", modify, VpcEndpointId=identifier, AddSubnetIds=[b])
        first = self.consumer.endpoint(identifier, looks=2)
        modify(VpcEndpointId=identifier, AddSubnetIds=[b, c], RemoveSubnetIds=[a])
        self.refused("IncorrectState", modify, VpcEndpointId=identifier, AddSubnetIds=[a])
        found = self.consumer.endpoint(identifier, looks=2)
        self.assertEqual((sorted(found["SubnetIds"]), len(found["NetworkInterfaceIds"])), (sorted([b, c]), 2))
        self.assertNotIn(first["NetworkInterfaceIds"][0], found["NetworkInterfaceIds"])
        modify(VpcEndpointId=identifier, AddSecurityGroupIds=[group], RemoveSecurityGroupIds=[found["Groups"][0]["GroupId"]])
        policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        modify(VpcEndpointId=identifier, PolicyDocument=policy)
        found = self.consumer.endpoint(identifier)
        self.assertEqual((found["State"], found["PolicyDocument"]), ("available", policy))
        self.assertEqual([one["GroupId"] for one in found["Groups"]], [group])
        self.refused("InvalidParameter", modify, VpcEndpointId=identifier, RemoveSecurityGroupIds=[group])
        self.refused("InvalidGroup.NotFound", modify, VpcEndpointId=identifier, AddSecurityGroupIds=["sg-0123456789abcdef0"])
        modify(VpcEndpointId=identifier, ResetPolicy=True)
        self.assertEqual(json.loads(self.consumer.endpoint(identifier)["PolicyDocument"]), first and json.loads(first["PolicyDocument"]))

    def test_subnets_of_one_zone_are_exchanged(self):
        vpc, [a, b, other] = self.consumer.network(zones=("a", "b", "a"))
        identifier = self.consumer.ask(STS, vpc, [a, b])["VpcEndpointId"]
        self.consumer.endpoint(identifier, looks=2)
        modify = self.consumer.ec2.modify_vpc_endpoint
        self.refused("DuplicateSubnetsInSameZone", modify, VpcEndpointId=identifier, AddSubnetIds=[other])
        self.refused("DuplicateSubnetsInSameZone", modify, VpcEndpointId=identifier, AddSubnetIds=[other], RemoveSubnetIds=[b])
        self.refused("InvalidParameter", modify, VpcEndpointId=identifier, RemoveSubnetIds=[other])
        self.assertEqual(sorted(self.consumer.endpoint(identifier)["SubnetIds"]), sorted([a, b]))
        modify(VpcEndpointId=identifier, AddSubnetIds=[other], RemoveSubnetIds=[a])
        found = self.consumer.endpoint(identifier, looks=2)
        self.assertEqual((sorted(found["SubnetIds"]), len(found["NetworkInterfaceIds"])), (sorted([b, other]), 2))

    def test_gateways(self):
        vpc, _ = self.consumer.network()
        tables = [self.consumer.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
        create = self.consumer.ec2.create_vpc_endpoint
        self.refused("InvalidParameter", create, VpcId=vpc, ServiceName=STS, VpcEndpointType="Gateway")
        made = create(VpcId=vpc, ServiceName=S3, VpcEndpointType="Gateway", RouteTableIds=tables[:1])["VpcEndpoint"]
        self.assertEqual((made["State"], made["RouteTableIds"]), ("available", tables[:1]))

        def routed():
            found = self.consumer.ec2.describe_route_tables(RouteTableIds=tables)["RouteTables"]
            return {table["RouteTableId"] for table in found for route in table["Routes"] if route.get("GatewayId") == made["VpcEndpointId"]}

        self.assertEqual(routed(), {tables[0]})
        self.consumer.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], AddRouteTableIds=tables[1:], RemoveRouteTableIds=tables[:1])
        self.assertEqual(routed(), {tables[1]})
        self.consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
        self.assertEqual(routed(), set())

    def test_filters(self):
        vpc, subnets = self.consumer.network()
        specification = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "dataplane:owner", "Value": "me"}]}]
        marked = self.consumer.ask(STS, vpc, subnets, TagSpecifications=specification)["VpcEndpointId"]
        self.consumer.ask(STS, vpc, subnets)

        def found(*filters):
            filters = [{"Name": name, "Values": values} for name, values in filters]
            return [one["VpcEndpointId"] for one in self.consumer.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]]

        self.assertEqual(found(("tag:dataplane:owner", ["me"])), [marked])
        self.assertEqual(found(("tag:dataplane:owner", ["me"]), ("vpc-endpoint-state", ["rejected"])), [])
        self.assertEqual(len(found(("vpc-id", [vpc]), ("service-name", [STS]))), 2)


EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
