"""Who may do what: documents that a test registered, evaluated by ministack's evaluator in our context.

Which resources an action is about, and which tags are asked for, is after AWS's service authorization reference: a table of ours.
"""

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from moto.ec2.models import ec2_backends

SERVICE = [("vpc-endpoint-service", "ServiceId")]
# Parameters that name resources, by action; those that are not here are about everything ("*").
ACTIONS = {
    "AcceptVpcEndpointConnections": SERVICE,
    "CreateVpcEndpoint": [
        ("vpc-endpoint", None),
        ("vpc", "VpcId"),
        ("subnet", "SubnetId"),
        ("security-group", "SecurityGroupId"),
        ("route-table", "RouteTableId"),
    ],
    "CreateVpcEndpointServiceConfiguration": [("vpc-endpoint-service", None)],
    "DeleteVpcEndpointServiceConfigurations": SERVICE,
    "DeleteVpcEndpoints": [("vpc-endpoint", "VpcEndpointId")],
    "DescribeVpcAttribute": [("vpc", "VpcId")],
    "DescribeVpcEndpointServicePermissions": SERVICE,
    "ModifyVpcEndpoint": [
        ("vpc-endpoint", "VpcEndpointId"),
        *(
            (kind, verb + name)
            for kind, name in (("subnet", "SubnetId"), ("security-group", "SecurityGroupId"), ("route-table", "RouteTableId"))
            for verb in ("Add", "Remove")
        ),
    ],
    "ModifyVpcEndpointServiceConfiguration": SERVICE,
    "ModifyVpcEndpointServicePermissions": SERVICE,
    "RejectVpcEndpointConnections": SERVICE,
    "StartVpcEndpointServicePrivateDnsVerification": SERVICE,
}
TAGGING = ("CreateTags", "DeleteTags")
KINDS = {
    "vpce-svc": "vpc-endpoint-service",
    "vpce": "vpc-endpoint",
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "rtb": "route-table",
    "eni": "network-interface",
}

_documents = {}
_authorized = {}


def register(arn, documents):
    """Lets whoever has this ARN, or a session of it, do what the documents say."""
    _documents[_principal(arn)] = [parse_policy_document(document) for document in documents]


def authorized(account):
    """The actions that documents allowed so far; of whoever needs none, nothing is kept."""
    return _authorized.setdefault(account, set())


def refusal(caller, account, region, form):
    """Why the caller may not do this, or None."""
    operation = form["Action"]
    documents = None if caller.endswith(":root") else _documents.get(_principal(caller), [])
    requests = [(f"ec2:{operation}", arn, {}) for arn in _resources(operation, account, region, form)]
    tags = _tags(form)
    if tags and operation not in TAGGING:
        made, _ = ACTIONS.get(operation, [("*", None)])[0]
        arn = f"arn:aws:ec2:{region}:{account}:{made}/*"
        requests.append(("ec2:CreateTags", arn, {"ec2:createaction": operation}))
    if _switches_names_on(operation, form):
        # EC2 asks Route 53 in the name of who calls it, which asks for both.
        requests += [("route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*", {}), ("ec2:DescribeVpcs", "*", {})]
    for action, arn, context in requests:
        request = EvalContext(
            principal_arn=caller,
            principal_type="AssumedRole" if ":assumed-role/" in caller else "User",
            principal_account=account,
            action=action,
            resource_arn=arn,
            region=region,
            request_tags=tags,
            tag_keys=sorted(tags),
            service_context=context | _resource_tags(account, region, arn) | ({} if tags else {"aws:tagkeys": None}),
        )
        if documents is not None and evaluate(request, documents).decision != "Allow":
            return (
                f"You are not authorized to perform this operation. User: {caller} is not authorized to perform: "
                f"{action} on resource: {arn} because no identity-based policy allows the {action} action"
            )
    if documents is not None:
        authorized(account).update(action for action, _, _ in requests)
    return None


def _switches_names_on(operation, form):
    """Whether a call makes a service's own names lead to an endpoint, as those of AWS's own do unless it says otherwise."""
    if operation not in ("CreateVpcEndpoint", "ModifyVpcEndpoint"):
        return False
    own = operation == "CreateVpcEndpoint" and form.get("VpcEndpointType") == "Interface" and ".vpce." not in form.get("ServiceName", "")
    return form.get("PrivateDnsEnabled", str(own)).lower() == "true"


def _principal(arn):
    """Account and name: sessions of a role are the role, whose path their ARNs do not have."""
    account, rest = arn.split(":")[4:6]
    parts = rest.split("/")
    return account, parts[1] if parts[0] == "assumed-role" else parts[-1]


def _named(form, parameter):
    """The values of a parameter, which is one or a list."""
    return [value for name, value in form.items() if name == parameter or name.startswith(f"{parameter}.")]


def _resources(operation, account, region, form):
    before = f"arn:aws:ec2:{region}:{account}"
    if operation in TAGGING:
        ids = _named(form, "ResourceId")
        return [f"{before}:{KINDS.get(identifier.rsplit('-', 1)[0], '*')}/{identifier}" for identifier in ids]
    found = []
    for kind, parameter in ACTIONS.get(operation, []):
        ids = ["*"] if parameter is None else _named(form, parameter)
        found += [f"{before}:{kind}/{identifier}" for identifier in ids]
    return found or ["*"]


def _tags(form):
    found = {}
    for name, value in form.items():
        if name.endswith(".Key") and (".Tag." in name or name.startswith("Tag.")):
            found[value] = form.get(name.removesuffix("Key") + "Value", "")
    return found


def _resource_tags(account, region, arn):
    kept = ec2_backends[account][region].tags.get(arn.rsplit("/", 1)[-1], {})
    return {f"{prefix}:resourcetag/{key.lower()}": value for key, value in kept.items() for prefix in ("aws", "ec2")}
