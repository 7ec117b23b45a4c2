"""Follows the TaskAction resources, and keeps the actions as their status says; what has ended is marked as recorded."""

import base64
import time

from flyteidl2.common import identifier_pb2
from flyteidl2.core import literals_pb2, tasks_pb2
from flyteidl2.workflow import run_definition_pb2, state_service_pb2
from google.protobuf.message import DecodeError

import layout
from cluster import MERGE, TASK_ACTIONS, Refused
from task_actions import TERMINAL_RECORDED, path_of
from world import PHASES, TERMINAL, key_of

PROGRESS = {
    "Queued": PHASES.ACTION_PHASE_QUEUED,
    "Initializing": PHASES.ACTION_PHASE_INITIALIZING,
    "Executing": PHASES.ACTION_PHASE_RUNNING,
    "Paused": PHASES.ACTION_PHASE_PAUSED,
}


def phase_of(resource):
    """The phase that the conditions say, as the actions service maps them."""
    for condition in resource.get("status", {}).get("conditions", []):
        if condition["status"] != "True":
            continue
        match condition["type"], condition["reason"]:
            case "Succeeded", "Recovered":
                return PHASES.ACTION_PHASE_RECOVERED
            case "Succeeded", _:
                return PHASES.ACTION_PHASE_SUCCEEDED
            case "Failed", "TimedOut":
                return PHASES.ACTION_PHASE_TIMED_OUT
            case "Failed", _:
                return PHASES.ACTION_PHASE_FAILED
            case "Progressing", reason if reason in PROGRESS:
                return PROGRESS[reason]
    return PHASES.ACTION_PHASE_UNSPECIFIED


def identifier_of(organization, resource):
    spec = resource["spec"]
    run = identifier_pb2.RunIdentifier(
        org=organization, project=spec["project"], domain=spec["domain"], name=spec["runName"]
    )
    return identifier_pb2.ActionIdentifier(run=run, name=spec["actionName"])


class Watch:
    """The one watch of all TaskActions."""

    def __init__(self, world):
        self.world = world

    async def run(self):
        async for change, resource in self.world.cluster.follow(f"{TASK_ACTIONS}/taskactions", {}):
            await self.take(change, resource)

    async def take(self, change, resource):
        action = self.world.known(identifier_of(self.world.organization, resource))
        if not action.created:
            learn(action, resource)
        status = resource.get("status", {})
        phase = phase_of(resource)
        is_gone = change == "DELETED"
        if is_gone and phase not in TERMINAL:
            phase = PHASES.ACTION_PHASE_ABORTED
        action.resource = None if is_gone else resource
        self.keep_ended(action, phase)
        if phase != PHASES.ACTION_PHASE_UNSPECIFIED and not action.is_ended:
            action.phase = phase
            action.ended = time.time() if phase in TERMINAL else 0
        action.attempts = max(action.attempts, status.get("attempts", 1))
        action.cache_status = status.get("cacheStatus", action.cache_status)
        action.error_state = status.get("errorState", action.error_state)
        if value := status.get("signalValue"):
            action.signal_value = literals_pb2.Literal.FromString(base64.b64decode(value))
        await action.notify()
        await self.tell(action, resource)
        labels = resource["metadata"].get("labels", {})
        if not is_gone and phase in TERMINAL and TERMINAL_RECORDED not in labels:
            await self.mark(action)

    def keep_ended(self, action, phase):
        """What has ended stays as it ended."""
        if action.is_ended and phase not in (action.phase, PHASES.ACTION_PHASE_UNSPECIFIED):
            project = self.world.project(action.id.run.project)
            was, now = PHASES.Name(action.phase), PHASES.Name(phase)
            project.violations.append(f"{action.id.run.name}/{action.id.name}: the resource went from {was} to {now}")

    async def tell(self, action, resource):
        """Tells the tasks that watch their children."""
        for queue in self.world.watchers.get((*key_of(action.id)[:3], action.parent), ()):
            await queue.put(update_of(self.world, action, resource))

    async def mark(self, action):
        body = {"metadata": {"labels": {TERMINAL_RECORDED: "true"}}}
        try:
            await self.world.cluster.ask("PATCH", path_of(action.id), body, MERGE)
        except Refused as refused:
            if refused.code not in (404, 409):
                raise


def learn(action, resource):
    """What the resource of an action says of it that does not change."""
    spec = resource["spec"]
    action.created = time.time()
    action.parent = spec.get("parentActionName", "")
    action.group = spec.get("group", "")
    action.input_uri = spec.get("inputUri", "")
    action.run_output_base = spec.get("runOutputBase", "")
    if recovered := spec.get("recoveredFrom"):
        action.recovered_from = recovered["sourceRunName"]
        if value := recovered.get("output"):
            action.signal_value = literals_pb2.Literal.FromString(base64.b64decode(value))
    if spec.get("actionType") == "condition":
        raw = base64.b64decode(spec.get("conditionSpec", ""))
        action.condition = run_definition_pb2.ConditionAction.FromString(raw)
    elif action.task is None:
        action.task = run_definition_pb2.TaskAction()
        of = action.task.id
        of.org, of.project, of.domain = action.id.run.org, spec["project"], spec["domain"]
        try:
            template = tasks_pb2.TaskTemplate.FromString(base64.b64decode(spec.get("taskTemplate", "")))
        except DecodeError:
            return
        of.name, of.version = template.id.name, template.id.version
        action.task.spec.task_template.CopyFrom(template)
        action.task.spec.short_name = spec.get("shortName", "")


def update_of(world, action, resource):
    """What a parent is told of its child."""
    update = state_service_pb2.ActionUpdate(action_id=action.id, phase=action.phase)
    if action.signal_value is not None:
        update.value.CopyFrom(action.signal_value)
    if action.trace is not None:
        update.output_uri = action.trace.outputs.output_uri
    elif resource and resource["spec"].get("runOutputBase"):
        reported = action.output_uri().removesuffix("/outputs.pb")
        update.output_uri = reported or layout.attempt_prefix(world.layout, resource, action.attempts)
    if error := action.error_state:
        update.error.code, update.error.message = error.get("code", ""), error.get("message", "")
        update.error.kind = {"USER": 1, "SYSTEM": 2}.get(error.get("kind"), 0)
    return update
