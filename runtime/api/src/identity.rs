//! How a service account becomes a cloud identity: what is written on the service account and on its pods.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{textual::Invalid, workload_provider::WorkloadProvider};

/// The three clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// Microsoft Azure.
    Azure,
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS",
            Self::Gcp => "Google Cloud",
            Self::Azure => "Azure",
        })
    }
}

/// One of the ways in which a cloud trusts a service account. None of them stores a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Identity {
    /// IAM Roles for Service Accounts: the annotation names the role.
    Irsa {
        /// ARN of the role.
        role_arn: RoleArn,
    },
    /// EKS Pod Identity: the association is made in the cloud, so nothing is written in the cluster.
    PodIdentity {
        /// ARN of the role, for people who read the configuration.
        role_arn: RoleArn,
    },
    /// Workload Identity of GKE: the annotation names the Google service account. Without one the rights are granted to
    /// the service accounts of the cluster themselves, and nothing is written on them.
    Gke {
        /// Email of the Google service account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service_account: Option<GoogleServiceAccount>,
    },
    /// Workload identity federation of Google Cloud, for clusters that are not GKE's: pods exchange a token of their own, as a file that
    /// is no secret tells their client libraries.
    Google {
        /// The provider that knows the cluster's issuer.
        provider: WorkloadProvider,
        /// Audience of the pods' tokens, one of the provider's; where it names none, the provider itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audience: Option<String>,
        /// Email of the Google service account that pods act as. Without one the rights are granted to the service accounts of the
        /// cluster themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service_account: Option<GoogleServiceAccount>,
    },
    /// Azure Workload Identity: annotations name the identity, and pods carry a label.
    Azure {
        /// Client id of the user-assigned identity.
        client_id: Uuid,
        /// Tenant of the identity.
        tenant_id: Uuid,
    },
}

/// Annotation of IRSA.
pub const ROLE_ARN: &str = "eks.amazonaws.com/role-arn";
/// Annotation of GKE.
pub const GCP_SERVICE_ACCOUNT: &str = "iam.gke.io/gcp-service-account";
/// Annotation of Azure.
pub const AZURE_CLIENT_ID: &str = "azure.workload.identity/client-id";
/// Annotation of Azure.
pub const AZURE_TENANT_ID: &str = "azure.workload.identity/tenant-id";
/// Label without which Azure's webhook leaves a pod alone.
pub const AZURE_USE: &str = "azure.workload.identity/use";

impl Identity {
    /// The cloud that grants it.
    pub fn cloud(&self) -> Cloud {
        match self {
            Self::Irsa { .. } | Self::PodIdentity { .. } => Cloud::Aws,
            Self::Gke { .. } | Self::Google { .. } => Cloud::Gcp,
            Self::Azure { .. } => Cloud::Azure,
        }
    }

    /// The annotations of the service account.
    pub fn service_account_annotations(&self) -> BTreeMap<String, String> {
        let annotations = match self {
            Self::Irsa { role_arn } => vec![(ROLE_ARN, role_arn.to_string())],
            Self::PodIdentity { .. } | Self::Google { .. } => Vec::new(),
            Self::Gke { service_account } => service_account
                .iter()
                .map(|email| (GCP_SERVICE_ACCOUNT, email.to_string()))
                .collect(),
            Self::Azure {
                client_id,
                tenant_id,
            } => vec![
                (AZURE_CLIENT_ID, client_id.to_string()),
                (AZURE_TENANT_ID, tenant_id.to_string()),
            ],
        };
        annotations
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    /// The labels of pods that use it.
    pub fn pod_labels(&self) -> BTreeMap<String, String> {
        match self {
            Self::Azure { .. } => BTreeMap::from([(AZURE_USE.to_owned(), "true".to_owned())]),
            Self::Irsa { .. }
            | Self::PodIdentity { .. }
            | Self::Gke { .. }
            | Self::Google { .. } => BTreeMap::new(),
        }
    }
}

/// ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn(String);

impl FromStr for RoleArn {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let fits = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && account.len() == 12 && account.chars().all(|c| c.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || "/+=,.@_-".contains(c))));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "the ARN of an IAM role",
                text,
                "write arn:aws:iam::<12-digit account>:role/<name>",
            ))
        }
    }
}

/// Email of a Google service account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoogleServiceAccount(String);

impl FromStr for GoogleServiceAccount {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = text.split_once('@').is_some_and(|(name, host)| {
            crate::names::is_label(name)
                && crate::names::is_subdomain(host)
                && host.ends_with(".gserviceaccount.com")
        });
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "a Google service account",
                text,
                "write <name>@<project>.iam.gserviceaccount.com",
            ))
        }
    }
}

/// A UUID in lower case, as Azure writes its ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(String);

impl FromStr for Uuid {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        if groups == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Invalid::new(
                "a UUID",
                text,
                "write 8-4-4-4-12 hexadecimal digits",
            ))
        }
    }
}

macro_rules! display {
    ($($type:ident),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
display!(RoleArn, GoogleServiceAccount, Uuid);

textual!(RoleArn, { "type": "string", "pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$" });
textual!(GoogleServiceAccount, { "type": "string", "pattern": "^.+@.+\\.gserviceaccount\\.com$" });
textual!(Uuid, { "type": "string", "format": "uuid" });

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:role/adminflyterole";

    #[test]
    fn each_cloud_writes_its_own_marks() {
        let irsa = Identity::Irsa {
            role_arn: ARN.parse().unwrap(),
        };
        assert_eq!(
            irsa.service_account_annotations().get(ROLE_ARN).unwrap(),
            ARN
        );
        let pod = Identity::PodIdentity {
            role_arn: ARN.parse().unwrap(),
        };
        assert!(pod.service_account_annotations().is_empty());
        let id = "00000000-0000-0000-0000-00000000000A";
        let azure = Identity::Azure {
            client_id: id.parse().unwrap(),
            tenant_id: id.parse().unwrap(),
        };
        assert_eq!(azure.pod_labels().get(AZURE_USE).unwrap(), "true");
        assert_eq!(azure.service_account_annotations().len(), 2);
    }

    #[test]
    fn googles_rights_may_be_the_service_accounts_own() {
        let direct: Identity = serde_json::from_value(serde_json::json!({ "gke": {} })).unwrap();
        assert_eq!(direct.cloud(), Cloud::Gcp);
        assert!(direct.service_account_annotations().is_empty());
        let email = "admin@acme.iam.gserviceaccount.com";
        let named: Identity =
            serde_json::from_value(serde_json::json!({ "gke": { "service_account": email } }))
                .unwrap();
        let annotations = named.service_account_annotations();
        assert_eq!(annotations.get(GCP_SERVICE_ACCOUNT).unwrap(), email);
    }

    #[test]
    fn clusters_that_are_not_googles_have_an_identity_there() {
        let provider =
            "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/oidc";
        let elsewhere: Identity =
            serde_json::from_value(serde_json::json!({ "google": { "provider": provider } }))
                .unwrap();
        assert_eq!(elsewhere.cloud(), Cloud::Gcp);
        assert!(elsewhere.service_account_annotations().is_empty());
        assert!(elsewhere.pod_labels().is_empty());
        let nobodys = serde_json::json!({ "google": {} });
        assert!(serde_json::from_value::<Identity>(nobodys).is_err());
    }

    #[test]
    fn refuses_what_is_no_principal() {
        for bad in [
            "adminflyterole",
            "arn:aws:iam::1234:role/x",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:s3:::bucket",
        ] {
            assert!(bad.parse::<RoleArn>().is_err(), "{bad}");
        }
        assert!(
            "admin@acme.iam.gserviceaccount.com"
                .parse::<GoogleServiceAccount>()
                .is_ok()
        );
        assert!("admin@acme.com".parse::<GoogleServiceAccount>().is_err());
    }

    #[test]
    fn exactly_one_way_can_be_written() {
        let both =
            serde_json::json!({ "irsa": { "role_arn": ARN }, "pod_identity": { "role_arn": ARN } });
        assert!(serde_json::from_value::<Identity>(both).is_err());
    }
}
