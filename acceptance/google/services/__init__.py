"""What each method does, by its id. What is not listed here, the stand-in refuses to answer."""

from services import (
    artifact_registry,
    compute,
    container,
    credentials,
    federation,
    identity_pools,
    logs,
    oauth2,
    projects,
    secrets,
    service_accounts,
    service_usage,
    storage_buckets,
    storage_objects,
)

METHODS = {
    **artifact_registry.METHODS,
    **compute.METHODS,
    **container.METHODS,
    **credentials.METHODS,
    **federation.METHODS,
    **identity_pools.METHODS,
    **logs.METHODS,
    **oauth2.METHODS,
    **projects.METHODS,
    **secrets.METHODS,
    **service_accounts.METHODS,
    **service_usage.METHODS,
    **storage_buckets.METHODS,
    **storage_objects.METHODS,
}
