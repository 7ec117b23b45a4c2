"""Artifact Registry: repositories, made and deleted by operations, and the images that a test says are in them."""

from calls import Behaviour, page
from errors import invalid
from services import policy_methods, resources
from store import timestamp

REPOSITORIES = "artifactregistry.projects.locations.repositories"


def fresh(call, name):
    _, project, _, location, _, identifier = name.split("/")
    now = timestamp()
    return {
        "createTime": now, "updateTime": now, "mode": "STANDARD_REPOSITORY", "satisfiesPzi": True,
        "registryUri": f"{location}-docker.pkg.dev/{project}/{identifier}",
    }  # fmt: skip


def check(call, old, new):
    if new.get("format", "FORMAT_UNSPECIFIED") == "FORMAT_UNSPECIFIED":
        raise invalid("A repository needs a format.")
    for field in ("format", "mode", "kmsKeyName"):
        if old and old.get(field) != new.get(field):
            raise invalid(f"{field} cannot be changed.")
    resources.require_key(call, old, new.get("kmsKeyName"))
    for key, policy in new.get("cleanupPolicies", {}).items():
        if policy.get("id") != key:
            raise invalid(f"The cleanup policy {key} has another id: {policy.get('id')}.")
        if ("condition" in policy) == ("mostRecentVersions" in policy):
            raise invalid(f"The cleanup policy {key} needs a condition or the most recent versions, and not both.")
        if "mostRecentVersions" in policy and policy.get("action") != "KEEP":
            raise invalid(f"The cleanup policy {key} can only keep the most recent versions.")


COLLECTION = resources.Collection(
    service="artifactregistry",
    methods=REPOSITORIES,
    permissions="artifactregistry.repositories",
    listed="repositories",
    id_parameter="repositoryId",
    kind="repository",
    fresh=fresh,
    check=check,
    slow=("create", "delete"),
    response_type="type.googleapis.com/google.devtools.artifactregistry.v1.Repository",
)


def images(call):
    items, rest = page(call, [resource.value for _, resource in call.store.under("artifactregistry", call.name)])
    return {**({"dockerImages": items} if items else {}), **rest}


METHODS = {
    **COLLECTION.behaviours("create", "get", "list", "patch", "delete"),
    f"{REPOSITORIES}.dockerImages.list": Behaviour(images, ("artifactregistry.dockerimages.list",)),
    **policy_methods.behaviours(REPOSITORIES, "artifactregistry.repositories"),
    "artifactregistry.projects.locations.operations.get": Behaviour(resources.operation),
}
