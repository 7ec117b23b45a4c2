"""Connections: what becomes of an endpoint by the lists of the service attachment that it leads to.

Written after Google's documents ("About controlling access to published services") and the field descriptions: nobody recorded
what a real attachment answers while its owner changes his mind."""

from errors import invalid
from services.compute import links

STATUSES = ("ACCEPTED", "CLOSED", "NEEDS_ATTENTION", "PENDING", "REJECTED")


def endpoints(store, attachment):
    """The endpoints that lead to an attachment, the oldest first; not those of another one of that name before."""
    found = [
        (name, rule) for (service, name), rule in store.resources.items()
        if service == "compute" and rule.hidden.get("attachment") == attachment.value["id"]
    ]  # fmt: skip
    return sorted(found, key=lambda one: int(one[1].value["id"]))


def matches(store, listed, name, rule):
    """Whether an entry of a list is about an endpoint: its project, its network, or itself by its number."""
    given = store.canonical(links.path(listed))
    project = store.project(links.project(name))
    return given in (project.id, project.number, f"projects/{project.id}", links.with_id(name, rule), links.path(rule.value["network"]))


def named(consumer):
    return consumer.get("projectIdOrNum") or consumer.get("networkUrl") or consumer.get("endpointUrl") or ""


def settle(store, attachment):
    """Lets all endpoints of an attachment stand as its lists say."""
    value, used = attachment.value, {}
    for name, rule in endpoints(store, attachment):
        status = rule.hidden.get("status")
        decision = decided(store, value, name, rule, used)
        stays = status == "CLOSED" or (status not in (None, "PENDING") and not value.get("reconcileConnections"))
        rule.hidden["status"] = status if stays else decision


def decided(store, value, name, rule, used):
    """What the lists say of an endpoint. `used` counts how many of each entry were let in."""
    if any(matches(store, listed, name, rule) for listed in value.get("consumerRejectLists", [])):
        return "REJECTED"
    if value["connectionPreference"] == "ACCEPT_AUTOMATIC":
        return "ACCEPTED"
    for consumer in value.get("consumerAcceptLists", []):
        if matches(store, named(consumer), name, rule):
            used[named(consumer)] = used.get(named(consumer), 0) + 1
            return "ACCEPTED" if used[named(consumer)] <= consumer["connectionLimit"] else "PENDING"
    return "PENDING"


def close(store, attachment):
    """The attachment is gone, for good."""
    for _, rule in endpoints(store, attachment):
        rule.hidden["status"] = "CLOSED"


def connected(store, attachment):
    """As the owner of an attachment sees its connections."""
    return [
        {
            "endpoint": links.url(name), "endpointWithId": links.url(links.with_id(name, rule)), "status": rule.hidden["status"],
            "pscConnectionId": rule.value["pscConnectionId"], "consumerNetwork": rule.value["network"],
        }
        for name, rule in endpoints(store, attachment)
    ]  # fmt: skip


def named_so(store, project, rule):
    """The endpoints of a project that have this name."""
    return [
        resource for (service, name), resource in store.resources.items()
        if service == "compute" and name.startswith(f"projects/{project.id}/") and name.endswith(f"/forwardingRules/{rule}")
    ]  # fmt: skip


def untold(store, project, rule):
    """What an endpoint was made with, and no answer says."""
    return {"noAutomateDnsZone": [one.hidden.get("without names", False) for one in named_so(store, project, rule)]}


def set_status(store, project, rule, status):
    """What a test says that became of an endpoint."""
    found = named_so(store, project, rule)
    if status not in STATUSES or len(found) != 1:
        raise invalid(f"there is no status {status}, or no one endpoint {rule}")
    found[0].hidden["status"] = status
    return {}
