"""What EC2's description refuses, who may do what, and errors in EC2's form."""

import requests
from tests.standin import Account, StandInTest


class Requests(StandInTest):
    def test_what_the_description_does_not_have_is_a_violation(self):
        vpc, subnets = self.consumer.network()
        ask = {"service_name": "x", "vpc": vpc, "subnets": subnets, "VpcEndpointType": "Tunnels"}
        message = self.refused("UnknownParameter", self.consumer.ask, **ask)
        self.assertIn("CreateVpcEndpoint: VpcEndpointType is none of", message)
        for form, problem in (
            ("Action=CreateVpcEndpoint&Version=2016-11-15&VpcId=v&Colour=red", "CreateVpcEndpoint: Colour is not a parameter"),
            ("Action=CreateVpcEndpoint&Version=2016-11-15&VpcId=v&SubnetId.2=x", "SubnetId is not a list that counts from 1"),
            ("Action=CreateVpcEndpoint&Version=2016-11-15", "CreateVpcEndpoint: VpcId is missing"),
            ("Action=CreateVpcEndpoint&Version=2014-10-01&VpcId=v", "the version is not 2016-11-15"),
            ("Action=CreateVpcEndpoint&Version=2016-11-15&VpcId.1=v", "VpcId is a string and has no parts"),
            ("Action=CreateVpcEndpoint&Version=2016-11-15&VpcId=v&PrivateDnsEnabled=maybe", "PrivateDnsEnabled is no boolean: maybe"),
            ("Action=MakeCoffee&Version=2016-11-15", "MakeCoffee is no operation of EC2"),
        ):
            answer = self.raw(form)
            self.assertEqual(answer.status_code, 400)
            self.assertIn(problem, answer.text)
        found = self.consumer.control("DELETE", "violations")
        self.assertEqual(len(found), 8, found)
        self.assertEqual(self.consumer.control("GET", "violations"), [])
        self.assertEqual(self.owner.control("GET", "violations"), [])

    def raw(self, form):
        credential = f"AWS4-HMAC-SHA256 Credential={self.consumer.id}/20261122/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Authorization": credential, "Content-Type": "application/x-www-form-urlencoded"}
        return requests.post(self.consumer.url, data=form, headers=headers, timeout=10)

    def test_errors_have_ec2s_form(self):
        text = self.raw("Action=DescribeVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=vpce-0").text
        self.assertIn("<Errors><Error><Code>InvalidVpcEndpointId.NotFound</Code>", "".join(text.split("\n")).replace("  ", ""))


class Rights(StandInTest):
    """Documents are evaluated against the resources and tags of a call."""

    def person(self, *statements):
        principal = f"arn:aws:sts::{self.consumer.id}:assumed-role/runner/session"
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | one for one in statements]}
        role = f"arn:aws:iam::{self.consumer.id}:role/path/runner"
        self.consumer.control("POST", "principals", {"arn": role, "documents": [document]})
        return Account(self.consumer.url, self.consumer.id, principal)

    def test_nobody_may_anything_without_a_document(self):
        stranger = Account(self.consumer.url, self.consumer.id, f"arn:aws:iam::{self.consumer.id}:user/stranger")
        message = self.refused("UnauthorizedOperation", stranger.ec2.describe_vpc_endpoints)
        self.assertIn("user/stranger is not authorized to perform: ec2:DescribeVpcEndpoints on resource: *", message)

    def test_each_resource_has_to_be_allowed(self):
        service = self.consumer.control("POST", "offers", {"acceptance": True})["serviceName"]
        vpc, subnets = self.consumer.network()
        arns = [f"arn:aws:ec2:eu-west-1:{self.consumer.id}:{kind}/*" for kind in ("vpc", "vpc-endpoint", "subnet")]
        for number in range(3):
            person = self.person({"Action": "ec2:CreateVpcEndpoint", "Resource": arns[:number]} if number else {"Action": "ec2:Nothing"})
            message = self.refused("UnauthorizedOperation", person.ask, service_name=service, vpc=vpc, subnets=subnets)
            self.assertIn("ec2:CreateVpcEndpoint on resource: arn:", message)
        person = self.person({"Action": "ec2:CreateVpcEndpoint", "Resource": arns})
        person.ask(service, vpc, subnets)

    def test_tags_are_asked_for(self):
        service = self.consumer.control("POST", "offers", {"acceptance": True})["serviceName"]
        vpc, subnets = self.consumer.network()
        owned = {"StringEquals": {"aws:RequestTag/dataplane:owner": "me"}}
        create = {"Action": ["ec2:CreateVpcEndpoint", "ec2:CreateTags"], "Condition": owned}
        others = {
            "Action": "ec2:CreateVpcEndpoint",
            "Resource": [f"arn:aws:ec2:eu-west-1:{self.consumer.id}:{kind}/*" for kind in ("vpc", "subnet")],
        }
        delete = {"Action": "ec2:DeleteVpcEndpoints", "Condition": {"StringEquals": {"aws:ResourceTag/dataplane:owner": "me"}}}
        person = self.person(create, others, delete)

        def ask(owner):
            specification = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "dataplane:owner", "Value": owner}]}]
            return person.ask(service, vpc, subnets, TagSpecifications=specification)["VpcEndpointId"]

        self.refused("UnauthorizedOperation", ask, owner="you")
        mine = ask("me")
        foreign = self.consumer.ask(service, vpc, subnets)["VpcEndpointId"]
        self.refused("UnauthorizedOperation", person.ec2.delete_vpc_endpoints, VpcEndpointIds=[foreign, mine])
        self.assertEqual(person.ec2.delete_vpc_endpoints(VpcEndpointIds=[mine])["Unsuccessful"], [])
        seen = self.consumer.control("GET", "authorized")
        self.assertLessEqual({"ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints"}, set(seen))

    def test_private_names_are_asked_for_at_route_53(self):
        vpc, subnets = self.consumer.network()
        arns = [f"arn:aws:ec2:eu-west-1:{self.consumer.id}:{kind}/*" for kind in ("vpc", "vpc-endpoint", "subnet")]
        rights = [{"Action": ["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"], "Resource": arns}]
        ask = {"service_name": "com.amazonaws.eu-west-1.sts", "vpc": vpc, "subnets": subnets}
        for right in (
            {"Action": "route53:AssociateVPCWithHostedZone", "Resource": "arn:aws:route53:::hostedzone/*"},
            {"Action": "ec2:DescribeVpcs"},
        ):
            person = self.person(*rights)
            message = self.refused("UnauthorizedOperation", person.ask, **ask, PrivateDnsEnabled=True)
            self.assertIn(f"perform: {right['Action']} on resource", message)
            rights.append(right)
        made = self.person(rights[0]).ask(**ask)["VpcEndpointId"]
        self.endpoint_is_there(made)
        switch = {"VpcEndpointId": made, "PrivateDnsEnabled": True}
        self.refused("UnauthorizedOperation", self.person(rights[0]).ec2.modify_vpc_endpoint, **switch)
        self.person(*rights).ec2.modify_vpc_endpoint(**switch)

    def endpoint_is_there(self, identifier):
        self.assertEqual(self.consumer.endpoint(identifier, looks=2)["State"], "available")
