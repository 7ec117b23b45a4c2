"""Keeps the targets of a load balancer what the private API of an EKS cluster answers at.

EKS has interfaces in the cluster's subnets, named "Amazon EKS <cluster>", and makes others when it scales, mends or upgrades
its control plane. Each run compares all of them with all targets, so that no event has to arrive, nor only once.
"""

import json
import logging
import os

import boto3
from botocore.config import Config

log = logging.getLogger()
log.setLevel(logging.INFO)


def addresses(ec2, cluster, network):
    """The addresses that the API answers at now."""
    pages = ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[
            {"Name": "description", "Values": [f"Amazon EKS {cluster}"]},
            {"Name": "status", "Values": ["in-use"]},
            {"Name": "vpc-id", "Values": [network]},
        ]
    )
    return {each["PrivateIpAddress"] for page in pages for each in page["NetworkInterfaces"]}


def registered(balancing, group):
    """The targets that are to stay; one that is draining has been taken away."""
    found = balancing.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return {each["Target"]["Id"] for each in found if each["TargetHealth"]["State"] != "draining"}


def follow(ec2, balancing, cluster, network, group):
    """Makes the targets the addresses; says what changed."""
    wanted = addresses(ec2, cluster, network)
    if not wanted:
        # Rather targets that may be stale than none: EKS is about to make its interfaces, or may not be asked.
        log.error("no interface of %s is in use in %s: the targets stay as they are", cluster, network)
        return {"added": [], "removed": []}
    known = registered(balancing, group)
    added, removed = sorted(wanted - known), sorted(known - wanted)
    # First those that answer, so that there is always one.
    if added:
        balancing.register_targets(TargetGroupArn=group, Targets=[{"Id": address} for address in added])
    if removed:
        balancing.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address} for address in removed])
    return {"added": added, "removed": removed}


def handler(_event, _context):
    """What Lambda calls. An error fails the run: Lambda repeats it, and so does the schedule."""
    config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4})
    try:
        changed = follow(
            boto3.client("ec2", config=config),
            boto3.client("elbv2", config=config),
            os.environ["CLUSTER"],
            os.environ["NETWORK"],
            os.environ["TARGET_GROUP"],
        )
    except Exception:
        log.exception("the targets could not be compared")
        raise
    log.info(json.dumps(changed))
    return changed
