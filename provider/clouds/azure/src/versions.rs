//! The versions of Azure's APIs that we speak: each stable, each with every field that we use.

/// Microsoft.Storage.
pub(crate) const STORAGE: &str = "2024-01-01";
/// Microsoft.ManagedIdentity.
pub(crate) const MANAGED_IDENTITY: &str = "2024-11-30";
/// Microsoft.Authorization: role assignments.
pub(crate) const AUTHORIZATION: &str = "2022-04-01";
/// Microsoft.ContainerRegistry.
pub(crate) const CONTAINER_REGISTRY: &str = "2025-11-01";
/// Microsoft.OperationalInsights.
pub(crate) const OPERATIONAL_INSIGHTS: &str = "2025-07-01";
/// Microsoft.KeyVault: vaults.
pub(crate) const KEY_VAULT: &str = "2024-11-01";
/// Microsoft.ContainerService.
pub(crate) const CONTAINER_SERVICE: &str = "2025-02-01";
/// Microsoft.Network.
pub(crate) const NETWORK: &str = "2024-05-01";
/// Microsoft.Resources: tags.
pub(crate) const RESOURCES: &str = "2021-04-01";
/// Microsoft.Resources: subscriptions.
pub(crate) const SUBSCRIPTIONS: &str = "2022-12-01";
/// The data plane of Key Vault.
pub(crate) const SECRETS: &str = "2025-07-01";
/// The data plane of Blob Storage, sent as `x-ms-version`.
pub(crate) const BLOBS: &str = "2021-12-02";
