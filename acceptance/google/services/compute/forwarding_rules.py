"""Forwarding rules that are endpoints: to a service attachment in its region, to a bundle of Google's own interfaces in none."""

import re

import names
from calls import Behaviour
from services.compute import addresses, connections, links, networks, operations
from store import Resource

BUNDLES = ("all-apis", "vpc-sc")
ATTACHMENT = re.compile(r"projects/[^/]+/regions/([^/]+)/serviceAttachments/[^/]+")


def insert(call):
    body, store = call.body, call.store
    name = f"{call.name}/{body.get('name', '')}"
    target = body.get("target", "")
    if body.get("labels"):
        raise links.invalid("labels", body["labels"], "They can only be added by setLabels.")
    if body.get("loadBalancingScheme", "EXTERNAL") != "":
        raise links.invalid("loadBalancingScheme", body.get("loadBalancingScheme"), "Endpoints have none, and the stand-in has no load balancers.")
    regional = "/regions/" in name
    hidden = attachment(call, name, target) if regional else bundle(body, target)
    if store.get("compute", name):
        raise links.exists(name)
    address_name = operations.store_name(call, body.get("IPAddress", ""))
    kind = "addresses" if regional else "globalAddresses"
    operations.also(call, f"compute.{kind}.use", address_name)
    address = links.found(store, address_name)
    if user := addresses.user_of(store, address_name):
        raise links.in_use(address_name, user)
    if links.scope(address_name) != links.scope(name):
        raise links.invalid("IPAddress", body["IPAddress"], "It lies elsewhere.")
    network = operations.store_name(call, body.get("network", address.hidden["network"]))
    operations.also(call, "compute.networks.use", network)
    if network != address.hidden["network"]:
        raise links.invalid("network", body["network"], "The address lies in another network.")
    # Not kept: by what Google's own generator of clients says of `noAutomateDnsZone` (`ignore_read`), no answer has it.
    value = {
        **networks.identity(store, name, "forwardingRule"), "IPAddress": address.value["address"], "IPProtocol": "TCP",
        "description": body.get("description"), "fingerprint": store.etag(), "labelFingerprint": store.etag(),
        "network": links.url(network), "networkTier": "PREMIUM", "pscConnectionId": str(7_000_000_000_000 + store.serial()),
        "target": target if target in BUNDLES else links.url(links.path(target)),
        "allowPscGlobalAccess": body.get("allowPscGlobalAccess") or None,
        "serviceDirectoryRegistrations": [{"namespace": f"goog-psc-{network.rsplit('/', 1)[-1]}-{store.serial()}"}],
    }  # fmt: skip
    hidden |= {"address": address_name, "without names": body.get("noAutomateDnsZone", False)}
    store.put("compute", name, Resource(call.of_project(), value, hidden))
    if regional:
        connections.settle(store, links.found(store, links.path(target)))
    return name


def attachment(call, name, target):
    """What an endpoint of a service attachment keeps of that."""
    names.check("forwarding rule", name.rsplit("/", 1)[-1])
    leads = ATTACHMENT.fullmatch(links.path(target))
    if leads is None:
        raise links.invalid("target", target, "The stand-in has endpoints of service attachments only.")
    if leads[1] != name.split("/")[3]:
        raise links.invalid("target", target, "The service attachment and the forwarding rule must be in the same region.")
    # Of whichever project: consumers may lead to it without being able to read it.
    return {"attachment": links.found(call.store, links.path(target)).value["id"]}


def bundle(body, target):
    if target not in BUNDLES:
        raise links.invalid("target", target, f"It must be one of {BUNDLES}.")
    names.check("endpoint of a bundle", body.get("name", ""))
    if not body.get("network"):
        raise links.invalid("network", "", "A network must be provided.")
    return {}


def shown(_store, name, rule):
    return links.own({**rule.value, "selfLinkWithId": links.url(links.with_id(name, rule)), "pscConnectionStatus": rule.hidden.get("status")})


def get(call):
    return shown(call.store, call.name, links.found(call.store, call.name))


def patch(call):
    rule = links.found(call.store, call.name)
    if others := set(call.body) - {"allowPscGlobalAccess", "fingerprint"}:
        raise links.invalid(sorted(others)[0], "", "It cannot be changed.")
    if call.body.get("fingerprint", rule.value["fingerprint"]) != rule.value["fingerprint"]:
        raise links.stale()
    rule.value |= {"allowPscGlobalAccess": call.body.get("allowPscGlobalAccess") or None, "fingerprint": call.store.etag()}
    return call.name


def delete(call):
    links.found(call.store, call.name)
    call.store.remove("compute", call.name)
    return call.name


def methods(kind):
    """By Google's documents, an endpoint takes a permission of its own in the place of that on other rules, or beside it."""
    own = f"compute.{kind}"
    both = lambda usual, psc: (f"{own}.{usual}", f"{own}.{psc}")  # noqa: E731
    return {
        f"{own}.get": Behaviour(get, (f"{own}.get",), operations.target_of),
        f"{own}.list": networks.listing(own, shown),
        f"{own}.insert": operations.change("createPSCServiceEndpoint", both("create", "pscCreate"))(insert),
        f"{own}.patch": operations.change("patch", both("update", "pscUpdate"))(patch),
        f"{own}.delete": operations.change("deletePscForwardingRule", both("delete", "pscDelete"))(delete),
        f"{own}.setLabels": operations.change("setLabels", both("setLabels", "pscSetLabels"), slow=False)(addresses.set_labels),
    }


METHODS = {**methods("forwardingRules"), **methods("globalForwardingRules")}
