"""IAM: workload identity pools and their providers. Deleted ones are kept for thirty days, and hold their names."""

from calls import Behaviour
from errors import invalid, not_found
from services import resources

POOLS = "iam.projects.locations.workloadIdentityPools"
SOFT = resources.SoftDeletion(field="state", deleted="DELETED", days=30, expires=True)
SLOW = ("create", "patch", "delete", "undelete")
TEXTS = (("displayName", 32), ("description", 256))
MOST_AUDIENCES = 10
SOURCES = ("oidc", "aws", "saml", "x509")


def check_provider(call, old, new):
    sources = [source for source in SOURCES if source in new]
    if len(sources) != 1:
        raise invalid("A provider has exactly one of oidc, aws, saml and x509.")
    if old and sources[0] not in old:
        raise invalid("The kind of a provider cannot be changed.")
    if "oidc" in new:
        audiences = new["oidc"].get("allowedAudiences", [])
        if len(audiences) > MOST_AUDIENCES or any(len(audience) > 256 for audience in audiences):
            raise invalid(f"At most {MOST_AUDIENCES} audiences of 256 characters are allowed.")
        if not new["oidc"].get("issuerUri", "").startswith("https://"):
            raise invalid("The issuer URI must start with https://.")
        if not new.get("attributeMapping", {}).get("google.subject"):
            raise invalid("The attribute mapping must map google.subject.")
    if not old:
        pool = call.store.get("iam", call.name.rsplit("/", 1)[0])
        if pool is None or IDENTITY_POOLS.is_deleted(pool):
            raise not_found("Requested entity was not found.")


IDENTITY_POOLS = resources.Collection(
    service="iam",
    methods=POOLS,
    permissions="iam.workloadIdentityPools",
    listed="workloadIdentityPools",
    id_parameter="workloadIdentityPoolId",
    kind="workload identity pool",
    fresh=lambda call, name: {"state": "ACTIVE"},
    slow=SLOW,
    soft=SOFT,
    numbered=True,
    most_bytes=TEXTS,
)
PROVIDERS = resources.Collection(
    service="iam",
    methods=f"{POOLS}.providers",
    permissions="iam.workloadIdentityPoolProviders",
    listed="workloadIdentityPoolProviders",
    id_parameter="workloadIdentityPoolProviderId",
    kind="workload identity pool provider",
    fresh=lambda call, name: {"state": "ACTIVE"},
    check=check_provider,
    slow=SLOW,
    soft=SOFT,
    numbered=True,
    most_bytes=TEXTS,
)

VERBS = ("create", "get", "list", "patch", "delete", "undelete")
METHODS = {
    **IDENTITY_POOLS.behaviours(*VERBS),
    **PROVIDERS.behaviours(*VERBS),
    f"{POOLS}.operations.get": Behaviour(resources.operation),
    f"{POOLS}.providers.operations.get": Behaviour(resources.operation),
}
