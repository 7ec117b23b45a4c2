"""Endpoint services: their states, principals, names, tags and ends."""

from tests.standin import StandInTest


class ServiceLife(StandInTest):
    def test_states_come_with_looks(self):
        self.owner.control("PUT", "settings", {"servicePolls": 2})
        _, subnets = self.owner.network()
        made = self.owner.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[self.owner.balancer(subnets)],
            AcceptanceRequired=True,
            TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "Name", "Value": "api"}]}],
        )["ServiceConfiguration"]
        self.assertEqual(made["ServiceState"], "Pending")
        states = [self.owner.service(made["ServiceId"])["ServiceState"] for _ in range(3)]
        self.assertEqual(states, ["Pending", "Pending", "Available"])
        found = self.owner.service(made["ServiceId"])
        named = {one["ZoneName"]: one["ZoneId"] for one in self.owner.ec2.describe_availability_zones()["AvailabilityZones"]}
        self.assertEqual(found["AvailabilityZones"], ["eu-west-1a", "eu-west-1b"])
        self.assertEqual(found["AvailabilityZoneIds"], sorted(named[zone] for zone in found["AvailabilityZones"]))
        self.assertEqual(found["Tags"], [{"Key": "Name", "Value": "api"}])
        self.assertNotIn("PrivateDnsNameConfiguration", found)
        self.assertEqual(found["SupportedIpAddressTypes"], ["ipv4"])

        self.assertEqual(self.delete(made["ServiceId"]), [])
        states = [self.owner.service(made["ServiceId"])["ServiceState"] for _ in range(2)]
        self.assertEqual(states, ["Deleting", "Deleting"])
        describe = self.owner.ec2.describe_vpc_endpoint_service_configurations
        self.refused("InvalidVpcEndpointServiceId.NotFound", describe, ServiceIds=[made["ServiceId"]])
        self.assertEqual(self.delete(made["ServiceId"]), ["InvalidVpcEndpointService.NotFound"])

    def delete(self, identifier):
        answer = self.owner.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[identifier])
        return [failed["Error"]["Code"] for failed in answer["Unsuccessful"]]

    def test_one_may_come_to_nothing(self):
        self.owner.control("PUT", "settings", {"failing": ["service"]})
        self.assertEqual(self.owner.publish()["ServiceState"], "Failed")

    def test_a_token_makes_one(self):
        _, subnets = self.owner.network()
        arn = self.owner.balancer(subnets)
        create = self.owner.ec2.create_vpc_endpoint_service_configuration
        made = [create(NetworkLoadBalancerArns=[arn], ClientToken="t")["ServiceConfiguration"]["ServiceId"] for _ in range(2)]
        self.assertEqual(made[0], made[1])
        self.refused("IdempotentParameterMismatch", create, NetworkLoadBalancerArns=[arn], ClientToken="t", AcceptanceRequired=False)

    def test_filters_and_pages(self):
        names = {"a", "b", "c"}
        for name in names:
            specification = [{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "Name", "Value": name}]}]
            self.owner.publish(TagSpecifications=specification)
        pages = self.owner.ec2.get_paginator("describe_vpc_endpoint_service_configurations")

        def found(**parameters):
            services = pages.paginate(**parameters).search("ServiceConfigurations[]")
            return {tag["Value"] for service in services for tag in service["Tags"]}

        self.assertEqual(found(Filters=[{"Name": "tag:Name", "Values": ["b"]}]), {"b"})
        self.assertEqual(found(Filters=[{"Name": "tag:Name", "Values": ["b"]}, {"Name": "service-state", "Values": ["Failed"]}]), set())
        self.owner.control("PUT", "settings", {"page": 1})
        self.assertEqual(found(), names)
        describe = self.owner.ec2.describe_vpc_endpoint_service_configurations
        self.refused("InvalidFilter", describe, Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_principals(self):
        service = self.owner.publish(principals=())["ServiceId"]
        modify, describe = (
            self.owner.ec2.modify_vpc_endpoint_service_permissions,
            self.owner.ec2.describe_vpc_endpoint_service_permissions,
        )
        wanted = [f"arn:aws:iam::{self.consumer.id}:root", "arn:aws:iam::111122223333:role/path/provision"]
        modify(ServiceId=service, AddAllowedPrincipals=wanted)
        modify(ServiceId=service, AddAllowedPrincipals=wanted[:1])
        found = describe(ServiceId=service)["AllowedPrincipals"]
        self.assertEqual([(one["Principal"], one["PrincipalType"]) for one in found], list(zip(wanted, ["Account", "Role"])))
        modify(ServiceId=service, RemoveAllowedPrincipals=wanted[:1])
        self.assertEqual(len(describe(ServiceId=service)["AllowedPrincipals"]), 1)
        self.refused("InvalidPrincipal", modify, ServiceId=service, AddAllowedPrincipals=["acme"])

    def test_balancers_of_a_network_have_their_own_kind(self):
        _, subnets = self.owner.network()
        tags = [{"Key": "a", "Value": "b"}]
        made = self.owner.elb.create_load_balancer(Name="lb", Type="network", Subnets=subnets, Tags=tags)["LoadBalancers"][0]
        self.assertIn(":loadbalancer/net/lb/", made["LoadBalancerArn"])
        told = self.owner.elb.describe_tags(ResourceArns=[made["LoadBalancerArn"]])["TagDescriptions"]
        self.assertEqual(told, [{"ResourceArn": made["LoadBalancerArn"], "Tags": tags}])
        self.owner.elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
        self.assertEqual(self.owner.elb.describe_load_balancers()["LoadBalancers"], [])

    def test_balancers_change_while_nobody_is_connected(self):
        service = self.owner.publish()
        _, subnets = self.owner.network(zones=("c",))
        before, after = service["NetworkLoadBalancerArns"], [self.owner.balancer(subnets, "other")]
        modify = self.owner.ec2.modify_vpc_endpoint_service_configuration
        self.refused("InvalidParameter", modify, ServiceId=service["ServiceId"], RemoveNetworkLoadBalancerArns=before)
        modify(ServiceId=service["ServiceId"], AddNetworkLoadBalancerArns=after, RemoveNetworkLoadBalancerArns=before)
        found = self.owner.service(service["ServiceId"])
        self.assertEqual((found["NetworkLoadBalancerArns"], len(found["AvailabilityZones"])), (after, 1))
        self.consumer.ask(service["ServiceName"], *self.consumer.network(zones=("c",)))
        change = {"AddNetworkLoadBalancerArns": before, "RemoveNetworkLoadBalancerArns": after}
        self.refused("ExistingVpcEndpointConnections", modify, ServiceId=service["ServiceId"], **change)
        self.refused("InvalidParameter", modify, ServiceId=service["ServiceId"], AddNetworkLoadBalancerArns=[f"{after[0]}0"])

    def test_names_are_proved_once_somebody_asks(self):
        service = self.owner.publish(PrivateDnsName="api.example.com")["ServiceId"]

        def state():
            return self.owner.service(service)["PrivateDnsNameConfiguration"]["State"]

        self.assertEqual([state() for _ in range(3)], ["pendingVerification"] * 3)
        verify = self.owner.ec2.start_vpc_endpoint_service_private_dns_verification
        verify(ServiceId=service)
        self.assertEqual([state() for _ in range(2)], ["pendingVerification", "verified"])
        modify = self.owner.ec2.modify_vpc_endpoint_service_configuration
        modify(ServiceId=service, PrivateDnsName="api.example.org")
        self.assertEqual(state(), "pendingVerification")
        self.owner.control("PUT", "settings", {"failing": ["verification"], "verificationPolls": 0})
        verify(ServiceId=service)
        self.assertEqual(state(), "failed")
        modify(ServiceId=service, RemovePrivateDnsName=True)
        self.assertNotIn("PrivateDnsName", self.owner.service(service))
        self.refused("InvalidParameter", verify, ServiceId=service)
