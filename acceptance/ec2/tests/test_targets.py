"""The function of modules/aws/private-api: targets that follow the interfaces of an EKS cluster's API."""

import sys
import threading
import unittest.mock
from pathlib import Path

from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from tests.standin import REGION, StandInTest

sys.path.insert(0, str(Path(__file__).parents[3] / "modules/aws/private-api/targets"))
import targets  # noqa: E402


class Targets(StandInTest):
    def setUp(self):
        super().setUp()
        self.vpc, (self.subnet, self.other) = self.owner.network()
        made = self.owner.elb.create_target_group(Name="api", Protocol="TCP", Port=443, VpcId=self.vpc, TargetType="ip")
        self.group = made["TargetGroups"][0]["TargetGroupArn"]

    def interface(self, subnet=None, cluster="prod", status="in-use"):
        """An interface as EKS makes them; its address."""
        made = self.owner.ec2.create_network_interface(SubnetId=subnet or self.subnet, Description=f"Amazon EKS {cluster}")
        found = made["NetworkInterface"]
        # moto attaches interfaces to instances only.
        ec2_backends[self.owner.id][REGION].enis[found["NetworkInterfaceId"]].status = status
        return found["NetworkInterfaceId"], found["PrivateIpAddress"]

    def follow(self):
        return targets.follow(self.owner.ec2, self.owner.elb, "prod", self.vpc, self.group)

    def registered(self):
        return targets.registered(self.owner.elb, self.group)

    def test_the_first_run_registers_what_is_there(self):
        addresses = {self.interface()[1], self.interface(self.other)[1]}
        self.assertEqual(self.follow(), {"added": sorted(addresses), "removed": []})
        self.assertEqual(self.registered(), addresses)
        self.assertEqual(self.follow(), {"added": [], "removed": []})

    def test_an_interface_that_moved_is_followed(self):
        gone, _ = self.interface()
        _, stays = self.interface(self.other)
        self.follow()
        self.owner.ec2.delete_network_interface(NetworkInterfaceId=gone)
        _, new = self.interface()
        self.follow()
        self.assertEqual(self.registered(), {stays, new})

    def test_what_is_not_of_this_cluster_is_no_target(self):
        _, address = self.interface()
        self.interface(cluster="prod-2")
        self.interface(status="available")
        self.follow()
        self.assertEqual(self.registered(), {address})

    def test_with_all_gone_nothing_changes(self):
        interface, address = self.interface()
        self.follow()
        self.owner.ec2.delete_network_interface(NetworkInterfaceId=interface)
        with self.assertLogs(level="ERROR") as logged:
            self.assertEqual(self.follow(), {"added": [], "removed": []})
        self.assertIn("no interface of prod is in use", logged.output[0])
        self.assertEqual(self.registered(), {address})

    def test_targets_come_before_others_leave(self):
        gone, _ = self.interface()
        self.follow()
        self.owner.ec2.delete_network_interface(NetworkInterfaceId=gone)
        self.interface(self.other)
        calls = []
        self.owner.elb.meta.events.register("before-call.elastic-load-balancing-v2.*", lambda model, **_: calls.append(model.name))
        self.follow()
        self.assertEqual(calls, ["DescribeTargetHealth", "RegisterTargets", "DeregisterTargets"])

    def test_what_fails_changes_nothing_and_is_done_by_the_next_run(self):
        _, address = self.interface()
        throttled = ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "RegisterTargets")
        with unittest.mock.patch.object(self.owner.elb, "register_targets", side_effect=throttled), self.assertRaises(ClientError):
            self.follow()
        self.assertEqual(self.registered(), set())
        self.follow()
        self.assertEqual(self.registered(), {address})

    def test_two_at_once_agree(self):
        addresses = {self.interface()[1], self.interface(self.other)[1]}
        runs = [threading.Thread(target=self.follow) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        self.assertEqual(self.registered(), addresses)
