"""RunService: runs as people start and watch them."""

import random
import string
import time

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.actions import actions_service_pb2 as actions
from flyteidl2.common import identifier_pb2
from flyteidl2.core import literals_pb2
from flyteidl2.task import run_pb2
from flyteidl2.workflow import run_service_pb2 as runs
from flyteidl2.workflow.run_service_connect import RunService

import recovery
import task_actions
from details import details_of, metadata_of, run_details_of, run_of, summary_of, timestamp
from listing import narrowed
from services.actions import enqueue, signal
from services.tasks import find

ROOT = "a0"


def root_of(run):
    return identifier_pb2.ActionIdentifier(run=run, name=ROOT)


class Runs(RunService):
    """One action after another, of whichever run."""

    def __init__(self, world):
        self.world = world

    async def create_run(self, request, ctx):
        return runs.CreateRunResponse(run=run_of(await self.start(request)))

    async def start(self, request):
        """The root action of a new run."""
        task_spec = self.task_of(request)
        run = request.run_id
        if request.WhichOneof("id") == "project_id":
            name = "r" + "".join(random.choices(string.ascii_lowercase + string.digits, k=19))
            run = identifier_pb2.RunIdentifier(
                org=request.project_id.organization, project=request.project_id.name, domain=request.project_id.domain, name=name
            )
        recovery.check(self.world, run, request.run_spec)
        spec = run_pb2.RunSpec()
        spec.CopyFrom(request.run_spec)
        if not spec.HasField("run_start_time"):
            spec.run_start_time.CopyFrom(timestamp(time.time()))
        base = spec.run_base_dir.rstrip("/") or self.world.store.prefix
        base = f"{base}/{run.project}/{run.domain}/{run.name}"
        if not spec.raw_data_storage.raw_data_prefix:
            spec.raw_data_storage.raw_data_prefix = self.world.store.prefix
        inputs = request.offloaded_input_data.uri
        if request.WhichOneof("input_wrapper") != "offloaded_input_data":
            inputs = f"{base}/inputs"
            await self.world.store.write(f"{inputs}/inputs.pb", request.inputs.SerializeToString(deterministic=True))
        asked = actions.Action(action_id=root_of(run), input_uri=inputs, run_output_base=f"{base}/")
        template = task_spec.task_template.id
        asked.task.id.org, asked.task.id.project, asked.task.id.domain = run.org, template.project, template.domain
        asked.task.id.name, asked.task.id.version = template.name, template.version
        asked.task.spec.CopyFrom(task_spec)
        action = self.world.known(asked.action_id)
        action.created, action.task, action.run_spec = time.time(), asked.task, spec
        action.input_uri, action.run_output_base = inputs, asked.run_output_base
        await enqueue(self.world, asked, spec)
        return action

    def task_of(self, request):
        """What comes with the request, or was deployed."""
        match request.WhichOneof("task"):
            case "task_spec":
                return request.task_spec
            case "task_id":
                return find(self.world, request.task_id).spec
        raise ConnectError(Code.UNIMPLEMENTED, "the stand-in has no triggers")

    def find(self, identifier):
        action = self.world.action(identifier)
        if action is None:
            raise ConnectError(Code.NOT_FOUND, f"no action {identifier.name} in run {identifier.run.name}")
        return action

    async def abort_run(self, request, ctx):
        await self.abort(root_of(request.run_id), request.reason)
        return runs.AbortRunResponse()

    async def abort_action(self, request, ctx):
        await self.abort(request.action_id, request.reason)
        return runs.AbortActionResponse()

    async def abort(self, identifier, reason):
        self.find(identifier).abort_reason = reason
        await task_actions.delete(self.world.cluster, identifier)

    async def get_run_details(self, request, ctx):
        return runs.GetRunDetailsResponse(details=run_details_of(self.find(root_of(request.run_id))))

    async def watch_run_details(self, request, ctx):
        async for action in self.changes(root_of(request.run_id)):
            yield runs.WatchRunDetailsResponse(details=run_details_of(action))

    async def get_action_details(self, request, ctx):
        return runs.GetActionDetailsResponse(details=details_of(self.find(request.action_id)))

    async def watch_action_details(self, request, ctx):
        async for action in self.changes(request.action_id):
            yield runs.WatchActionDetailsResponse(details=details_of(action))

    async def changes(self, identifier):
        """The action now and after each change, until it has ended."""
        action = self.find(identifier)
        while True:
            yield action
            if action.is_ended:
                return
            async with action.changed:
                await action.changed.wait()

    async def get_action_data_uris(self, request, ctx):
        action = self.find(request.action_id)
        return runs.GetActionDataURIsResponse(inputs_uri=action.input_uri, outputs_uri=action.output_uri())

    async def list_runs(self, request, ctx):
        roots = [run_of(action) for key, action in self.world.actions.items() if key[3] == ROOT]
        return runs.ListRunsResponse(runs=roots)

    async def list_actions(self, request, ctx):
        fields = {
            "action_type": lambda action: str(metadata_of(action).action_type),
            "parent_name": lambda action: action.parent,
        }
        found = narrowed(request.request, self.of_run(request.run_id), fields)
        return runs.ListActionsResponse(actions=[summary_of(action) for action in found])

    async def watch_actions(self, request, ctx):
        """All actions of a run as they are; then whenever the root changes, until that has ended."""
        async for _ in self.changes(root_of(request.run_id)):
            answer = runs.WatchActionsResponse()
            for action in self.of_run(request.run_id):
                answer.enriched_actions.add(action=summary_of(action), meets_filter=True)
            yield answer

    def of_run(self, run):
        wanted = (run.project, run.domain, run.name)
        return [action for key, action in self.world.actions.items() if key[:3] == wanted]

    async def signal_event(self, request, ctx):
        literal = literals_pb2.Literal()
        primitive, payload = literal.scalar.primitive, request.payload
        match payload.WhichOneof("value"):
            case "bool_value":
                primitive.boolean = payload.bool_value
            case "int_value":
                primitive.integer = payload.int_value
            case "float_value":
                primitive.float_value = payload.float_value
            case "string_value":
                primitive.string_value = payload.string_value
        await signal(self.world, request.action_id, literal, "somebody")
        return runs.SignalEventResponse()

    async def get_action_log_context(self, request, ctx):
        found = [event for event in self.find(request.action_id).events_of(request.attempt) if event.HasField("log_context")]
        if not found:
            raise ConnectError(Code.NOT_FOUND, "no pod is known of this attempt")
        last = found[-1]
        return runs.GetActionLogContextResponse(log_context=last.log_context, cluster=last.cluster)
