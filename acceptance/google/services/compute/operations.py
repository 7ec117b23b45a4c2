"""Operations of Compute Engine's own kind: a status that becomes DONE after so many looks. What is asked for is done at once; a
second request with the id of the first is answered with the same operation, and does nothing."""

from access import Target, chain_of, require
from calls import Behaviour
from services.compute import links
from store import Resource, timestamp


def target_of(call):
    return target(call.store, call.name)


def target(store, name):
    """What policies see of an object, or of what it is to be in."""
    kind = name.split("/")[-2]
    return Target("compute", chain_of(store, "compute", "/".join(name.split("/")[:2])), name, f"compute.googleapis.com/{kind}")


def also(call, permission, name):
    """A permission on something that the call uses."""
    require(call.store, call.caller, (permission,), target(call.store, store_name(call, name)))


def store_name(call, link):
    """The name of an object that a call names by a link, whole or from the project on."""
    name = links.path(link)
    if not name.startswith("projects/") or len(name.split("/")) < 4:
        raise links.invalid("", link, "The URL is malformed.")
    return call.store.canonical(name)


def change(kind, permissions, slow=True):
    """A method that changes something: `do` answers with the name of what is changed."""

    def behaviour(do):
        def answer(call):
            project = call.of_project()
            asked = call.q.get("requestId")
            known = call.store.get("compute-requests", f"{project.id}/{asked}") if asked else None
            if known is None:
                name = do(call)
                known = begin(call, project, kind, name, project.operation_polls if slow else 0)
                if asked:
                    call.store.put("compute-requests", f"{project.id}/{asked}", known)
            return shown(known, looked=False)

        return Behaviour(answer, permissions, target_of)

    return behaviour


def begin(call, project, kind, name, polls):
    serial = call.store.serial()
    scope = links.scope(name)
    now = timestamp()
    # What is deleted is gone by now.
    target = call.store.get("compute", name)
    value = {
        "kind": "compute#operation", "id": str(4_000_000_000_000 + serial), "name": f"operation-{serial}", "operationType": kind,
        "insertTime": now, "startTime": now, "user": call.caller.name.split(":", 1)[-1],
        "targetId": target.value["id"] if target else str(5_000_000_000_000 + serial), "targetLink": links.url(name),
        "selfLink": links.url(f"{scope}/operations/operation-{serial}"),
    }  # fmt: skip
    if "/regions/" in scope:
        value["region"] = links.url(scope)
    operation = Resource(project, value, {"polls": polls})
    return call.store.put("compute", f"{scope}/operations/operation-{serial}", operation)


def shown(operation, looked=True):
    if looked:
        operation.hidden["polls"] -= 1
    if operation.hidden["polls"] > 0:
        return {**operation.value, "status": "RUNNING", "progress": 0}
    return {**operation.value, "status": "DONE", "progress": 100, "endTime": timestamp()}


def get(call):
    return shown(links.found(call.store, call.name))


METHODS = {
    "compute.regionOperations.get": Behaviour(get, ("compute.regionOperations.get",), target_of),
    "compute.globalOperations.get": Behaviour(get, ("compute.globalOperations.get",), target_of),
}
