"""Faults come when they are due, and only to the project that asked for them."""

import threading

import requests
from tests.standin import StandInTest

THROTTLED = {"kind": "error", "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Slow down.", "headers": {"Retry-After": "1"}}
BUCKETS = "/storage/v1/b?project={p}"


class Faults(StandInTest):
    """Of each kind."""

    def fault(self, method, start, end, answer):
        self.control("POST", "/faults", [{"method": method, "from": start, "until": end, "answer": answer}])

    def test_an_error_for_some_calls(self):
        self.fault("storage.buckets", 1, 2, THROTTLED)
        answers = [self.ask("GET", BUCKETS) for _ in range(3)]
        self.assertEqual([answer.status_code for answer in answers], [200, 429, 200])
        self.assertEqual(answers[1].headers["Retry-After"], "1")
        self.assertEqual([call["status"] for call in self.control("DELETE", "/calls")], [200, 429, 200])

    def test_an_error_after_the_deed(self):
        self.fault("storage.buckets.insert", 0, 1, {**THROTTLED, "code": 503, "after": True})
        self.refused(503, "POST", BUCKETS, {"name": "faults-after"})
        self.refused(409, "POST", BUCKETS, {"name": "faults-after"})

    def test_a_lost_answer(self):
        self.fault("storage.buckets.insert", 0, 1, {"kind": "lost"})
        with self.assertRaises(requests.ConnectionError):
            self.ask("POST", BUCKETS, {"name": "faults-lost"})
        self.ok("GET", "/storage/v1/b/faults-lost")

    def test_a_held_call_waits_and_is_forgotten_when_the_caller_is_gone(self):
        self.fault("storage.buckets.insert", 0, 2, {"kind": "held", "gate": self.project})
        gate = f"{self.url}/_gates/{self.project}"
        patient = threading.Thread(target=self.ask, args=("POST", BUCKETS, {"name": "faults-patient"}))
        patient.start()
        headers = {"Authorization": f"Bearer {self.token}"}
        with self.assertRaises(requests.Timeout):
            url = self.url + BUCKETS.replace("{p}", self.project)
            requests.post(url, json={"name": "faults-gone"}, headers=headers, timeout=0.5)
        self.assertEqual(requests.get(gate, timeout=10).json(), {"waiting": 2})
        self.refused(404, "GET", "/storage/v1/b/faults-patient")
        requests.post(gate, timeout=10)
        patient.join()
        self.ok("GET", "/storage/v1/b/faults-patient")
        self.refused(404, "GET", "/storage/v1/b/faults-gone")
