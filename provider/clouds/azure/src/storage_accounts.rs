//! Storage accounts as Resource Manager writes them: what is sent, and what of the answers is read.

use std::collections::BTreeMap;

use clouds::Tags;
use clouds::account::Region;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bucket_encryption::EncryptionBody;
use crate::bucket_settings::NetworkRules;

pub(crate) const KIND: &str = "Microsoft.Storage/storageAccounts";
pub(crate) const READ: &str = "Microsoft.Storage/storageAccounts/read";
pub(crate) const WRITE: &str = "Microsoft.Storage/storageAccounts/write";
pub(crate) const DELETE: &str = "Microsoft.Storage/storageAccounts/delete";

/// Three copies in three zones, as a bucket of the other clouds has them.
pub(crate) const ZONES: &str = "Standard_ZRS";
/// Three copies in one place: the most that a location without zones has.
pub(crate) const LOCAL: &str = "Standard_LRS";
/// The code by which such a location refuses the other.
pub(crate) const NO_ZONES: &str = "RedundancyConfigurationNotAvailableInRegion";

/// An account to make.
#[derive(Serialize)]
pub(crate) struct NewAccount<'a> {
    kind: &'static str,
    sku: Sku,
    location: &'a str,
    tags: &'a Tags,
    properties: NewProperties,
}

#[derive(Serialize)]
struct Sku {
    name: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewProperties {
    is_hns_enabled: bool,
    #[serde(flatten)]
    guarded: Guarded,
}

/// What keeps an account closed.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the form of Azure's own body"
)]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Guarded {
    allow_blob_public_access: bool,
    allow_cross_tenant_replication: bool,
    allow_shared_key_access: bool,
    #[serde(rename = "defaultToOAuthAuthentication")]
    default_to_oauth: bool,
    minimum_tls_version: &'static str,
    supports_https_traffic_only: bool,
}

impl Guarded {
    pub(crate) const CLOSED: Self = Self {
        allow_blob_public_access: false,
        allow_cross_tenant_replication: false,
        allow_shared_key_access: false,
        default_to_oauth: true,
        minimum_tls_version: "TLS1_2",
        supports_https_traffic_only: true,
    };
}

impl<'a> NewAccount<'a> {
    pub(crate) fn new(
        sku: &'static str,
        location: &'a Region,
        hierarchical: bool,
        tags: &'a Tags,
    ) -> Self {
        Self {
            kind: "StorageV2",
            sku: Sku { name: sku },
            location: location.as_str(),
            tags,
            properties: NewProperties {
                is_hns_enabled: hierarchical,
                guarded: Guarded::CLOSED,
            },
        }
    }
}

/// What of an account is to change.
#[derive(Default, Serialize)]
pub(crate) struct AccountChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<NewIdentity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<PropertiesChange>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewIdentity {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    user_assigned_identities: BTreeMap<String, Value>,
}

impl NewIdentity {
    /// One of the account's own beside those that somebody gave it: what is not said here, Azure takes away.
    pub(crate) fn beside(found: Option<&Identity>) -> Self {
        let others = found.and_then(|found| found.user_assigned_identities.as_ref());
        let others = others.into_iter().flat_map(BTreeMap::keys);
        let others: BTreeMap<_, _> = others.map(|id| (id.clone(), json!({}))).collect();
        Self {
            kind: if others.is_empty() {
                "SystemAssigned"
            } else {
                "SystemAssigned,UserAssigned"
            },
            user_assigned_identities: others,
        }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PropertiesChange {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) guarded: Option<Guarded>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<EncryptionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_acls: Option<NetworkRules>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_network_access: Option<&'static str>,
}

/// An account as it was found.
#[derive(Deserialize)]
pub(crate) struct Account {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Tags>,
    pub(crate) identity: Option<Identity>,
    #[serde(default)]
    pub(crate) properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) principal_id: Option<String>,
    pub(crate) user_assigned_identities: Option<BTreeMap<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Properties {
    pub(crate) provisioning_state: Option<String>,
    pub(crate) allow_blob_public_access: Option<bool>,
    pub(crate) allow_shared_key_access: Option<bool>,
    pub(crate) minimum_tls_version: Option<String>,
    pub(crate) supports_https_traffic_only: Option<bool>,
    pub(crate) is_hns_enabled: Option<bool>,
    pub(crate) encryption: Option<EncryptionBody>,
    pub(crate) network_acls: Option<NetworkRules>,
    pub(crate) public_network_access: Option<String>,
    pub(crate) primary_endpoints: Option<Endpoints>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoints {
    pub(crate) blob: Option<String>,
    pub(crate) dfs: Option<String>,
}

impl Account {
    pub(crate) fn is_hierarchical(&self) -> bool {
        self.properties.is_hns_enabled == Some(true)
    }

    /// Where its blobs are, as it says itself.
    pub(crate) fn blob_endpoint(&self, name: &str) -> String {
        let own = self.properties.primary_endpoints.as_ref();
        let own = own.and_then(|endpoints| endpoints.blob.as_deref());
        match own {
            Some(own) => own.trim_end_matches('/').to_owned(),
            None => format!("https://{name}.blob.core.windows.net"),
        }
    }

    /// The host by which programs of Hadoop's kind name it.
    pub(crate) fn dfs_host(&self, name: &str) -> String {
        let own = self.properties.primary_endpoints.as_ref();
        let own = own.and_then(|endpoints| endpoints.dfs.as_deref());
        let own = own.and_then(|own| own.strip_prefix("https://"));
        match own.map(|own| own.trim_end_matches('/')) {
            Some(own) if own.starts_with(name) => own.to_owned(),
            _ => format!("{name}.dfs.core.windows.net"),
        }
    }
}
