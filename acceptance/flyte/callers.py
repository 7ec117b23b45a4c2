"""Who calls over TLS: a task, by the token of its pod, which the API server reviews. Over plain HTTP Flyte's client sends no token,
and nobody is asked for one."""

import base64
import json
from contextvars import ContextVar

from connectrpc.code import Code
from connectrpc.errors import ConnectError

REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
# Of the connection by which the call comes.
SCHEME = ContextVar("scheme", default="http")


async def authenticate(cluster, ctx, namespace):
    """Lets only tasks of a namespace pass, by a token that is not for the API server."""
    if SCHEME.get() != "https":
        return
    kind, _, token = ctx.request_headers().get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise ConnectError(Code.UNAUTHENTICATED, "there is no bearer token")
    status = await review(cluster, token, audiences_of(token))
    if not status.get("authenticated"):
        raise ConnectError(Code.UNAUTHENTICATED, status.get("error", "the token is not valid"))
    if (await review(cluster, token, [])).get("authenticated"):
        raise ConnectError(Code.UNAUTHENTICATED, "the token is for the API server, not for a control plane")
    user = status["user"]["username"]
    if not user.startswith(f"system:serviceaccount:{namespace}:"):
        raise ConnectError(Code.PERMISSION_DENIED, f"{user} asks for something in {namespace}")


async def review(cluster, token, audiences):
    spec = {"token": token, **({"audiences": audiences} if audiences else {})}
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
    return (await cluster.ask("POST", REVIEWS, asked))["status"]


def audiences_of(token):
    """Whom the token is for, as it says itself: the review tells whether that is true."""
    try:
        claims = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["aud"]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ConnectError(Code.UNAUTHENTICATED, "the token is no JWT with an audience") from error
    return [found] if isinstance(found, str) else found
