"""What tests tell the stand-in, under /_ec2/ACCOUNT: how fast it is, what others do, and what it has seen."""

import dataclasses

from moto.ec2.models import ec2_backends

import authorization
import world
from services import offer

REGION = "eu-west-1"
STATES = ("available", "pendingAcceptance", "rejected", "expired", "failed", "partial", "withdrawn")

_violations = {}


def violations(account):
    return _violations.setdefault(account, [])


class Unknown(Exception):
    """A test asked for something that is not there."""


def answer(method, path, body):
    """The JSON that a test gets."""
    account, what, *rest = path.removeprefix("/_ec2/").split("/")
    match method, what, rest:
        case "PUT", "settings", []:
            ours = world.settings(account)
            for name, value in body.items():
                if name not in vars(ours):
                    raise Unknown(f"{name} is no setting")
                setattr(ours, name, value)
            return dataclasses.asdict(ours)
        case "POST", "offers", []:
            region = body.get("region", REGION)
            zones = body.get("zones") or [zone.zone_id for zone in ec2_backends[account][region].describe_availability_zones()]
            owner = body.get("owner", "999999999999")
            made = offer(account, owner, region, body["acceptance"], zones, body.get("privateDnsName"))
            return {"serviceId": made.id, "serviceName": made.service_name, "owner": owner}
        case "POST", "endpoints", [identifier]:
            return bring(account, body.get("region", REGION), identifier, body["state"])
        case "POST", "principals", []:
            authorization.register(body["arn"], body["documents"])
            return {}
        case "GET" | "DELETE", "violations", []:
            found = list(violations(account))
            if method == "DELETE":
                violations(account).clear()
            return found
        case "GET" | "DELETE", "authorized", []:
            found = sorted(authorization.authorized(account))
            if method == "DELETE":
                authorization.authorized(account).clear()
            return found
    raise Unknown(f"{method} {path}")


def bring(account, region, identifier, state):
    """Lets an endpoint of this account come to a state, as its service's owner or the time would."""
    endpoint = ec2_backends[account][region].vpc_end_points.get(identifier)
    if endpoint is None:
        raise Unknown(f"no endpoint {identifier} in {account}")
    if state not in STATES:
        raise Unknown(f"{state} is none of {', '.join(STATES)}")
    if state == "available":
        endpoint.pend()
    elif state == "withdrawn":
        # The service goes, whoever owns it, and what led to it is good for nothing.
        for service in list(world.services(region)):
            if service.service_name == endpoint.service_name:
                service.ec2_backend.configurations.pop(service.id)
        endpoint.end("failed")
    else:
        endpoint.end(state)
    return {"state": endpoint.state}
