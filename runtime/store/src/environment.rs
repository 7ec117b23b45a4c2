//! What the clouds' webhooks put into a pod's environment. It is read once, by the caller, who alone asks the process for it.

use std::{collections::BTreeMap, fmt};

use dataplane_api::{config::Storage, identity::Cloud};

use crate::error::OpenError;

/// The variables that matter to a store, as they were when the process began.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<&'static str, String>);

impl Environment {
    /// The variables that are looked at.
    pub const NAMES: [&str; 19] = [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        // IAM Roles for Service Accounts.
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_SESSION_NAME",
        // EKS Pod Identity.
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        // Only beside `storage.endpoint`: a store that is no cloud's has neither workload identity nor a public certificate.
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_STS",
        "AWS_CA_BUNDLE",
        // Google's, elsewhere than on GKE.
        "GOOGLE_APPLICATION_CREDENTIALS",
        // GKE.
        "GCE_METADATA_HOST",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
        // Azure Workload Identity.
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_AUTHORITY_HOST",
    ];

    /// Asks `lookup` for each of [`Self::NAMES`]. What is empty is not set.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| {
            lookup(name)
                .filter(|value| !value.is_empty())
                .map(|value| (name, value))
        };
        Self(Self::NAMES.into_iter().filter_map(set).collect())
    }

    pub(crate) fn get(&self, name: &'static str) -> Option<&str> {
        debug_assert!(Self::NAMES.contains(&name), "{name} is never read");
        self.0.get(name).map(String::as_str)
    }
}

/// Names only: values may be keys.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where the buckets are, and what the pod was given to reach them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) storage: &'a Storage,
    pub(crate) environment: &'a Environment,
}

impl<'a> Site<'a> {
    /// A variable that stands for itself on every site.
    pub(crate) fn given(&self, name: &'static str) -> Option<&'a str> {
        self.environment.get(name)
    }

    /// A variable that is only heard beside an endpoint of the store's own.
    pub(crate) fn given_beside_endpoint(&self, name: &'static str) -> Option<&'a str> {
        self.storage.endpoint.as_ref()?;
        self.environment.get(name)
    }

    pub(crate) fn required(&self, cloud: Cloud, name: &'static str) -> Result<String, OpenError> {
        self.given(name)
            .map(str::to_owned)
            .ok_or(OpenError::NoIdentity {
                cloud,
                missing: name,
            })
    }

    /// The endpoint without a slash behind.
    pub(crate) fn endpoint(&self) -> Option<String> {
        self.storage.endpoint.as_ref().map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_heard_only_beside_an_endpoint_and_never_shown() {
        let environment = Environment::read(|name| match name {
            "AWS_SECRET_ACCESS_KEY" => Some("wJalrXUtnFEMI".to_owned()),
            "AWS_REGION" => Some(String::new()),
            _ => None,
        });
        let mut storage = Storage {
            metadata: "s3://acme-metadata".parse().unwrap(),
            fast_registration: "s3://acme-code".parse().unwrap(),
            region: None,
            endpoint: None,
            layout: dataplane_api::layout::Layout::Spec,
        };
        let name = "AWS_SECRET_ACCESS_KEY";
        let heard = |storage: &Storage| {
            let site = Site {
                storage,
                environment: &environment,
            };
            site.given_beside_endpoint(name).is_some()
        };
        assert!(!heard(&storage));
        storage.endpoint = Some("http://minio.local:9000".parse().unwrap());
        assert!(heard(&storage));
        assert_eq!(format!("{environment:?}"), r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    }
}
