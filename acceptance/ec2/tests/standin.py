"""The server, and two accounts for each test: one that owns services, one that consumes them."""

import itertools
import logging
import threading
import unittest

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from server import server

REGION = "eu-west-1"
SERIAL = itertools.count(200_000_000_001)
CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class StandInTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        cls.server = server(0)
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.owner, self.consumer = Account(self.url), Account(self.url)

    def refused(self, code, call, **parameters):
        """What an error says that must have this code."""
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        said = caught.exception.response["Error"]
        self.assertEqual(said["Code"], code, said["Message"])
        return said["Message"]


class Account:
    def __init__(self, url, number=None, principal=None):
        self.url = url
        self.id = number or str(next(SERIAL))
        self.principal = principal
        self.ec2, self.elb = self.client("ec2"), self.client("elbv2")

    def client(self, service):
        made = boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=self.id, aws_secret_access_key="test", config=CONFIG
        )
        if self.principal:
            made.meta.events.register("before-sign.*.*", self.sign)
        return made

    def sign(self, request, **_):
        request.headers["x-dataplane-principal"] = self.principal

    def control(self, verb, path, body=None):
        answer = requests.request(verb, f"{self.url}/_ec2/{self.id}/{path}", json=body or {}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def network(self, zones=("a", "b"), names=True):
        """A VPC with a subnet in each of the zones."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        if names:
            self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnets = [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
            for number, zone in enumerate(zones)
        ]
        return vpc, subnets

    def balancer(self, subnets, name="one"):
        made = self.elb.create_load_balancer(Name=name, Type="network", Scheme="internal", Subnets=subnets)
        return made["LoadBalancers"][0]["LoadBalancerArn"]

    def publish(self, principals=("*",), zones=("a", "b"), **parameters):
        """A service that is available."""
        _, subnets = self.network(zones)
        made = self.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[self.balancer(subnets, f"lb-{len(subnets)}-{next(SERIAL)}"[:32])], **parameters
        )["ServiceConfiguration"]
        if principals:
            self.ec2.modify_vpc_endpoint_service_permissions(ServiceId=made["ServiceId"], AddAllowedPrincipals=list(principals))
        return self.service(made["ServiceId"], looks=2)

    def service(self, identifier, looks=1):
        for _ in range(looks):
            found = self.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[identifier])["ServiceConfigurations"]
        return found[0]

    def ask(self, service_name, vpc, subnets, **parameters):
        made = self.ec2.create_vpc_endpoint(
            **{"VpcEndpointType": "Interface", "VpcId": vpc, "ServiceName": service_name, "SubnetIds": subnets, "PrivateDnsEnabled": False}
            | parameters
        )
        return made["VpcEndpoint"]

    def endpoint(self, identifier, looks=1):
        for _ in range(looks):
            found = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
        return found[0]

    def connections(self, service):
        filters = [{"Name": "service-id", "Values": [service]}]
        found = self.ec2.describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
        return {connection["VpcEndpointId"]: connection for connection in found}
