"""Resource Manager: projects and their policies."""

from calls import Behaviour
from services import policy_methods
from store import timestamp


def get(call):
    project = call.of_project()
    if call.method.api.version == "v1":
        return {
            "projectNumber": project.number, "projectId": project.id, "lifecycleState": "ACTIVE", "name": project.id,
            "createTime": timestamp(),
        }  # fmt: skip
    return {
        "name": f"projects/{project.number}", "projectId": project.id, "state": "ACTIVE", "displayName": project.id,
        "etag": 'W/"1"', "createTime": timestamp(),
    }  # fmt: skip


METHODS = {
    "cloudresourcemanager.projects.get": Behaviour(get, ("resourcemanager.projects.get",)),
    **policy_methods.behaviours("cloudresourcemanager.projects", "resourcemanager.projects"),
}
