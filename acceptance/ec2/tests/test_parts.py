"""What we replace exists in the pinned moto, and what we add does not."""

import subprocess
import sys
import unittest
from pathlib import Path

CHECK = """
from moto.ec2.responses import EC2Response
import server
ours = {name for part in server.PARTS for name in server.operations(part)}
print(" ".join(sorted(name for name in ours if not hasattr(EC2Response, name))))
"""


class Parts(unittest.TestCase):
    def test_moto_lacks_these_and_has_the_others(self):
        # In a process of its own, where nobody has put anything on yet.
        output = subprocess.run([sys.executable, "-c", CHECK], cwd=Path(__file__).parent.parent, capture_output=True, text=True)
        self.assertEqual(
            output.stdout.split(),
            [
                "accept_vpc_endpoint_connections",
                "describe_vpc_endpoint_connections",
                "reject_vpc_endpoint_connections",
                "start_vpc_endpoint_service_private_dns_verification",
            ],
            output.stderr,
        )
