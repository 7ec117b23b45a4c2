"""The security token service: a token that a cluster issued becomes Google's, when a provider of a workload identity pool, or
GKE's own pool of the project, says so. Signature, issuer, audience and expiry are verified by the issuer's published keys."""

import json
import re
import ssl
import urllib.error
import urllib.request

import conditions
import identities
from calls import Behaviour
from errors import Refused
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

PROVIDER = re.compile(r"//iam\.googleapis\.com/(projects/\d+/locations/global/workloadIdentityPools/[^/]+)/providers/([^/]+)")
GKE = re.compile(r"identitynamespace:(([a-z0-9-]+)\.svc\.id\.goog):(https://\S+)")
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SUBJECT_TOKENS = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
GOOD_FOR = 3600
LONGEST_SUBJECT = 127


def refused(reason, message):
    return Refused(400, "INVALID_ARGUMENT", message, reason=reason)


def project_of(store, body):
    """The project that an exchange is for, where its audience names one."""
    audience = body.get("audience", "")
    if found := PROVIDER.fullmatch(audience):
        return store.numbers.get(found[1].split("/")[1])
    if found := GKE.fullmatch(audience):
        return store.projects.get(found[2])
    return None


def token(call):
    body = call.body
    if body.get("grantType") != EXCHANGE:
        raise refused("unsupported_grant_type", "The grant type must be token-exchange.")
    if body.get("subjectTokenType") not in SUBJECT_TOKENS:
        raise refused("invalid_request", f"Invalid subject token type: {body.get('subjectTokenType')}.")
    if body.get("requestedTokenType") != ACCESS_TOKEN:
        raise refused("invalid_request", "Only access tokens can be requested.")
    if not body.get("scope"):
        raise refused("invalid_scope", "A scope is needed.")
    if call.project is None:
        raise refused("invalid_target", f'The target service indicated by the "audience" parameters is invalid: {body.get("audience")}')
    exchange = through_gke if GKE.fullmatch(body["audience"]) else through_provider
    caller = exchange(call, body["audience"], body["subjectToken"])
    issued = identities.issue(call.store, caller, GOOD_FOR, "federated")
    return {"access_token": issued, "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": GOOD_FOR}


def through_provider(call, audience, subject_token):
    pool, provider_id = PROVIDER.fullmatch(audience).groups()
    store, name = call.store, call.store.canonical(pool)
    found = [store.get("iam", name), store.get("iam", f"{name}/providers/{provider_id}")]
    for resource in found:
        if resource is None or resource.value["state"] != "ACTIVE" or resource.value.get("disabled"):
            raise refused("invalid_target", f"The workload identity pool or provider of {audience} is not there, deleted or disabled.")
    provider = found[1].value
    if "oidc" not in provider:
        raise refused("invalid_target", "The stand-in exchanges tokens of OIDC providers only.")
    oidc = provider["oidc"]
    keys = json.loads(oidc["jwksJson"]) if "jwksJson" in oidc else published_keys(store, oidc["issuerUri"])
    accepted = oidc.get("allowedAudiences") or [audience, f"https:{audience}"]
    claims = verify(store, subject_token, keys, oidc["issuerUri"], accepted)
    mapped = {"assertion": claims}
    subject = conditions.parse(provider["attributeMapping"]["google.subject"])(mapped)
    if len(subject.encode()) > LONGEST_SUBJECT:
        raise refused("invalid_request", f"The mapped attribute google.subject is longer than {LONGEST_SUBJECT} bytes.")
    condition = provider.get("attributeCondition")
    if condition and not conditions.holds(condition, mapped):
        raise refused("unauthorized_client", "The given credential is rejected by the attribute condition.")
    principals = f"iam.googleapis.com/{pool}"
    return identities.Caller(call.project.id, (f"principal://{principals}/subject/{subject}", f"principalSet://{principals}/*"))


def through_gke(call, audience, subject_token):
    """As GKE's metadata server does it for a pod."""
    pool, _, issuer = GKE.fullmatch(audience).groups()
    if not any(value.get("selfLink") == issuer for value in clusters_of(call, pool)):
        raise refused("invalid_target", f"No cluster of the pool {pool} is {issuer}.")
    claims = verify(call.store, subject_token, published_keys(call.store, issuer), issuer, [pool])
    _, _, namespace, account = claims["sub"].split(":")
    principals = f"iam.googleapis.com/projects/{call.project.number}/locations/global/workloadIdentityPools/{pool}"
    members = (
        f"principal://{principals}/subject/ns/{namespace}/sa/{account}",
        f"principalSet://{principals}/namespace/{namespace}",
        f"serviceAccount:{pool}[{namespace}/{account}]",
    )
    return identities.Caller(call.project.id, members)


def clusters_of(call, pool):
    for (service, _), resource in call.store.resources.items():
        if service == "container" and resource.value.get("workloadIdentityConfig", {}).get("workloadPool") == pool:
            yield resource.value


def published_keys(store, issuer):
    """The keys of an issuer that a test made reachable; fetched each time, as they change with the cluster's restart."""
    known = store.issuers.get(issuer)
    if known is None:
        raise refused("invalid_grant", "Error connecting to the given credential's issuer.")
    if "keys" in known:
        return known["keys"]
    context = ssl.create_default_context(cadata=known["certificateAuthority"])
    try:
        with urllib.request.urlopen(known["jwksUri"], timeout=10, context=context) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ValueError) as why:
        raise refused("invalid_grant", f"Error connecting to the given credential's issuer: {why}.") from why


def signed(store, issuer, claims):
    """A token of an issuer that the tests have to themselves, good for an hour unless it says otherwise."""
    known = store.issuers.setdefault(issuer, {})
    if "key" not in known:
        known["key"] = RSAKey.generate_key(2048, {"kid": "tests", "use": "sig", "alg": "RS256"})
        known["keys"] = KeySet([known["key"]]).as_dict(private=False)
    claims = {"iss": issuer, "exp": int(store.now().timestamp()) + GOOD_FOR, **claims}
    return jwt.encode({"alg": "RS256", "kid": "tests"}, claims, known["key"])


def verify(store, subject_token, keys, issuer, audiences):
    try:
        claims = jwt.decode(subject_token, KeySet.import_key_set(keys), algorithms=["RS256", "ES256"]).claims
    except (JoseError, ValueError) as why:
        raise refused("invalid_grant", f"The ID Token could not be verified: {why}") from why
    if claims.get("iss") != issuer:
        raise refused("invalid_grant", f"The issuer in ID Token {claims.get('iss')} does not match the expected ones.")
    said = claims.get("aud", [])
    said = [said] if isinstance(said, str) else said
    if not set(said) & set(audiences):
        raise refused("invalid_grant", f"The audience in ID Token {said} does not match the expected audience.")
    if claims.get("exp", 0) <= store.now().timestamp():
        raise refused("invalid_grant", "ID Token is stale to sign-in: it has expired.")
    return claims


METHODS = {"sts.token": Behaviour(token, target=lambda call: None)}
