"""Secret Manager: secrets and their versions, whose payloads are checked by their CRC-32C."""

import base64

import google_crc32c
from calls import Behaviour, page
from errors import failed_precondition, invalid, not_found
from services import policy_methods, resources
from store import Resource, timestamp

SECRETS = "secretmanager.projects.secrets"
VERSIONS = f"{SECRETS}.versions"


def replicas(secret):
    replication = secret["replication"]
    return replication["userManaged"]["replicas"] if "userManaged" in replication else [replication["automatic"]]


def places(secret):
    return {replica.get("location") for replica in replicas(secret)}


def check(call, old, new):
    replication = new.get("replication", {})
    if ("automatic" in replication) == ("userManaged" in replication):
        raise invalid("A secret needs a replication: automatic or userManaged.")
    if "userManaged" in replication and not replication["userManaged"].get("replicas"):
        raise invalid("A user-managed replication needs a location.")
    if old and places(old) != places(new):
        raise invalid("The locations of a secret cannot be changed.")
    resources.require_key(call, old, all("customerManagedEncryption" in replica for replica in replicas(new)))


COLLECTION = resources.Collection(
    service="secretmanager",
    methods=SECRETS,
    permissions="secretmanager.secrets",
    listed="secrets",
    id_parameter="secretId",
    kind="secret",
    fresh=lambda call, name: {"createTime": timestamp(), "etag": f'"{call.store.etag()}"'},
    check=check,
    numbered=True,
)


def add(call):
    secret = COLLECTION.found(call)
    payload = call.body["payload"]
    data = base64.b64decode(payload["data"])
    if "dataCrc32c" in payload and int(payload["dataCrc32c"]) != google_crc32c.value(data):
        raise invalid("The checksum of the payload does not match its data.")
    if len(data) > 64 * 1024:
        raise invalid("The payload is larger than 64 KiB.")
    resources.renew(call, secret)
    name = f"{call.name}/versions/{len(list(versions_of(call))) + 1}"
    value = {
        "name": name, "createTime": timestamp(), "state": "ENABLED", "etag": f'"{call.store.etag()}"',
        "clientSpecifiedPayloadChecksum": "dataCrc32c" in payload,
    }  # fmt: skip
    return COLLECTION.shown(call, call.store.put("secretmanager", name, Resource(call.of_project(), value, {"data": data})))


def versions_of(call):
    return call.store.under("secretmanager", f"{call.name}/versions")


def version(call):
    """The version in the path; `latest` is the newest."""
    secret, _, number = call.name.rpartition("/")
    if number == "latest":
        number = str(len(list(call.store.under("secretmanager", secret))))
    found = call.store.get("secretmanager", f"{secret}/{number}")
    if found is None:
        raise not_found(f"Secret Version [{call.store.numbered(call.name)}] not found.")
    return found


def list_versions(call):
    found = [resource for _, resource in call.store.under("secretmanager", call.name)]
    newest_first = sorted(found, key=lambda one: -int(one.value["name"].rsplit("/", 1)[-1]))
    items, rest = page(call, [COLLECTION.shown(call, one) for one in newest_first])
    return {"versions": items, **rest}


def access(call):
    found = version(call)
    shown = COLLECTION.shown(call, found)
    if shown["state"] != "ENABLED":
        raise failed_precondition(f"Secret Version [{shown['name']}] is in {shown['state']} state.")
    data = found.hidden["data"]
    payload = {"data": base64.b64encode(data).decode(), "dataCrc32c": str(google_crc32c.value(data))}
    return {"name": shown["name"], "payload": payload}


def change_to(state):
    def change(call):
        found = version(call)
        if found.value["state"] == "DESTROYED":
            raise failed_precondition(f"Secret Version [{call.store.numbered(call.name)}] is in DESTROYED state.")
        found.value["state"] = state
        if state == "DESTROYED":
            found.value["destroyTime"] = timestamp()
            found.hidden["data"] = b""
        return COLLECTION.shown(call, found)

    return change


METHODS = {
    **COLLECTION.behaviours("create", "get", "list", "patch", "delete"),
    **policy_methods.behaviours(SECRETS, "secretmanager.secrets"),
    f"{SECRETS}.addVersion": Behaviour(add, ("secretmanager.versions.add",)),
    f"{VERSIONS}.access": Behaviour(access, ("secretmanager.versions.access",)),
    f"{VERSIONS}.get": Behaviour(lambda call: COLLECTION.shown(call, version(call)), ("secretmanager.versions.get",)),
    f"{VERSIONS}.list": Behaviour(list_versions, ("secretmanager.versions.list",)),
    f"{VERSIONS}.destroy": Behaviour(change_to("DESTROYED"), ("secretmanager.versions.destroy",)),
    f"{VERSIONS}.disable": Behaviour(change_to("DISABLED"), ("secretmanager.versions.disable",)),
    f"{VERSIONS}.enable": Behaviour(change_to("ENABLED"), ("secretmanager.versions.enable",)),
}
