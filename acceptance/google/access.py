"""Whether a caller may do what it asks: the bindings on the resource, on what it is in, and on the project, with their
conditions. What services evaluate beyond that (deny policies, organisation policies, access boundaries) is not here."""

from dataclasses import dataclass, field

import conditions
import roles
from errors import denied

PROJECTS = "cloudresourcemanager"


@dataclass(frozen=True)
class Target:
    """What a call is about, as policies and conditions see it."""

    service: str
    # Where policies may be, from the resource to the project, as (service, name).
    chain: tuple
    # `resource.name` of conditions.
    name: str
    kind: str
    attributes: dict = field(default_factory=dict)

    def variables(self, now):
        resource = {"name": self.name, "type": self.kind, "service": f"{self.service}.googleapis.com"}
        return {"resource": resource, "api": self.attributes, "request": {"time": now}}


def chain_of(store, service, name):
    """The policies that can hold for a resource: its own, its parents', and its project's."""
    parts = store.canonical(name).split("/")
    own = [(service, "/".join(parts[:end])) for end in range(len(parts), 2, -2)]
    return (*own, (PROJECTS, "/".join(parts[:2])))


def allowed(store, caller, permission, target):
    members = {*caller.members, "allUsers", "allAuthenticatedUsers"}
    for key in target.chain:
        for binding in store.policies.bindings(key):
            if members.isdisjoint(binding["members"]):
                continue
            if not roles.grants(binding["role"], permission, store.policies.custom_roles):
                continue
            condition = binding.get("condition")
            if condition is None or conditions.holds(condition["expression"], target.variables(store.now())):
                return True
    return False


def require(store, caller, permissions, target):
    for permission in permissions:
        if not allowed(store, caller, permission, target):
            raise denied(permission, target.name, caller.name, target.service)
    store.used.setdefault(caller.name, set()).update(permissions)
