"""A stand-in for the tests of one class, with a project for each test, and a plain client for it."""

import itertools
import threading
import unittest

import requests
from googleapiclient.discovery import build
from google.oauth2.credentials import Credentials
from server import Server

SERIAL = itertools.count(1)


class StandInTest(unittest.TestCase):
    """Starts the server, and asks it as our own clients do."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(("127.0.0.1", 0))
        cls.url = f"http://127.0.0.1:{cls.server.server_address[1]}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.project = f"project-{next(SERIAL)}"
        self.token = f"owner.{self.project}"
        self.number = self.control("GET", "")["number"]

    def control(self, verb, path, body=None):
        answer = requests.request(verb, f"{self.url}/_projects/{self.project}{path}", json=body, timeout=10)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def ask(self, verb, path, body=None, token=None, data=None):
        """A request; `{p}` in its path is the project."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = self.url + path.replace("{p}", self.project)
        return requests.request(verb, url, json=body, data=data, headers=headers, timeout=10)

    def ok(self, verb, path, body=None, token=None):
        answer = self.ask(verb, path, body, token)
        self.assertLess(answer.status_code, 300, answer.text)
        return answer.json() if answer.content else None

    def refused(self, code, verb, path, body=None, token=None):
        answer = self.ask(verb, path, body, token)
        self.assertEqual(answer.status_code, code, answer.text)
        return answer.json()["error"]

    def google(self, service, version):
        """Google's own client."""
        # The only one whose paths do not begin with the version.
        before = "/compute/v1/" if service == "compute" else ""
        options = {"api_endpoint": f"{self.url}/{service}{before}"}
        credentials = Credentials(self.token)
        client = build(service, version, credentials=credentials, client_options=options, static_discovery=True)
        self.addCleanup(client.close)
        return client

    def bucket(self, name, **fields):
        configuration = {"uniformBucketLevelAccess": {"enabled": True}}
        body = {"name": name, "location": "EU", "iamConfiguration": configuration, **fields}
        return self.ok("POST", "/storage/v1/b?project={p}", body)

    def upload(self, bucket, name, token=None):
        return self.ask("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}", token=token, data=b"x")

    def account(self, identifier):
        return self.ok("POST", "/iam/v1/projects/{p}/serviceAccounts", {"accountId": identifier})["email"]

    def bind(self, path, role, member, condition=None, read="POST"):
        """Adds a binding by reading and writing a policy; some services read by GET."""
        policy = self.ok(read, path + ":getIamPolicy")
        self.add(policy, role, member, condition)
        return self.ok("POST", path + ":setIamPolicy", {"policy": policy})

    def bind_bucket(self, bucket, role, member, condition=None):
        path = f"/storage/v1/b/{bucket}/iam"
        policy = self.ok("GET", path + "?optionsRequestedPolicyVersion=3")
        self.add(policy, role, member, condition)
        return self.ok("PUT", path, policy)

    @staticmethod
    def add(policy, role, member, condition):
        binding = {"role": role, "members": [member], **({"condition": condition} if condition else {})}
        policy["bindings"] = [*policy.get("bindings", []), binding]
        policy["version"] = 3

    def person(self, *permissions):
        return self.control("POST", "/people", {"name": f"person{next(SERIAL)}", "permissions": permissions})["token"]
