"""Service attachments: published load balancers, with the lists by which connections are let in."""

import copy
import re

import names
from calls import Behaviour
from services.compute import connections, links, networks, operations
from store import Resource

ENDPOINT = re.compile(r"projects/[^/]+/(regions/[^/]+|global)/forwardingRules/[1-9][0-9]*")
KINDS = ("projectIdOrNum", "networkUrl", "endpointUrl")
CHANGED = {
    "description", "targetService", "natSubnets", "connectionPreference", "consumerAcceptLists", "consumerRejectLists",
    "enableProxyProtocol", "reconcileConnections",
}  # fmt: skip


def insert(call):
    body, store = copy.deepcopy(call.body), call.store
    names.check("service attachment", body["name"])
    name = f"{call.name}/{body['name']}"
    if store.get("compute", name):
        raise links.exists(name)
    body.pop("fingerprint", None)
    check(call, name, body, body)
    value = {**networks.identity(store, name, "serviceAttachment"), **body, "fingerprint": store.etag()}
    store.put("compute", name, Resource(call.of_project(), value))
    return name


def patch(call):
    """A merge, which replaces lists as a whole."""
    resource = links.found(call.store, call.name)
    given = copy.deepcopy(call.body)
    if given.pop("fingerprint", None) != resource.value["fingerprint"]:
        raise links.stale()
    for field in sorted(set(given) - CHANGED):
        if given[field] != resource.value.get(field):
            raise links.invalid(field, given[field], "It cannot be changed.")
    new = {**resource.value, **given}
    check(call, call.name, new, given)
    resource.value = {**new, "fingerprint": call.store.etag()}
    connections.settle(call.store, resource)
    return call.name


def check(call, name, value, given):
    store = call.store
    if "targetService" in given or "targetService" not in value:
        rule_name = operations.store_name(call, value.get("targetService", ""))
        operations.also(call, "compute.forwardingRules.use", rule_name)
        scheme = links.found(store, rule_name).value.get("loadBalancingScheme", "")
        if not scheme.startswith("INTERNAL") or links.scope(rule_name) != links.scope(name):
            raise links.invalid("targetService", value["targetService"], "It must be an internal forwarding rule of the same region.")
        value["targetService"] = links.url(rule_name)
    if "natSubnets" in given or "natSubnets" not in value:
        value["natSubnets"] = [links.url(nat(call, name, link)) for link in value.get("natSubnets", [])]
        if not value["natSubnets"]:
            raise links.invalid("natSubnets", "", "At least one NAT subnet is needed.")
    if value.get("connectionPreference") not in ("ACCEPT_AUTOMATIC", "ACCEPT_MANUAL"):
        raise links.invalid("connectionPreference", value.get("connectionPreference"), "It must be said.")
    for domain in value.get("domainNames", []):
        if not domain.endswith(".") or len(value["domainNames"]) > 1:
            raise links.invalid("domainNames", domain, "There is one at most, with a dot at its end.")
    check_lists(value)


def check_lists(value):
    kinds = set()
    for consumer in value.get("consumerAcceptLists", []):
        given = [kind for kind in KINDS if consumer.get(kind)]
        if len(given) != 1 or not consumer.get("connectionLimit"):
            raise links.invalid("consumerAcceptLists", consumer, "Each entry is one project, network or endpoint, with a limit.")
        if given == ["endpointUrl"]:
            if consumer["connectionLimit"] > 1:
                raise links.invalid("consumerAcceptLists", consumer, "The limit of an endpoint is 1.")
            check_endpoint("consumerAcceptLists", consumer["endpointUrl"])
        kinds.update(given)
    for listed in value.get("consumerRejectLists", []):
        if "/forwardingRules/" in listed:
            check_endpoint("consumerRejectLists", listed)
        kinds.add("endpointUrl" if "/forwardingRules/" in listed else "networkUrl" if "/networks/" in listed else "projectIdOrNum")
    if len(kinds) > 1:
        raise links.invalid("consumerAcceptLists", sorted(kinds), "Both lists hold only projects, only networks or only endpoints.")


def check_endpoint(field, link):
    """Google's guide ("Manage published services"): an endpoint is listed by its number, which is not known before there is one."""
    if not ENDPOINT.fullmatch(links.path(link)):
        raise links.invalid(field, link, "An endpoint is named by its resource id.")


def nat(call, name, link):
    """A subnet for the addresses of consumers' traffic: of that purpose, and of this attachment alone."""
    subnet_name = operations.store_name(call, link)
    operations.also(call, "compute.subnetworks.use", subnet_name)
    if links.found(call.store, subnet_name).value["purpose"] != "PRIVATE_SERVICE_CONNECT":
        raise links.invalid("natSubnets", link, "Subnetwork must have purpose=PRIVATE_SERVICE_CONNECT.")
    for (service, other), resource in call.store.resources.items():
        if service == "compute" and other != name and links.url(subnet_name) in resource.value.get("natSubnets", []):
            raise links.in_use(subnet_name, other)
    return subnet_name


def shown(store, resource):
    return links.own({**resource.value, "connectedEndpoints": connections.connected(store, resource)})


def get(call):
    return shown(call.store, links.found(call.store, call.name))


def delete(call):
    connections.close(call.store, links.found(call.store, call.name))
    call.store.remove("compute", call.name)
    return call.name


OWN = "compute.serviceAttachments"
METHODS = {
    f"{OWN}.get": Behaviour(get, (f"{OWN}.get",), operations.target_of),
    f"{OWN}.list": networks.listing(OWN, lambda store, _, resource: shown(store, resource)),
    f"{OWN}.insert": operations.change("insert", (f"{OWN}.create",))(insert),
    f"{OWN}.patch": operations.change("patch", (f"{OWN}.update",))(patch),
    f"{OWN}.delete": operations.change("delete", (f"{OWN}.delete",))(delete),
}
