"""What the stand-in keeps, in memory: projects, each with its own record of calls and faults, and the resources in them."""

import base64
import copy
import datetime
import itertools
import threading
from dataclasses import dataclass, field

import names
from errors import Refused, error_info
from policies import Policies


def timestamp(**later):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**later)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def merge(old, new):
    """A JSON merge patch."""
    for key, value in new.items():
        if value is None:
            old.pop(key, None)
        elif isinstance(value, dict):
            merge(old.setdefault(key, {}), value)
        else:
            old[key] = value
    return old


@dataclass
class Project:
    """A project, and what a test set up in it and asks about it."""

    id: str
    number: str
    # How many times an operation is asked for before it has ended.
    operation_polls: int = 1
    # How often a new service account is not yet known where policies name it.
    account_delay: int = 0
    # The hosts of the APIs that are not enabled.
    disabled: set = field(default_factory=set)
    # The hosts of the services whose resources an organisation's policy wants made with a key.
    keys_required: set = field(default_factory=set)
    calls: list = field(default_factory=list)
    violations: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    people: dict = field(default_factory=dict)
    # What was written to its logs.
    entries: list = field(default_factory=list)

    @property
    def owner(self):
        return f"user:owner@{self.id}.example.com"


@dataclass
class Resource:
    """A resource: what is shown of it, and what is not."""

    project: Project
    value: dict
    hidden: dict = field(default_factory=dict)


@dataclass
class Operation:
    """A long-running operation that ends after so many questions."""

    name: str
    polls: int
    response: dict | None


class Store:
    """Everything there is. Whoever reads or writes holds `lock`."""

    def __init__(self):
        self.lock = threading.RLock()
        self.projects, self.numbers = {}, {}
        self.resources = {}
        self.operations = {}
        # By unique id.
        self.deleted_accounts = {}
        self.policies = Policies(self)
        self.tokens, self.issuers, self.gates = {}, {}, {}
        # Permissions that callers were granted, by the caller's name.
        self.used = {}
        self.violations = []
        # By how much the clock of tokens and conditions is ahead.
        self.ahead = datetime.timedelta()
        self._serial = itertools.count(1)

    def now(self):
        """The time at which a request is judged."""
        return datetime.datetime.now(datetime.timezone.utc) + self.ahead

    def set_clock(self, now):
        self.ahead = now - datetime.datetime.now(datetime.timezone.utc)

    def serial(self):
        return next(self._serial)

    def etag(self):
        return base64.b64encode(b"BwY" + self.serial().to_bytes(5, "big")).decode()

    def project(self, name):
        """A project by its id or number; somebody else's is not told from one that does not exist."""
        found = self.projects.get(name) or self.numbers.get(name)
        if found is None:
            details = [error_info("CONSUMER_INVALID", "googleapis.com", {"consumer": f"projects/{name}"})]
            raise Refused(403, "PERMISSION_DENIED", f"Permission denied on resource project {name}.", details=details, reason="forbidden")
        return found

    def make_project(self, name):
        if name not in self.projects:
            names.check("project", name)
            made = Project(name, str(700_000_000_000 + self.serial()))
            self.projects[name] = self.numbers[made.number] = made
            self.policies.give(("cloudresourcemanager", f"projects/{name}"), "roles/owner", [made.owner])
        return self.projects[name]

    def canonical(self, name):
        """A resource's name with the project's id in the place of its number."""
        parts = name.split("/")
        if parts[0] == "projects" and parts[1] in self.numbers:
            parts[1] = self.numbers[parts[1]].id
        return "/".join(parts)

    def numbered(self, name):
        """A resource's name with the project's number, as Secret Manager and the workload identity pools show it."""
        parts = name.split("/")
        parts[1] = self.project(parts[1]).number
        return "/".join(parts)

    def put(self, service, name, resource):
        self.resources[(service, name)] = resource
        return resource

    def get(self, service, name):
        return self.resources.get((service, name))

    def remove(self, service, name):
        """Removes a resource with what is under it."""
        gone = [key for key in self.resources if key[0] == service and (key[1] == name or key[1].startswith(name + "/"))]
        for key in gone:
            del self.resources[key]
            self.policies.forget(key)

    def under(self, service, parent):
        """The direct children of a collection, `projects/p/secrets`, by name."""
        depth = parent.count("/") + 1
        for (of, name), resource in sorted(self.resources.items(), key=lambda item: item[0]):
            if of == service and name.startswith(parent + "/") and name.count("/") == depth:
                yield name, resource

    def begin(self, project, name, response=None):
        self.operations[name] = Operation(name, project.operation_polls, copy.deepcopy(response))
        return {"name": name}
