"""TaskAction resources, as Flyte's actions service makes them: names, labels, owners, what a child inherits."""

import base64

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.core import types_pb2

import recovery
from cluster import TASK_ACTIONS, Refused

SIGNALABLE = {types_pb2.BOOLEAN, types_pb2.INTEGER, types_pb2.FLOAT, types_pb2.STRING}
RUN_START_TIME = "{{.runStartTime}}"
TERMINAL_RECORDED = "flyte.org/terminal-status-recorded"


def namespace_of(run):
    return f"{run.project}-{run.domain}"


def name_of(identifier):
    run = identifier.run.name
    return f"{run}-a0" if identifier.name == run else f"{run}-{identifier.name}"


def path_of(identifier, subresource=""):
    return f"{collection(identifier.run)}/{name_of(identifier)}{subresource}"


def collection(run):
    return f"{TASK_ACTIONS}/namespaces/{namespace_of(run)}/taskactions"


def encoded(message):
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


async def create(world, action, run_spec):
    """Makes the resource of a task or a condition, and the namespace where it is not there yet."""
    cluster, identifier = world.cluster, action.action_id
    resource = skeleton(action)
    if action.parent_action_name:
        parent = type(identifier)(run=identifier.run, name=action.parent_action_name)
        owner = await cluster.get(path_of(parent))
        if owner is None:
            raise ConnectError(Code.INTERNAL, f"failed to get parent TaskAction {name_of(parent)}: not found")
        inherit(resource, owner)
        if found := recovery.recovered(world, identifier, resource["spec"].get("recoveryContext")):
            resource["spec"]["recoveredFrom"] = found
    elif run_spec:
        apply(resource, run_spec)
    specify(resource["spec"], action, run_spec)
    await ensure_namespace(cluster, namespace_of(identifier.run))
    try:
        return await cluster.ask("POST", collection(identifier.run), resource)
    except Refused as refused:
        if refused.code == 409 and action.WhichOneof("spec") == "condition":
            return await cluster.get(path_of(identifier))
        raise ConnectError(Code.INTERNAL, f"failed to create TaskAction CR {name_of(identifier)}: {refused}") from refused


def skeleton(action):
    identifier = action.action_id
    run = identifier.run
    labels = {
        "flyte.org/project": run.project,
        "flyte.org/domain": run.domain,
        "flyte.org/run": run.name,
        "flyte.org/action": identifier.name,
        "flyte.org/action-type": action.WhichOneof("spec"),
        "flyte.org/is-root": "false" if action.parent_action_name else "true",
    }
    metadata = {"name": name_of(identifier), "namespace": namespace_of(run), "labels": labels}
    return {"apiVersion": "flyte.org/v1", "kind": "TaskAction", "metadata": metadata, "spec": {}}


def inherit(resource, parent):
    """What a child has of its parent: that goes away with it, and the run's context."""
    metadata, owner = resource["metadata"], parent["metadata"]
    metadata["ownerReferences"] = [
        {
            "apiVersion": "flyte.org/v1",
            "kind": "TaskAction",
            "name": owner["name"],
            "uid": owner["uid"],
            "blockOwnerDeletion": True,
        }
    ]
    metadata["labels"] = {**owner.get("labels", {}), **metadata["labels"]}
    metadata["labels"].pop(TERMINAL_RECORDED, None)
    if annotations := owner.get("annotations"):
        metadata["annotations"] = dict(annotations)
    for name in ("envVars", "interruptible", "recoveryContext"):
        if name in parent["spec"]:
            resource["spec"][name] = parent["spec"][name]


def apply(resource, run_spec):
    """What the root has of its run."""
    if environment := {pair.key: pair.value for pair in run_spec.envs.values}:
        resource["spec"]["envVars"] = environment
    if run_spec.HasField("interruptible"):
        resource["spec"]["interruptible"] = run_spec.interruptible.value
    if context := recovery.context_of(run_spec):
        resource["spec"]["recoveryContext"] = context
    metadata = resource["metadata"]
    metadata["labels"] = {**run_spec.labels.values, **metadata["labels"]}
    if run_spec.annotations.values:
        metadata["annotations"] = dict(run_spec.annotations.values)


def specify(spec, action, run_spec):
    identifier = action.action_id
    given = {
        "runName": identifier.run.name,
        "project": identifier.run.project,
        "domain": identifier.run.domain,
        "actionName": identifier.name,
        "parentActionName": action.parent_action_name,
        "inputUri": action.input_uri,
        "runOutputBase": action.run_output_base,
        "group": action.group,
    }
    spec.update({name: value for name, value in given.items() if value})
    if action.WhichOneof("spec") == "condition":
        if action.condition.type.simple not in SIGNALABLE:
            raise ConnectError(Code.INVALID_ARGUMENT, f"condition {action.condition.name!r} declares an unsupported type")
        spec["actionType"] = "condition"
        spec["conditionSpec"] = encoded(action.condition)
        return
    task = action.task
    if task.cache_key.value:
        spec["cacheKey"] = task.cache_key.value
    if task.spec.HasField("task_template"):
        template = started(task.spec.task_template, run_spec)
        spec.update(taskType=template.type, taskTemplate=encoded(template))
        if task.spec.short_name:
            spec["shortName"] = task.spec.short_name


def started(template, run_spec):
    """The template with the run's start in its arguments, where the run has one."""
    if not run_spec or not run_spec.HasField("run_start_time") or not template.container.args:
        return template
    copy = type(template)()
    copy.CopyFrom(template)
    start = run_spec.run_start_time.ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ")
    copy.container.args[:] = [argument.replace(RUN_START_TIME, start) for argument in template.container.args]
    return copy


async def ensure_namespace(cluster, name):
    if await cluster.get(f"/api/v1/namespaces/{name}"):
        return
    try:
        await cluster.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": {"acceptance.test": "true"}}})
    except Refused as refused:
        if refused.code != 409:
            raise


async def delete(cluster, identifier):
    """Aborts by deleting; descendants go with it."""
    try:
        await cluster.ask("DELETE", path_of(identifier))
    except Refused as refused:
        raise ConnectError(Code.INTERNAL, f"failed to delete TaskAction {name_of(identifier)}: {refused}") from refused
