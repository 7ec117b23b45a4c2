"""Starts ministack with what its evaluator lacks, after AWS's service authorization reference.

Where it does not know what a call is about, it asks for a right to everything ("*"), which no narrow document gives. And it lacks
the condition key `iam:PermissionsBoundary`, the boundary that the role or user of a call is given by it, or has: without the
key no document could bound what somebody makes. Of a session's source identity it knows nothing: a trust is asked for
`sts:SetSourceIdentity` where one is given, as it is for `sts:TagSession` where there are tags. And of a session that was
taken by a token it forgets whose: `aws:FederatedProvider`. Of repositories it knows the tags, and asks no condition about them.
"""

import contextvars
import dataclasses
import json

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam, sts, tagging

BOUNDED = {
    "iam:" + action
    for action in (
        "AttachRolePolicy", "AttachUserPolicy", "CreateRole", "CreateUser", "DeleteRolePermissionsBoundary", "DeleteRolePolicy",
        "DeleteUserPermissionsBoundary", "DeleteUserPolicy", "DetachRolePolicy", "DetachUserPolicy", "PutRolePermissionsBoundary",
        "PutRolePolicy", "PutUserPermissionsBoundary", "PutUserPolicy",
    )
}  # fmt: skip

context_of_tags = iam_actions.request_tag_context
known_resource = iam_actions.extract_resource_arn


def context(service, action, body, parameters):
    """What is known of a request beside its caller and its resource."""
    found = context_of_tags(service, action, body, parameters)
    if action not in BOUNDED:
        return found

    def said(name):
        return iam_actions._query_param(parameters, name)

    entity = iam._roles.get(said("RoleName")) or iam._users.get(said("UserName")) or {}
    boundary = said("PermissionsBoundary") or entity.get("PermissionsBoundary")
    return found | {"iam:PermissionsBoundary": boundary} if boundary else found


def resource(service, method, path, headers, body, parameters, region, account):
    """What a request is about: an ARN, or "*"."""
    found = known_resource(service, method, path, headers, body, parameters, region, account)
    name = iam_actions._query_param(parameters, "RoleName")
    if service == "iam" and name and ":role/" in found:
        # A role's path is in its ARN, from the call on that makes it.
        new = f"arn:aws:iam::{account}:role{iam_actions._query_param(parameters, 'Path') or '/'}{name}"
        return iam._roles.get(name, {}).get("Arn", new)
    if found != "*" or service not in ("ecr", "logs"):
        return found
    asked = json.loads(body or b"{}")
    if service == "ecr" and asked.get("resourceArn"):
        return asked["resourceArn"]
    if service == "ecr" and len(asked.get("repositoryNames") or []) == 1:
        return f"arn:aws:ecr:{region}:{account}:repository/{asked['repositoryNames'][0]}"
    if service == "logs" and headers.get("x-amz-target", "").endswith(".DescribeLogGroups"):
        # As AWS names it where it refuses the call.
        return f"arn:aws:logs:{region}:{account}:log-group::log-stream:"
    return found


source_identity = contextvars.ContextVar("source_identity", default=None)
federated_provider = contextvars.ContextVar("federated_provider", default=None)
tags_of_session = sts._session_tags
judged = iam_evaluator.evaluate_trust_policy


def session_tags(parameters, **options):
    """The tags of a session; it is the first that is asked of a call that takes a role."""
    source_identity.set(sts._p(parameters, "SourceIdentity", None))
    federated_provider.set(None)
    return tags_of_session(parameters, **options)


def trusted(document, caller, asked=None):
    """Whether a role's trust lets somebody take it."""
    identity = source_identity.get()
    if not identity or asked is None or asked.action not in ("sts:AssumeRole", "sts:TagSession"):
        return judged(document, caller, asked)
    asked = dataclasses.replace(asked, service_context=asked.service_context | {"sts:sourceidentity": identity})
    named = dataclasses.replace(asked, action="sts:SetSourceIdentity")
    return judged(document, caller, asked) and judged(document, caller, named)


provider_of_token = sts._web_identity_principal
registered = sts.register_session
keys_of_principal = iam_evaluator._principal_keys


def provider_named(token, provider, role):
    """Whose token takes a role, with what it says."""
    found = provider_of_token(token, provider, role)
    federated_provider.set(found[0])
    return found


def register_session(key, session):
    """A session, with whose token it was taken by."""
    if provider := federated_provider.get():
        session["FederatedProvider"] = provider
    registered(key, session)


def principal_keys(credential):
    """What is known of who calls."""
    session = sts._sessions.get(credential.access_key_id) or {}
    provider = session.get("FederatedProvider")
    return keys_of_principal(credential) | ({"aws:federatedprovider": provider} if provider else {})


tagging._RESOURCE_TAG_COLLECTORS["ecr"] = tagging._collect_ecr
sts._web_identity_principal = provider_named
sts.register_session = register_session
iam_evaluator._principal_keys = principal_keys
sts._session_tags = session_tags
iam_evaluator.evaluate_trust_policy = trusted
iam_actions.request_tag_context = context
iam_actions.extract_resource_arn = resource
app.main()
