"""Addresses, of a region and of none, as endpoints use them: internal ones."""

import ipaddress

import names
from calls import Behaviour
from errors import Refused
from services.compute import links, networks, operations
from store import Resource

# Where addresses of no region are taken from where none is asked for.
ANYWHERE = "10.255.240.0/20"


def used(store, network):
    return {
        resource.value["address"] for (service, name), resource in store.resources.items()
        if service == "compute" and "/addresses/" in name and resource.hidden["network"] == network
    }  # fmt: skip


def insert(call):
    body, store = call.body, call.store
    names.check("address", body["name"])
    name = f"{call.name}/{body['name']}"
    if store.get("compute", name):
        raise links.exists(name)
    if body.get("addressType") != "INTERNAL":
        raise links.invalid("addressType", body.get("addressType"), "The stand-in has internal addresses only.")
    if body.get("labels"):
        raise links.invalid("labels", body["labels"], "They can only be added by setLabels.")
    own = {"addressType": "INTERNAL", "description": body.get("description"), "status": "RESERVED", "networkTier": "PREMIUM"}
    if "/regions/" in name:
        subnet_name = operations.store_name(call, body.get("subnetwork", ""))
        operations.also(call, "compute.subnetworks.use", subnet_name)
        subnet = links.found(store, subnet_name).value
        network, inside = links.path(subnet["network"]), ipaddress.ip_network(subnet["ipCidrRange"])
        own["subnetwork"] = links.url(subnet_name)
    else:
        if body.get("purpose") != "PRIVATE_SERVICE_CONNECT":
            raise links.invalid("purpose", body.get("purpose"), "Internal addresses of no region are for Private Service Connect here.")
        network, inside = operations.store_name(call, body.get("network", "")), ipaddress.ip_network(ANYWHERE)
        operations.also(call, "compute.networks.use", network)
        links.found(store, network)
        own |= {"purpose": body["purpose"], "network": links.url(network)}
    taken = used(store, network)
    # The first two and the last ones of a subnet are Google's.
    free = (str(one) for one in list(inside.hosts())[1:] if str(one) not in taken)
    asked = body.get("address")
    if asked in taken:
        message = f"IP '{asked}' is already being used by another resource."
        raise Refused(400, "INVALID_ARGUMENT", message, reason="invalid")
    if asked and "/regions/" in name and ipaddress.ip_address(asked) not in inside:
        raise links.invalid("address", asked, "Requested internal IP address is outside the subnetwork CIDR range.")
    value = {**networks.identity(store, name, "address"), **own, "address": asked or next(free), "labelFingerprint": store.etag()}
    store.put("compute", name, Resource(call.of_project(), value, {"network": network}))
    return name


def user_of(store, name):
    """The endpoint that uses an address."""
    users = (rule for (service, rule), found in store.resources.items() if service == "compute" and found.hidden.get("address") == name)
    return next(users, None)


def shown(store, name, resource):
    user = user_of(store, name)
    status = {"status": "IN_USE", "users": [links.url(user)]} if user else {}
    return links.own({**resource.value, **status})


def get(call):
    return shown(call.store, call.name, links.found(call.store, call.name))


def delete(call):
    links.found(call.store, call.name)
    if user := user_of(call.store, call.name):
        raise links.in_use(call.name, user)
    call.store.remove("compute", call.name)
    return call.name


def set_labels(call):
    """Of an address, or of a forwarding rule."""
    resource = links.found(call.store, call.name)
    if call.body.get("labelFingerprint") != resource.value["labelFingerprint"]:
        raise links.stale()
    names.check_labels(call.body.get("labels", {}))
    resource.value |= {"labels": call.body.get("labels", {}), "labelFingerprint": call.store.etag()}
    return call.name


def methods(kind):
    permissions = f"compute.{kind}"
    # Some permissions are of internal addresses alone.
    return {
        f"compute.{kind}.get": Behaviour(get, (f"{permissions}.get",), operations.target_of),
        f"compute.{kind}.list": networks.listing(permissions, shown),
        f"compute.{kind}.insert": operations.change("insert", (f"{permissions}.createInternal",))(insert),
        f"compute.{kind}.delete": operations.change("delete", (f"{permissions}.deleteInternal",))(delete),
        f"compute.{kind}.setLabels": operations.change("setLabels", (f"{permissions}.setLabels",), slow=False)(set_labels),
    }


METHODS = {**methods("addresses"), **methods("globalAddresses")}
