"""IAM credentials: access tokens and signatures of a service account, for whom a policy lets."""

import base64
import functools
import hashlib

import identities
from calls import Behaviour
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from errors import failed_precondition, invalid
from services import service_accounts
from store import timestamp

ACCOUNTS = "iamcredentials.projects.serviceAccounts"
LONGEST = 3600


def usable(call):
    if not call.name.startswith("projects/-/"):
        raise invalid("The resource name must have the form projects/-/serviceAccounts/ACCOUNT.")
    if call.body.get("delegates"):
        raise invalid("The stand-in has no delegation chains.")
    found = service_accounts.existing(call)
    if found.value.get("disabled"):
        raise failed_precondition("The service account is disabled.")
    return found


def generate_access_token(call):
    found = usable(call)
    if not call.body["scope"]:
        raise invalid("At least one scope is needed.")
    lifetime = call.body.get("lifetime", f"{LONGEST}s")
    if not lifetime.endswith("s") or not 0 < float(lifetime[:-1]) <= LONGEST:
        raise invalid(f"The lifetime {lifetime} is not between 1s and {LONGEST}s.")
    seconds = int(float(lifetime[:-1]))
    caller = identities.account(found.project, found.value["email"])
    token = identities.issue(call.store, caller, seconds, "account")
    return {"accessToken": token, "expireTime": timestamp(seconds=seconds)[:19] + "Z"}


@functools.cache
def key_of(email):
    """The key that Google holds for an account."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign_blob(call):
    email = usable(call).value["email"]
    blob = base64.b64decode(call.body["payload"])
    signature = key_of(email).sign(blob, padding.PKCS1v15(), hashes.SHA256())
    key_id = hashlib.sha1(email.encode()).hexdigest()
    return {"keyId": key_id, "signedBlob": base64.b64encode(signature).decode()}


METHODS = {
    f"{ACCOUNTS}.generateAccessToken": Behaviour(
        generate_access_token, ("iam.serviceAccounts.getAccessToken",), service_accounts.target
    ),
    f"{ACCOUNTS}.signBlob": Behaviour(sign_blob, ("iam.serviceAccounts.signBlob",), service_accounts.target),
}
