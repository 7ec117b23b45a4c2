"""Cloud Logging: log buckets, which keep their names for a week after deletion, and the entries of a project."""

from access import require
from calls import Behaviour, named
from errors import failed_precondition, invalid
from services import resources
from store import timestamp

BUCKETS = "logging.projects.locations.buckets"


def fresh(call, name):
    now = timestamp()
    return {"retentionDays": 30, "createTime": now, "updateTime": now, "lifecycleState": "ACTIVE"}


def check(call, old, new):
    days = new.get("retentionDays", 30)
    if not 1 <= days <= 3650:
        raise invalid(f"Retention of {days} days is not between 1 and 3650.")
    if old.get("locked"):
        raise failed_precondition("The bucket is locked.")
    key_of = {name: value.get("cmekSettings", {}).get("kmsKeyName") for name, value in (("old", old), ("new", new))}
    if key_of["old"] and not key_of["new"]:
        raise failed_precondition("CMEK settings of a log bucket cannot be disabled once they are enabled.")
    resources.require_key(call, old, key_of["new"])


COLLECTION = resources.Collection(
    service="logging",
    methods=BUCKETS,
    permissions="logging.buckets",
    listed="buckets",
    id_parameter="bucketId",
    kind="log bucket",
    fresh=fresh,
    check=check,
    soft=resources.SoftDeletion(field="lifecycleState", deleted="DELETE_REQUESTED", days=7, expires=False),
)


def list_entries(call):
    """The entries of a project; a view of a bucket has those that a sink sends there, and there are no sinks here."""
    found = []
    for name in call.body["resourceNames"]:
        permission = "logging.views.access" if "/views/" in name else "logging.logEntries.list"
        name = call.store.canonical(name)
        require(call.store, call.caller, (permission,), named(call.store, "logging", name))
        if "/" not in name.removeprefix("projects/"):
            found += call.store.project(name.split("/")[1]).entries
    return {"entries": found} if found else {}


def write_entries(call):
    for entry in call.body.get("entries", []):
        name = entry.get("logName") or call.body.get("logName", "")
        if not name.startswith("projects/") or "/logs/" not in name:
            raise invalid("An entry needs a log name, projects/PROJECT/logs/LOG.")
        project = call.store.project(name.split("/")[1])
        require(call.store, call.caller, ("logging.logEntries.create",), named(call.store, "logging", f"projects/{project.id}"))
        now = timestamp()
        given = {"resource": call.body.get("resource", {"type": "global"}), "insertId": f"entry{call.store.serial()}", **entry}
        project.entries.append({"timestamp": now, "receiveTimestamp": now, **given, "logName": name})
    return {}


METHODS = {
    **COLLECTION.behaviours("create", "get", "list", "patch", "delete", "undelete"),
    "logging.entries.list": Behaviour(list_entries, target=lambda call: None),
    "logging.entries.write": Behaviour(write_entries, target=lambda call: None),
}
