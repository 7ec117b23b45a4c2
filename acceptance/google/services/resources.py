"""What all services do the same way that follow Google's resource conventions: made under an id of the caller's, changed by
a field mask, deleted at once or kept for a while, by an operation or without."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import names
from calls import Behaviour, page
from errors import exists, failed_precondition, invalid, not_found
from store import Resource, timestamp
from validation import camel


@dataclass(frozen=True)
class SoftDeletion:
    """How a deleted resource is kept: the field that says so, its values, and for how long."""

    field: str
    deleted: str
    days: int
    expires: bool


@dataclass(frozen=True)
class Collection:
    """A kind of resource."""

    service: str
    # As in the method ids, `secretmanager.projects.secrets`, and as in permissions, `secretmanager.secrets`.
    methods: str
    permissions: str
    # The name of the list in the answer, and of the parameter with the id of a new one.
    listed: str
    id_parameter: str
    # What is said of names, in `names.PATTERNS`.
    kind: str
    # The output-only fields of a new one.
    fresh: Callable
    # Refuses a body that the service would; called with the call, the old value and the new one.
    check: Callable = lambda call, old, new: None
    # The methods that answer with an operation, and the type of what that ends with.
    slow: tuple = ()
    response_type: str | None = None
    soft: SoftDeletion | None = None
    # Shown with the project's number.
    numbered: bool = False
    most_bytes: tuple = ()

    def behaviours(self, *verbs):
        """The methods of this collection, each with the permission that it takes."""
        permission = {"patch": "update"}
        return {
            f"{self.methods}.{verb}": Behaviour(
                lambda call, do=getattr(self, verb): do(call), (f"{self.permissions}.{permission.get(verb, verb)}",)
            )
            for verb in verbs
        }

    def create(self, call):
        identifier = call.q[self.id_parameter]
        names.check(self.kind, identifier)
        name = f"{call.name}/{identifier}"
        if call.store.get(self.service, name):
            raise exists()
        project = call.of_project()
        value = copy.deepcopy(call.body)
        self._check(call, {}, value)
        value = {**self.fresh(call, name), **value, "name": name}
        resource = call.store.put(self.service, name, Resource(project, value))
        return self._answer(call, name, resource)

    def get(self, call):
        return self.shown(call, self.found(call))

    def list(self, call):
        everything = call.q.get("showDeleted") == "true"
        found = call.store.under(self.service, call.name)
        shown = [self.shown(call, resource) for _, resource in found if everything or not self.is_deleted(resource)]
        items, rest = page(call, shown)
        return {self.listed: items, **rest}

    def patch(self, call):
        resource = self.living(call)
        check_etag(resource, call.body)
        mask = [path for path in call.q.get("updateMask", "").split(",") if path]
        if not mask or "*" in mask:
            raise invalid("The update mask is empty, or names everything, which the stand-in does not know.")
        new = copy.deepcopy(resource.value)
        for path in mask:
            masked(new, call.body, [camel(part) for part in path.split(".")])
        self._check(call, resource.value, new)
        resource.value = new
        renew(call, resource)
        if "updateTime" in new:
            new["updateTime"] = timestamp()
        return self._answer(call, call.name, resource)

    def delete(self, call):
        resource = self.living(call)
        check_etag(resource, call.q)
        if self.soft:
            resource.value[self.soft.field] = self.soft.deleted
            if self.soft.expires:
                resource.value["expireTime"] = timestamp(days=self.soft.days)
            return self._answer(call, call.name, resource) if "delete" in self.slow else {}
        call.store.remove(self.service, call.name)
        if "delete" not in self.slow:
            return {}
        empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        return self.operation(call, call.name, empty if self.response_type else None)

    def undelete(self, call):
        resource = self.found(call)
        if not self.is_deleted(resource):
            raise failed_precondition(f"{call.name} is not deleted.")
        resource.value.pop("expireTime", None)
        resource.value[self.soft.field] = "ACTIVE"
        return self._answer(call, call.name, resource) if "undelete" in self.slow else {}

    def found(self, call):
        resource = call.store.get(self.service, call.name)
        if resource is None:
            raise not_found(f"{call.name} was not found.")
        return resource

    def living(self, call):
        resource = self.found(call)
        if self.is_deleted(resource):
            raise failed_precondition(f"{call.name} is deleted.")
        return resource

    def is_deleted(self, resource):
        return bool(self.soft) and resource.value.get(self.soft.field) == self.soft.deleted

    def shown(self, call, resource):
        name = resource.value["name"]
        return {**resource.value, "name": call.store.numbered(name) if self.numbered else name}

    def operation(self, call, name, response):
        store, project = call.store, call.of_project()
        # IAM's operations are under the resource, the others' under the location.
        parent = store.numbered(name) if self.numbered else "/".join(name.split("/")[:4])
        return store.begin(project, f"{parent}/operations/op{store.serial()}", response)

    def _answer(self, call, name, resource):
        shown = self.shown(call, resource)
        if call.method.short not in self.slow:
            return shown
        return self.operation(call, name, {"@type": self.response_type, **shown} if self.response_type else None)

    def _check(self, call, old, new):
        names.check_labels(new.get("labels", {}))
        for field, most in self.most_bytes:
            names.check_length(field, new.get(field, ""), most)
        self.check(call, old, new)


def masked(new, given, path):
    """Takes over what a path of a mask names: what it has beside that stays, and what is not given is taken away."""
    field, *rest = path
    if rest and isinstance(new.get(field, {}), dict):
        masked(new.setdefault(field, {}), given.get(field, {}), rest)
    elif field in given:
        new[field] = copy.deepcopy(given[field])
    else:
        new.pop(field, None)


def check_etag(resource, given):
    """Refuses a change of another version than the one that is there, where the client names one."""
    current, wanted = resource.value.get("etag"), given.get("etag")
    if wanted and current and wanted != current:
        raise failed_precondition(f"The etag provided, {wanted}, does not match the current etag of the resource, {current}.")


def renew(call, resource):
    """Another version has another etag, where there are any."""
    if "etag" in resource.value:
        resource.value["etag"] = f'"{call.store.etag()}"'


def require_key(call, old, key):
    """The organisation's policy on new resources without a key, `gcp.restrictNonCmekServices`."""
    if not old and not key and call.method.api.host in call.of_project().keys_required:
        raise failed_precondition(without_key(call.of_project(), call.method.api.host))


def without_key(project, host):
    constraint = "constraints/gcp.restrictNonCmekServices"
    return f"Constraint {constraint} violated for projects/{project.id}: {host} needs a customer-managed encryption key."


def operation(call):
    """The answer to who asks how far an operation is."""
    known = call.store.operations
    return ended(known.get(call.name) or known.get(call.store.numbered(call.name)), call.name)


def ended(found, name):
    if found is None:
        raise not_found(f"Operation {name} was not found.")
    found.polls -= 1
    if found.polls >= 0:
        return {"name": found.name}
    # Of IAM's, what was made has to be read.
    return {"name": found.name, "done": True, **({"response": found.response} if found.response else {})}
