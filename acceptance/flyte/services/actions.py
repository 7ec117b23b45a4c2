"""ActionsService: what a parent task asks for its children."""

import asyncio
import base64
import time

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.actions import actions_service_pb2 as actions
from flyteidl2.actions.actions_service_connect import ActionsService
from flyteidl2.core import types_pb2

import task_actions
from callers import authenticate
from cluster import MERGE, Refused
from watch import update_of
from world import PHASES, key_of

KINDS = {
    "boolean": types_pb2.BOOLEAN,
    "integer": types_pb2.INTEGER,
    "float_value": types_pb2.FLOAT,
    "string_value": types_pb2.STRING,
}


class Actions(ActionsService):
    """Makes resources, and tells what becomes of them."""

    def __init__(self, world):
        self.world = world

    async def enqueue(self, request, ctx):
        await authenticate(self.world.cluster, ctx, task_actions.namespace_of(request.action.action_id.run))
        await enqueue(self.world, request.action, request.run_spec if request.HasField("run_spec") else None)
        return actions.EnqueueResponse()

    async def watch_for_updates(self, request, ctx):
        parent = request.parent_action_id
        key = (*key_of(parent)[:3], parent.name)
        queue = asyncio.Queue()
        self.world.watchers.setdefault(key, []).append(queue)
        try:
            for action in [self.world.known(parent), *self.world.children(parent)]:
                yield actions.WatchForUpdatesResponse(action_update=update_of(self.world, action, action.resource))
            sentinel = actions.WatchForUpdatesResponse()
            sentinel.control_message.sentinel = True
            yield sentinel
            while True:
                yield actions.WatchForUpdatesResponse(action_update=await queue.get())
        finally:
            self.world.watchers[key].remove(queue)

    async def abort(self, request, ctx):
        self.world.known(request.action_id).abort_reason = request.reason
        await task_actions.delete(self.world.cluster, request.action_id)
        return actions.AbortResponse()

    async def signal(self, request, ctx):
        by = request.signalled_by.user.id.subject
        await signal(self.world, request.action_id, request.value, by)
        return actions.SignalResponse()


async def enqueue(world, asked, run_spec):
    """Makes the resource of an action; a trace has none and is over already."""
    if asked.WhichOneof("spec") != "trace":
        resource = await task_actions.create(world, asked, run_spec)
        action = world.known(asked.action_id)
        action.resource = action.resource or resource
        if asked.WhichOneof("spec") == "task":
            action.task = asked.task
        return
    action = world.known(asked.action_id)
    action.parent, action.group, action.input_uri = asked.parent_action_name, asked.group, asked.input_uri
    action.trace, action.phase = asked.trace, asked.trace.phase or PHASES.ACTION_PHASE_SUCCEEDED
    action.created = action.ended = time.time()
    for queue in world.watchers.get((*key_of(asked.action_id)[:3], action.parent), ()):
        await queue.put(update_of(world, action, None))


async def signal(world, identifier, value, by):
    """Writes the value into the resource of a condition, with which it is resolved."""
    kind = KINDS.get(value.scalar.primitive.WhichOneof("value"))
    if kind is None:
        raise ConnectError(Code.INVALID_ARGUMENT, "a signal is a concrete bool, int, float or str")
    resource = await world.cluster.get(task_actions.path_of(identifier))
    if resource is None:
        raise ConnectError(Code.NOT_FOUND, f"condition action {task_actions.name_of(identifier)} not found")
    action = world.known(identifier)
    if action.condition is None:
        raise ConnectError(Code.FAILED_PRECONDITION, "the action is not a condition")
    encoded = base64.b64encode(value.SerializeToString()).decode()
    before = resource.get("status", {}).get("signalValue")
    if before == encoded:
        return
    if before or action.is_ended:
        raise ConnectError(Code.FAILED_PRECONDITION, "the condition is over already")
    if action.condition.type.simple != kind:
        raise ConnectError(Code.INVALID_ARGUMENT, "the value is not of the declared type")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    status = {"signalValue": encoded, "signalledBy": by, "signalledAt": now}
    try:
        await world.cluster.ask("PATCH", task_actions.path_of(identifier, "/status"), {"status": status}, MERGE)
    except Refused as refused:
        raise ConnectError(Code.INTERNAL, str(refused)) from refused
