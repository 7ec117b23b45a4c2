"""Resource Manager: projects and their policies."""

from dataclasses import replace

import calls
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


def target(call):
    """A project; conditions see which roles a new policy of it would give or take."""
    project = calls.target(call)
    policy = (call.body or {}).get("policy")
    if policy is None:
        return project
    modified = call.store.policies.modified_roles((call.service, call.name), policy)
    return replace(project, attributes={"iam.googleapis.com/modifiedGrantsByRole": modified})


METHODS = {
    "cloudresourcemanager.projects.get": Behaviour(get, ("resourcemanager.projects.get",)),
    **policy_methods.behaviours("cloudresourcemanager.projects", "resourcemanager.projects", target=target),
}
