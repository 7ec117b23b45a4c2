"""A call that the description of its method allows, and what a service does with such calls."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from access import Target, chain_of
from errors import invalid
from identities import Caller
from store import Project, Store

KINDS = {
    "buckets": "LogBucket", "clusters": "Cluster", "projects": "Project", "repositories": "Repository", "secrets": "Secret",
    "serviceAccounts": "ServiceAccount", "versions": "SecretVersion", "views": "LogView",
}  # fmt: skip
# Services whose conditions see a project's number.
NUMBERED = ("secretmanager",)


@dataclass
class Media:
    """An answer that is not JSON."""

    content: bytes
    kind: str
    headers: dict


@dataclass
class Call:
    """A method, its arguments, and who calls it."""

    store: Store
    method: object
    name: str
    parameters: dict
    query: list
    body: dict | None
    media: bytes | None
    caller: Caller | None
    project: Project | None

    @property
    def service(self):
        return self.method.api.name

    @property
    def q(self):
        return dict(self.query)

    def of_project(self):
        """The project in the name of the resource."""
        return self.store.project(self.name.split("/")[1])


@dataclass(frozen=True)
class Behaviour:
    """What a method does, and the permissions it takes on its target."""

    answer: Callable
    # Names, or a function from the call to them.
    permissions: tuple | Callable = ()
    target: Callable | None = None

    def permissions_for(self, call):
        return self.permissions(call) if callable(self.permissions) else self.permissions

    def target_of(self, call):
        return (self.target or target)(call)


def target(call):
    """The resource that is named in the path; of a collection, what it is in."""
    parts = call.name.split("/")
    if len(parts) % 2:
        parts.pop()
    return named(call.store, call.service, "/".join(parts))


def named(store, service, name):
    parts = name.split("/")
    store.project(parts[1])
    shown = store.numbered(name) if service in NUMBERED else name
    kind = f"{service}.googleapis.com/{KINDS.get(parts[-2], parts[-2])}"
    return Target(service, chain_of(store, service, name), shown, kind)


def page(call, found, size="pageSize"):
    """A page of what was found, and the token of the next one."""
    most = int(call.q.get(size) or 0) or 100
    try:
        start = int(base64.urlsafe_b64decode(call.q.get("pageToken") or "MA=="))
    except ValueError as why:
        raise invalid("The page token is invalid.") from why
    rest = {} if start + most >= len(found) else {"nextPageToken": base64.urlsafe_b64encode(str(start + most).encode()).decode()}
    return found[start : start + most], rest
