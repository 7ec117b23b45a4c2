"""Networks, subnetworks and internal load balancers: put there by a test, and readable."""

import re

from calls import Behaviour, page
from services.compute import links, operations
from store import Resource, timestamp

# The one form of filters that our code writes; Google's clients write others, which are passed over.
FILTER = re.compile(r'(\w+) ?= ?"([^"]*)"')


def put(store, project, asked):
    """Makes a network with what is in it, or adds to one; answers with the names."""
    before = f"projects/{project.id}"
    network = f"{before}/global/networks/{asked['name']}"
    names = [network]
    if store.get("compute", network) is None:
        add(store, project, network, "network", {"autoCreateSubnetworks": False})
    for subnet in asked.get("subnetworks", []):
        name = f"{before}/regions/{subnet['region']}/subnetworks/{subnet['name']}"
        fields = {"network": links.url(network), "ipCidrRange": subnet["range"], "purpose": subnet.get("purpose", "PRIVATE")}
        add(store, project, name, "subnetwork", {**fields, "stackType": "IPV4_ONLY"})
        names.append(name)
    for rule in asked.get("forwardingRules", []):
        name = f"{before}/regions/{rule['region']}/forwardingRules/{rule['name']}"
        fields = {"network": links.url(network), "loadBalancingScheme": rule.get("scheme", "INTERNAL"), "IPProtocol": "TCP"}
        add(store, project, name, "forwardingRule", {**fields, "labelFingerprint": store.etag(), "fingerprint": store.etag()})
        names.append(name)
    return {"names": names}


def add(store, project, name, kind, fields):
    value = {**identity(store, name, kind), **fields}
    return store.put("compute", name, Resource(project, value))


def identity(store, name, kind):
    """What every object of Compute Engine has."""
    value = {
        "kind": f"compute#{kind}", "id": str(1_000_000_000_000 + store.serial()), "name": name.rsplit("/", 1)[-1],
        "creationTimestamp": timestamp(), "selfLink": links.url(name),
    }  # fmt: skip
    if "/regions/" in name:
        value["region"] = links.url(links.scope(name))
    return value


def get(call):
    return links.found(call.store, call.name).value


def listing(methods, show):
    """The method that lists a collection, each object as `show` does."""

    def answer(call):
        found = [show(call.store, name, resource) for name, resource in call.store.under("compute", call.name)]
        if equal := FILTER.fullmatch(call.q.get("filter", "")):
            found = [one for one in found if str(one.get(equal[1])) == equal[2]]
        items, rest = page(call, found, "maxResults")
        return links.own({"id": call.name, "items": items, **rest})

    return Behaviour(answer, (f"{methods}.list",), operations.target_of)


METHODS = {
    "compute.networks.get": Behaviour(get, ("compute.networks.get",), operations.target_of),
    "compute.subnetworks.get": Behaviour(get, ("compute.subnetworks.get",), operations.target_of),
}
