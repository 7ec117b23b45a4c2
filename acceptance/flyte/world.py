"""What the control plane knows: projects of tests, and the actions of their runs."""

import asyncio
from dataclasses import dataclass, field

from flyteidl2.common import phase_pb2
from google.protobuf.message import Message

PHASES = phase_pb2.ActionPhase
TERMINAL = {
    PHASES.ACTION_PHASE_SUCCEEDED,
    PHASES.ACTION_PHASE_FAILED,
    PHASES.ACTION_PHASE_ABORTED,
    PHASES.ACTION_PHASE_TIMED_OUT,
    PHASES.ACTION_PHASE_RECOVERED,
}


def short(phase):
    """`RUNNING` of ACTION_PHASE_RUNNING."""
    return PHASES.Name(phase).removeprefix("ACTION_PHASE_")


def project_of(message):
    """The project that a message is about: of the first identifier in it that names one."""
    kind = message.DESCRIPTOR.name
    if kind == "ProjectIdentifier":
        return message.name
    if "project" in message.DESCRIPTOR.fields_by_name and isinstance(message.project, str) and message.project:
        return message.project
    for described, value in message.ListFields():
        if described.message_type is None or described.message_type.GetOptions().map_entry:
            continue
        for part in [value] if isinstance(value, Message) else value:
            if found := project_of(part):
                return found
    return None


@dataclass
class Fault:
    """What the calls from `start` to before `end` of the methods whose name begins with `method` get."""

    method: str
    start: int
    end: int
    answer: dict
    seen: int = 0


@dataclass
class Project:
    """What happened in one project, and what shall go wrong there."""

    id: str
    violations: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def due(self, method):
        """The answer of the first fault that is due for a call; all that match count it."""
        chosen = None
        for fault in self.faults:
            if method.startswith(fault.method):
                if fault.start <= fault.seen < fault.end and chosen is None:
                    chosen = fault.answer
                fault.seen += 1
        return chosen


@dataclass
class Action:
    """An action of a run."""

    id: object  # common.ActionIdentifier
    parent: str = ""
    group: str = ""
    input_uri: str = ""
    run_output_base: str = ""
    # workflow.TaskAction, workflow.TraceAction or workflow.ConditionAction
    task: object = None
    trace: object = None
    condition: object = None
    run_spec: object = None
    created: float = 0
    # As the resource says it.
    phase: int = PHASES.ACTION_PHASE_QUEUED
    attempts: int = 1
    cache_status: int = 0
    error_state: dict = field(default_factory=dict)
    ended: float = 0
    abort_reason: str = ""
    signal_value: object = None
    # The run whose action of the same name it takes over, where it does.
    recovered_from: str = ""
    resource: dict | None = None
    # The events that were recorded, in order, and what came again.
    events: list = field(default_factory=list)
    duplicates: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def is_ended(self):
        return self.phase in TERMINAL

    def events_of(self, attempt):
        return [event for event in self.events if event.attempt == attempt]

    def output_uri(self):
        """Where the outputs are, by the newest event that says so."""
        for event in reversed(self.events):
            if event.outputs.output_uri:
                return event.outputs.output_uri
        return ""

    async def notify(self):
        async with self.changed:
            self.changed.notify_all()


class World:
    """All of it; one event loop touches it."""

    def __init__(self, cluster, store, layout, organization):
        self.cluster, self.store, self.layout = cluster, store, layout
        # Resources do not say whose they are.
        self.organization = organization
        self.projects, self.actions, self.tasks, self.cache, self.gates = {}, {}, {}, {}, {}
        self.reservations = {}
        self.driver = None
        # Whoever watches the children of an action: (project, domain, run, parent) to queues.
        self.watchers = {}

    def project(self, name):
        return self.projects.setdefault(name, Project(name))

    def action(self, identifier):
        return self.actions.get(key_of(identifier))

    def known(self, identifier):
        """The action with this identifier, which is made where it is not known yet."""
        key = key_of(identifier)
        if key not in self.actions:
            self.actions[key] = Action(identifier)
        return self.actions[key]

    def children(self, identifier):
        run = key_of(identifier)[:3]
        return [action for key, action in self.actions.items() if key[:3] == run and action.parent == identifier.name]

    def of_project(self, name):
        return [action for key, action in self.actions.items() if key[0] == name]

    def gate(self, name):
        return self.gates.setdefault(name, asyncio.Event())


def key_of(identifier):
    return (identifier.run.project, identifier.run.domain, identifier.run.name, identifier.name)
