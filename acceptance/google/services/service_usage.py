"""Service Usage: which APIs are enabled."""

from calls import Behaviour
from services import resources

RESPONSE = "type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse"


def described(call):
    project, host = call.of_project(), call.name.rsplit("/", 1)[-1]
    return {
        "name": call.store.numbered(call.name), "parent": f"projects/{project.number}", "config": {"name": host},
        "state": "DISABLED" if host in project.disabled else "ENABLED",
    }  # fmt: skip


def enable(call):
    project = call.of_project()
    project.disabled.discard(call.name.rsplit("/", 1)[-1])
    response = {"@type": RESPONSE, "service": described(call)}
    return call.store.begin(project, f"operations/acat.p2-{project.number}-{call.store.serial()}", response)


def operation(call):
    return resources.ended(call.store.operations.get(call.name), call.name)


METHODS = {
    "serviceusage.services.get": Behaviour(described, ("serviceusage.services.get",)),
    "serviceusage.services.enable": Behaviour(enable, ("serviceusage.services.enable",)),
    "serviceusage.operations.get": Behaviour(operation, target=lambda call: None),
}
