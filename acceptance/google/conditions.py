"""The part of the Common Expression Language that our conditions and attribute mappings are written in. This evaluator is
ours: it knows `&&`, `||`, `!`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, string literals and lists, members, indexes, `has`, and the functions
`timestamp`, `startsWith`, `endsWith`, `contains`, `getAttribute` and `hasOnly`. Anything else does not parse, so that a condition is
never taken for more."""

import datetime
import operator
import re

TOKEN = re.compile(r"""\s*(?:(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[!<>().,\[\]]))""")

COMPARISONS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")


def timestamp(text):
    """A moment, by what RFC 3339 calls it."""
    if not RFC_3339.fullmatch(text):
        raise ValueError(f"{text} is no timestamp")
    return datetime.datetime.fromisoformat(text)


FUNCTIONS = {
    "startsWith": lambda subject, start: subject.startswith(start),
    "endsWith": lambda subject, end: subject.endswith(end),
    "contains": lambda subject, part: part in subject,
    "getAttribute": lambda subject, name, default: subject.get(name, default),
    "hasOnly": lambda subject, only: set(subject) <= set(only),
}


class NotUnderstood(Exception):
    """An expression outside our subset."""


def parse(expression):
    """A function from variables to the value of the expression."""
    parser = Parser(expression)
    value = parser.either()
    parser.end()
    return value


def holds(expression, variables):
    """Whether a condition is true; one that cannot be evaluated is not, as in IAM."""
    try:
        return parse(expression)(variables) is True
    except (KeyError, TypeError, AttributeError, ValueError):
        return False


class Member:
    """The reading of a member, which `has` asks about in place of reading it."""

    def __init__(self, value, name):
        self.value, self.name = value, name

    def __call__(self, variables):
        return self.value(variables)[self.name]

    def is_there(self, variables):
        return self.name in self.value(variables)


class Parser:
    """Recursive descent, one method for each level of precedence."""

    def __init__(self, expression):
        self.tokens, at = [], 0
        while expression[at:].strip():
            found = TOKEN.match(expression, at)
            if not found:
                raise NotUnderstood(f"at {expression[at:]!r}")
            self.tokens.append((found.lastgroup, found.group(found.lastgroup)))
            at = found.end()

    def take(self, *signs):
        if self.tokens and self.tokens[0][0] == "sign" and self.tokens[0][1] in signs:
            return self.tokens.pop(0)[1]
        return None

    def expect(self, sign):
        if not self.take(sign):
            raise NotUnderstood(f"{sign} is missing")

    def end(self):
        if self.tokens:
            raise NotUnderstood(f"at {self.tokens[0][1]!r}")

    def either(self):
        values = [self.both()]
        while self.take("||"):
            values.append(self.both())
        return values[0] if len(values) == 1 else lambda v: any(value(v) for value in values)

    def both(self):
        values = [self.negated()]
        while self.take("&&"):
            values.append(self.negated())
        return values[0] if len(values) == 1 else lambda v: all(value(v) for value in values)

    def negated(self):
        if self.take("!"):
            value = self.negated()
            return lambda v: not value(v)
        return self.compared()

    def compared(self):
        left = self.member()
        if sign := self.take(*COMPARISONS):
            right = self.member()
            return lambda v: COMPARISONS[sign](left(v), right(v))
        if self.tokens and self.tokens[0] == ("name", "in"):
            self.tokens.pop(0)
            right = self.member()
            return lambda v: left(v) in right(v)
        return left

    def member(self):
        value = self.primary()
        while sign := self.take(".", "["):
            if sign == "[":
                value = self.indexed(value)
            else:
                value = self.called_or_read(value)
        return value

    def indexed(self, value):
        key = self.either()
        self.expect("]")
        return lambda v: value(v)[key(v)]

    def called_or_read(self, value):
        name = self.name()
        if not self.take("("):
            return Member(value, name)
        if name not in FUNCTIONS:
            raise NotUnderstood(f"function {name}")
        arguments = self.listed(")")
        return lambda v: FUNCTIONS[name](value(v), *(argument(v) for argument in arguments))

    def name(self):
        if not self.tokens or self.tokens[0][0] != "name":
            raise NotUnderstood("a name is missing")
        return self.tokens.pop(0)[1]

    def listed(self, end):
        values = []
        if self.take(end):
            return values
        values.append(self.either())
        while self.take(","):
            values.append(self.either())
        self.expect(end)
        return values

    def primary(self):
        if self.take("("):
            value = self.either()
            self.expect(")")
            return value
        if self.take("["):
            values = self.listed("]")
            return lambda v: [value(v) for value in values]
        if not self.tokens or self.tokens[0][0] == "sign":
            raise NotUnderstood("a value is missing")
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return lambda v: text[1:-1]
        if text in ("true", "false"):
            return lambda v: text == "true"
        if self.take("("):
            return self.global_call(text)
        return lambda v: v[text]

    def global_call(self, name):
        arguments = self.listed(")")
        if len(arguments) == 1 and name == "timestamp":
            return lambda v: timestamp(arguments[0](v))
        if len(arguments) == 1 and name == "has" and isinstance(arguments[0], Member):
            return arguments[0].is_there
        raise NotUnderstood(f"function {name} of {len(arguments)}")
