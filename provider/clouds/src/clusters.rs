//! Kubernetes clusters of the cloud: where their API is, and tokens for it. They are read, never changed.

use std::time::SystemTime;

use async_trait::async_trait;

use crate::account::{AccountId, Region};
use crate::error::Result;
use crate::names::{Checked, characters, checked_text, length};
use crate::secrets::SecretText;

checked_text! {
    /// A cluster's name.
    ClusterName, "cluster name", cluster_name
}

checked_text! {
    /// A resource group of Azure, which does not tell letter cases apart.
    any case ResourceGroup, "resource group", resource_group
}

/// By which a cluster is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterId {
    /// Amazon EKS.
    Eks {
        /// Its name.
        name: ClusterName,
        /// Its region; none means the configured one.
        region: Option<Region>,
    },
    /// Google Kubernetes Engine.
    Gke {
        /// Its project.
        project: AccountId,
        /// Its region or zone.
        location: Region,
        /// Its name.
        name: ClusterName,
    },
    /// Azure Kubernetes Service.
    Aks {
        /// Its resource group.
        resource_group: ResourceGroup,
        /// Its name.
        name: ClusterName,
    },
}

impl ClusterId {
    /// Its name in its cloud.
    pub fn name(&self) -> &ClusterName {
        match self {
            Self::Eks { name, .. } | Self::Gke { name, .. } | Self::Aks { name, .. } => name,
        }
    }
}

impl std::fmt::Display for ClusterId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Eks {
                name,
                region: Some(region),
            } => write!(f, "eks/{region}/{name}"),
            Self::Eks { name, region: None } => write!(f, "eks/{name}"),
            Self::Gke {
                project,
                location,
                name,
            } => write!(f, "gke/{project}/{location}/{name}"),
            Self::Aks {
                resource_group,
                name,
            } => write!(f, "aks/{resource_group}/{name}"),
        }
    }
}

/// Where a cluster stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterStatus {
    /// Its API is not there yet.
    Creating,
    /// Its API answers, also while the cloud changes it.
    Active,
    /// It is going away.
    Deleting,
    /// It did not come up.
    Failed,
}

/// The network of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterNetwork {
    /// VPC, network or virtual network.
    pub network: Option<String>,
    /// Subnets of the control plane's interfaces.
    pub subnets: Vec<String>,
    /// Security groups (on AWS), the cluster's own first.
    pub security_groups: Vec<String>,
    /// Addresses of services, as CIDRs.
    pub service_ranges: Vec<String>,
    /// Whether the API answers on a public address.
    pub public_endpoint: bool,
    /// Whether the API answers inside the network.
    pub private_endpoint: bool,
}

/// A way to a cluster's API, and what its certificate there is checked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its URL.
    pub url: String,
    /// Certificate authority there, PEM; none where every machine trusts the certificate.
    pub ca_certificate: Option<String>,
}

/// A cluster as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The cloud's full name of it: an ARN, a resource id.
    pub id: String,
    /// Where it stands.
    pub status: ClusterStatus,
    /// URL of its API; none while it is created.
    pub endpoint: Option<String>,
    /// Certificate authority of its API, PEM.
    pub ca_certificate: Option<String>,
    /// Another way to its API, with another certificate: on Google Cloud its address beside a DNS endpoint, or the other way round.
    pub beside: Option<Endpoint>,
    /// Issuer of its tokens, as the cloud says it.
    pub issuer: Option<String>,
    /// Version of Kubernetes: `1.36`.
    pub version: Option<String>,
    /// Its network.
    pub network: ClusterNetwork,
}

/// A token for a cluster's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterToken {
    /// The bearer token.
    pub token: SecretText,
    /// Until when it is good for new requests; mint the next one before.
    pub expires: SystemTime,
}

/// Clusters of one account.
#[async_trait]
pub trait Clusters: Send + Sync {
    /// Looks one up.
    async fn describe(&self, id: &ClusterId) -> Result<Cluster>;

    /// Mints a token in the caller's own name. The cluster need not be asked, so it says nothing about its existence.
    async fn token(&self, id: &ClusterId) -> Result<ClusterToken>;
}

fn resource_group(text: &str) -> Checked {
    length(text, 1, 90)?;
    let allowed = |c: char| c.is_alphanumeric() || "_-.()".contains(c);
    characters(text, allowed, "letters, digits and _ - . ( )")?;
    if text.ends_with('.') {
        return Err("must not end with a dot".into());
    }
    Ok(())
}

fn cluster_name(text: &str) -> Checked {
    length(text, 1, 100)?;
    characters(
        text,
        |c| c.is_ascii_alphanumeric() || c == '-' || c == '_',
        "letters, digits, hyphens and underscores",
    )?;
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err("must begin with a letter or a digit".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!("prod-1_a".parse::<ClusterName>().is_ok());
        for bad in ["", "-prod", "prod.eu", &"a".repeat(101)] {
            assert!(bad.parse::<ClusterName>().is_err(), "{bad}");
        }
    }
}
