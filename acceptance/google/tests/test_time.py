"""Conditions on the time of a request, and the clock that tokens and conditions are judged by."""

import datetime

import conditions
from tests.standin import StandInTest

MORNING = datetime.datetime(2026, 3, 1, 8, tzinfo=datetime.timezone.utc)
WINDOW = 'request.time >= timestamp("2026-03-01T08:00:00Z") && request.time < timestamp("2026-03-01T20:00:00Z")'
INCIDENT = "has(assertion.incident) && assertion.incident == 'INC-1'"
NOT_UNDERSTOOD = ["timestamp()", 'timestamp("a", "b")', "duration('1h')", "has('x')", "has(x)", "now()", "1 < 2", "a <"]

CLAIMS = {
    "right": {"incident": "INC-1"}, "no incident": {}, "another incident": {"incident": "INC-2"},
    "too late": {"incident": "INC-1", "exp": 1}, "another audience": {"incident": "INC-1", "aud": "https://elsewhere.example"},
}  # fmt: skip


def at(hours, expression=WINDOW):
    return conditions.holds(expression, {"request": {"time": MORNING + datetime.timedelta(hours=hours)}})


class Windows(StandInTest):
    """What holds when, and for whom who has a token already."""

    def test_a_window_has_a_beginning_and_an_end(self):
        seen = {hours: at(hours) for hours in (-1, 0, 11.9, 12, 24)}
        self.assertEqual(seen, {-1: False, 0: True, 11.9: True, 12: False, 24: False})

    def test_zones_are_understood(self):
        self.assertTrue(at(0, 'request.time == timestamp("2026-03-01T09:00:00+01:00")'))
        self.assertTrue(at(0, 'request.time <= timestamp("2026-03-01T08:00:00.5Z") && timestamp("2026-03-01T07:00:00Z") < request.time'))
        self.assertFalse(at(0, 'request.time > timestamp("2026-03-01T08:00:00Z")'))

    def test_what_is_no_time_holds_never(self):
        for text in ("", "today", "2026-03-01", "2026-13-01T08:00:00Z"):
            with self.subTest(text):
                self.assertFalse(at(0, f'request.time != timestamp("{text}")'))
        self.assertFalse(at(0, 'request.time > "2026"'))

    def test_a_claim_that_may_be_missing(self):
        for claims, expected in (({"incident": "INC-1"}, True), ({"incident": "INC-2"}, False), ({}, False)):
            with self.subTest(claims):
                self.assertIs(conditions.holds(INCIDENT, {"assertion": claims}), expected)
        # The parent has to be there, as in the language itself.
        self.assertFalse(conditions.holds("!has(other.incident)", {"assertion": {}}))

    def test_anything_else_does_not_parse(self):
        for expression in NOT_UNDERSTOOD:
            with self.subTest(expression), self.assertRaises(conditions.NotUnderstood):
                conditions.parse(expression)

    def test_a_token_of_the_tests_own_issuer_is_exchanged_while_it_is_good(self):
        pool = "/iam/v1/projects/{p}/locations/global/workloadIdentityPools"
        self.ok("POST", pool + "?workloadIdentityPoolId=window", {})
        body = {
            "oidc": {"issuerUri": "https://token.example"}, "attributeMapping": {"google.subject": "assertion.sub"},
            "attributeCondition": INCIDENT,
        }  # fmt: skip
        self.ok("POST", pool + "/window/providers?workloadIdentityPoolProviderId=vendor", body)
        audience = f"//iam.googleapis.com/projects/{self.number}/locations/global/workloadIdentityPools/window/providers/vendor"
        claims = {"sub": "on-call", "aud": audience}
        codes = {name: self.exchange(audience, {**claims, **more}) for name, more in CLAIMS.items()}
        self.assertEqual(codes, {"right": 200, "no incident": 400, "another incident": 400, "too late": 400, "another audience": 400})

    def exchange(self, audience, claims):
        token = self.ask("POST", "/_tokens", {"issuer": "https://token.example", "claims": claims}).json()["token"]
        asked = {
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": audience, "subjectToken": token,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        }  # fmt: skip
        return self.ask("POST", "/sts/v1/token", asked).status_code

    def test_a_grant_ends_while_the_token_runs(self):
        self.control("POST", "/roles", {"name": "looking", "permissions": ["storage.buckets.get"]})
        self.addCleanup(self.clock, datetime.datetime.now(datetime.timezone.utc))
        self.clock(MORNING)
        token = self.control("POST", "/people", {"name": "on-call", "permissions": []})["token"]
        self.bucket(f"{self.project}-window")
        member = f"user:on-call@{self.project}.example.com"
        role = f"projects/{self.project}/roles/looking"
        self.bind("/cloudresourcemanager/v3/projects/{p}", role, member, {"title": "window", "expression": WINDOW})
        path = f"/storage/v1/b/{self.project}-window"
        for hours, code in ((-1, 403), (1, 200), (13, 403), (48, 401)):
            with self.subTest(hours):
                self.clock(MORNING + datetime.timedelta(hours=hours))
                self.assertEqual(self.ask("GET", path, token=token).status_code, code)

    def clock(self, now):
        answer = self.ask("POST", "/_clock", {"now": now.strftime("%Y-%m-%dT%H:%M:%SZ")})
        self.assertEqual(answer.status_code, 200, answer.text)
