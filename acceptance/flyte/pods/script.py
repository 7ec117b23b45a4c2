"""What a task does, step by step, as its pod's container says in the variable POD_SCRIPT: a list with the steps of each pod of
the action in turn (the last for all after it). A step is an object with one of these:

    sleep     seconds
    hold      name of a gate of the tests
    waiting   reason why the container does not start; with "message"
    run       the container runs
    outputs   names and integers, written to outputs.pb where the container's arguments say
    error     code, message, kind ("RECOVERABLE"), origin ("USER"), written to error.pb
    object    name of an object to be written, with "size" (that many zeros) or "base64"
    exit      exit code of the container; with "reason" and "message"; those beside it end, too, unless "beside" is "run"
    fail      reason why the pod fails as a whole ("Evicted"); with "message", "condition" (type) and "code" of its containers, if any
    delete    true: somebody deletes the pod, and it ends in its own time; with "condition"
    vanish    true: the pod's object goes away at once
"""

import base64
import json

from flyteidl2.core import execution_pb2
from flyteidl2.task import common_pb2

DEFAULT = [[{"run": True}, {"exit": 0}]]


def steps_of(pod, turn):
    """The steps of a pod that comes after so many others of its action."""
    environment = {item["name"]: item.get("value", "") for item in primary_of(pod).get("env", [])}
    turns = json.loads(environment["POD_SCRIPT"]) if "POD_SCRIPT" in environment else DEFAULT
    return turns[min(turn, len(turns) - 1)]


def primary_of(pod):
    """The container of the task."""
    containers = pod["spec"]["containers"]
    name = pod["metadata"].get("annotations", {}).get("primary_container_name", containers[0]["name"])
    return next(container for container in containers if container["name"] == name)


def output_prefix_of(pod):
    """Where its arguments tell it to write."""
    arguments = primary_of(pod).get("args", [])
    return arguments[arguments.index("--outputs-path") + 1].rstrip("/")


def object_of(step):
    """Name and content of the object that a step writes."""
    if "outputs" in step:
        outputs = common_pb2.Outputs()
        for name, value in step["outputs"].items():
            outputs.literals.add(name=name).value.scalar.primitive.integer = value
        return "outputs.pb", outputs.SerializeToString()
    if "error" in step:
        error = step["error"]
        document = execution_pb2.ErrorDocument()
        document.error.code, document.error.message = error["code"], error["message"]
        document.error.kind = execution_pb2.ContainerError.Kind.Value(error.get("kind", "NON_RECOVERABLE"))
        document.error.origin = execution_pb2.ExecutionError.ErrorKind.Value(error.get("origin", "USER"))
        return "error.pb", document.SerializeToString()
    return step["object"], base64.b64decode(step["base64"]) if "base64" in step else bytes(step["size"])
