"""Our part of the Common Expression Language: what it means, and that it takes nothing else."""

import unittest

import conditions

VARIABLES = {
    "resource": {"name": "projects/1/secrets/acme-key/versions/1", "service": "secretmanager.googleapis.com"},
    "api": {"prefix": "a/"},
    "assertion": {"sub": "system:serviceaccount:ns:sa", "kubernetes.io": {"namespace": "ns"}},
}
TRUE = [
    'resource.name.startsWith("projects/1/secrets/acme-")',
    "resource.service == 'secretmanager.googleapis.com' && !(resource.name == 'x')",
    'resource.name.endsWith("/2") || resource.name.contains("acme")',
    'api.getAttribute("prefix", "").startsWith("a/")',
    'api.getAttribute("other", "b") in ["a", "b"]',
    'api.getAttribute("roles", []).hasOnly(["a"]) && ["a", "b"].hasOnly(["b", "a", "c"])',
    'assertion["kubernetes.io"]["namespace"] == "ns"',
    '(false || true) && assertion.sub != ""',
]
FALSE = ['["a", "b"].hasOnly(["a"])', 'resource.name.startsWith("acme")', 'resource.type == "x"', 'request.time == "x"', "resource.name", "!true"]
NOT_UNDERSTOOD = ["", "a ==", "resource.name.matches('x')", "1 == 1", '"open', "a b", "(true", "true)"]


class Conditions(unittest.TestCase):
    """Data in, data out."""

    def test_meaning(self):
        for expected, expressions in ((True, TRUE), (False, FALSE)):
            for expression in expressions:
                with self.subTest(expression):
                    self.assertIs(conditions.holds(expression, VARIABLES), expected)

    def test_anything_else_does_not_parse(self):
        for expression in NOT_UNDERSTOOD:
            with self.subTest(expression), self.assertRaises(conditions.NotUnderstood):
                conditions.parse(expression)
