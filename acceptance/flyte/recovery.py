"""Runs that recover another: what succeeded there is not done again. The decision is that of Flyte's actions service, made when a
child is asked for; what follows from it is in the child's resource, and up to the executor."""

import base64

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.common import identifier_pb2
from flyteidl2.common import run_pb2 as common

from world import PHASES

RECOVERABLE = {PHASES.ACTION_PHASE_SUCCEEDED, PHASES.ACTION_PHASE_RECOVERED}


def check(world, run, run_spec):
    """Refuses a run that recovers one that it can't."""
    if run_spec.relation.relation_type != common.RELATION_TYPE_RECOVER:
        return
    source = run_spec.relation.related_to
    if (source.project, source.domain) != (run.project, run.domain):
        raise ConnectError(Code.INVALID_ARGUMENT, "a run recovers only runs of its own project and domain")
    root = world.action(identifier_pb2.ActionIdentifier(run=source, name="a0"))
    if root is None or not root.is_ended:
        raise ConnectError(Code.FAILED_PRECONDITION, f"run {source.name} is not over")


def context_of(run_spec):
    """What a root's resource, and with it those of all its descendants, says of the run that it recovers."""
    if run_spec.relation.relation_type != common.RELATION_TYPE_RECOVER:
        return None
    relation = base64.b64encode(run_spec.relation.SerializeToString(deterministic=True)).decode()
    forced = list(run_spec.recover.force_rerun_actions)
    return {"relation": relation, **({"forceRerunActions": forced} if forced else {})}


def recovered(world, identifier, context):
    """What the resource of a child says of the action whose end it takes over; nothing where it has to be done."""
    if not context or identifier.name in context.get("forceRerunActions", []):
        return None
    source = source_of(context)
    action = world.action(identifier_pb2.ActionIdentifier(run=source, name=identifier.name))
    if action is None or action.phase not in RECOVERABLE:
        return None
    uri, value = action.output_uri(), action.signal_value
    if not uri and value is None:
        return None
    found = {"sourceRunName": source.name, "attempts": action.attempts, "cacheStatus": action.cache_status}
    if uri:
        found["outputUri"] = uri
    if value is not None:
        found["output"] = base64.b64encode(value.SerializeToString(deterministic=True)).decode()
    return found


def source_of(context):
    """The run that is recovered."""
    return common.Relation.FromString(base64.b64decode(context["relation"])).related_to
