"""What moto keeps per account, seen from all of them: who has which service and endpoint, and how many looks things take."""

import contextvars
import dataclasses
import threading

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends

LOCK = threading.RLock()

# The ARN of whoever calls; the server sets it for each request.
CALLER = contextvars.ContextVar("caller", default="")


@dataclasses.dataclass
class Settings:
    """How fast things settle in an account: in looks at them, never in time."""

    servicePolls: int = 1
    endpointPolls: int = 1
    verificationPolls: int = 1
    # How often a deleted endpoint is still listed.
    lingers: int = 1
    # Length of an answer's page where the caller names none.
    page: int = 100
    # What comes to nothing: "service", "endpoint", "verification".
    failing: list = dataclasses.field(default_factory=list)


_settings = {}


def settings(account):
    return _settings.setdefault(account, Settings())


class Staged:
    """Something whose state changes by itself after a number of looks."""

    state = ""
    stages = ()

    def settle(self, now, *stages):
        """`now`, then each of `stages`: (looks until then, state)."""
        self.state, self.stages = now, list(stages)

    def look(self):
        while self.stages:
            looks, state = self.stages[0]
            if looks > 0:
                self.stages[0] = (looks - 1, state)
                return
            self.state = state
            self.stages.pop(0)


def backends(region):
    """All accounts' backends of a region that exist."""
    for account in list(ec2_backends.values()):
        backend = dict.get(account, region)
        if backend is not None:
            yield backend


def endpoints_of(service_name, region):
    for backend in backends(region):
        for endpoint in list(backend.vpc_end_points.values()):
            if endpoint.service_name == service_name:
                yield endpoint


def endpoint(identifier, region):
    """An endpoint of whichever account."""
    for backend in backends(region):
        if identifier in backend.vpc_end_points:
            return backend.vpc_end_points[identifier]
    return None


def services(region):
    for backend in backends(region):
        yield from list(backend.configurations.values())


def live(endpoint_):
    return endpoint_.state in ("pendingAcceptance", "pending", "available", "partial")


def error(code, message):
    return EC2ClientError(code, message)


def unsuccessful(identifier, code, message):
    return {"ResourceId": identifier, "Error": {"Code": code, "Message": message}}


class Tokens:
    """Creating calls that came before: the same token with the same request is the same object."""

    def __init__(self):
        self.made = {}

    def object(self, response, operation, make):
        request = {name: value for name, value in response.params.items() if name != "ClientToken"}
        token = response._get_param("ClientToken")
        key = (response.current_account, response.region, operation, token)
        if token and key in self.made:
            before, found = self.made[key]
            if before != request:
                raise error("IdempotentParameterMismatch", "The client token was used with other parameters before")
            return found
        found = make()
        if token:
            self.made[key] = (request, found)
        return found


TOKENS = Tokens()


def page(response, items):
    """The page of `items` that a request asks for, and the token of the next."""
    size = response._get_param("MaxResults") or settings(response.current_account).page
    start = response._get_param("NextToken") or "0"
    if not start.isdigit() or int(start) > len(items):
        raise error("InvalidNextToken", f"The token '{start}' is invalid")
    end = int(start) + int(size)
    return items[int(start) : end], str(end) if end < len(items) else None


def filtered(response, items, values):
    """Those of `items` that pass all of the request's filters; `values` tells an item's by name, "tag:" apart."""
    kept = list(items)
    for name, wanted in response._filters_from_querystring().items():
        if name.startswith("tag:"):
            key = name.removeprefix("tag:")
            kept = [item for item in kept if tags(item).get(key) in wanted]
        elif name == "tag-key":
            kept = [item for item in kept if set(tags(item)) & set(wanted)]
        else:
            if name not in values:
                raise error("InvalidFilter", f"The filter '{name}' is invalid")
            kept = [item for item in kept if values[name](item) in wanted]
    return kept


def tags(item):
    return {tag["key"]: tag["value"] for tag in item.get_tags()}
