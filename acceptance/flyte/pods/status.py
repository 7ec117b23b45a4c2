"""The status of a pod as a kubelet writes it."""

import time


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def conditions(is_ready, others=()):
    state = "True" if is_ready else "False"
    kinds = [("Initialized", "True"), ("Ready", state), ("ContainersReady", state)]
    listed = [{"type": kind, "status": value, "lastTransitionTime": now()} for kind, value in kinds]
    return listed + list(others)


def disruption(kind, reason, message):
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now()}


def container(spec, state, is_ready):
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": f"sha256:{spec['name']}",
        "containerID": f"played://{spec['name']}",
        "ready": is_ready,
        "started": is_ready,
        "restartCount": 0,
        "state": state,
    }


def started(pod):
    return pod.get("status", {}).get("startTime") or now()


def waiting(pod, reason, message):
    state = {"waiting": {"reason": reason, "message": message}}
    statuses = [{**container(spec, state, False), "imageID": "", "containerID": ""} for spec in pod["spec"]["containers"]]
    return {"phase": "Pending", "startTime": started(pod), "conditions": conditions(False), "containerStatuses": statuses}


def running(pod):
    statuses = [container(spec, {"running": {"startedAt": now()}}, True) for spec in pod["spec"]["containers"]]
    return {**begun(pod), "phase": "Running", "conditions": conditions(True), "containerStatuses": statuses}


def ended(pod, primary, code, reason, message):
    """The primary container ended with this code; what runs beside it was ended with it."""
    statuses = []
    for spec in pod["spec"]["containers"]:
        is_primary = spec["name"] == primary["name"]
        state = {"exitCode": code if is_primary else 0, "startedAt": now(), "finishedAt": now()}
        state["reason"] = (reason or ("Completed" if code == 0 else "Error")) if is_primary else "Completed"
        if message and is_primary:
            state["message"] = message
        statuses.append(container(spec, {"terminated": state}, False))
    phase = "Succeeded" if code == 0 else "Failed"
    return {**begun(pod), "phase": phase, "conditions": conditions(False), "containerStatuses": statuses}


def only_ended(pod, primary, told):
    """The primary container ended, and what runs beside it goes on: so does the pod."""
    going_on = {"running": {"startedAt": now()}}
    others = {spec["name"]: container(spec, going_on, True) for spec in pod["spec"]["containers"] if spec is not primary}
    statuses = [others.get(shown["name"], shown) for shown in told["containerStatuses"]]
    return {**told, "phase": "Running", "containerStatuses": statuses}


def failed(pod, primary, step):
    """The node gave the pod up."""
    status = ended(pod, primary, step["code"], step["fail"], "") if "code" in step else {"startTime": started(pod)}
    others = [disruption(step["condition"], step["fail"], step.get("message", ""))] if "condition" in step else []
    status.update(phase="Failed", reason=step["fail"], message=step.get("message", ""), conditions=conditions(False, others))
    return status


def begun(pod):
    """What is so once containers run: those before them are done."""
    state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now(), "finishedAt": now()}}
    before = [container(spec, state, True) for spec in pod["spec"].get("initContainers", [])]
    return {"startTime": started(pod), **({"initContainerStatuses": before} if before else {})}
