//! Google's workload identity federation: by which provider a token becomes Google's, and how client libraries are told.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

use crate::{identity::GoogleServiceAccount, textual::Invalid};

/// What a provider's tokens are exchanged by.
const TOKEN_URL: &str = "https://sts.googleapis.com/v1/token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A provider of a workload identity pool, by its full name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadProvider(String);

impl WorkloadProvider {
    /// The audience that a token has to have where the provider names none of its own.
    pub fn audience(&self) -> String {
        format!("https://iam.googleapis.com/{self}")
    }

    /// What Google's client libraries read in place of a key: where the pod's token is, and what it is exchanged for. Nothing of it is
    /// secret.
    pub fn credentials(&self, token: &str, account: Option<&GoogleServiceAccount>) -> Value {
        let mut credentials = json!({
            "type": "external_account",
            "audience": format!("//iam.googleapis.com/{self}"),
            "subject_token_type": JWT,
            "token_url": TOKEN_URL,
            "credential_source": { "file": token },
        });
        if let Some(account) = account {
            let url = format!(
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            );
            credentials["service_account_impersonation_url"] = url.into();
        }
        credentials
    }
}

impl FromStr for WorkloadProvider {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = |name: &str| {
            (4..=32).contains(&name.len())
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        let parts: Vec<&str> = text.split('/').collect();
        let fits = matches!(
            parts.as_slice(),
            ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", provider]
                if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) && name(pool) && name(provider)
        );
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "a provider of a workload identity pool",
                text,
                "write projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>",
            ))
        }
    }
}

impl fmt::Display for WorkloadProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual!(WorkloadProvider, {
    "type": "string",
    "pattern": "^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}$"
});

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str =
        "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/oidc";

    #[test]
    fn a_provider_is_named_in_full() {
        assert_eq!(NAME.parse::<WorkloadProvider>().unwrap().to_string(), NAME);
        for bad in [
            "oidc",
            "projects/acme/locations/global/workloadIdentityPools/acme/providers/oidc",
            "projects/1/locations/global/workloadIdentityPools/acme",
            "projects/1/locations/eu/workloadIdentityPools/acme/providers/oidc",
            "projects/1/locations/global/workloadIdentityPools/acme/providers/a/b",
            "projects/1/locations/global/workloadIdentityPools/Acme/providers/oidc",
        ] {
            let said = bad.parse::<WorkloadProvider>().unwrap_err().to_string();
            assert!(said.contains("<provider>"), "{said}");
        }
    }

    #[test]
    fn an_account_is_acted_as_only_where_there_is_one() {
        let provider: WorkloadProvider = NAME.parse().unwrap();
        assert_eq!(
            provider.audience(),
            format!("https://iam.googleapis.com/{NAME}")
        );
        let direct = provider.credentials("/token", None);
        assert_eq!(direct["audience"], format!("//iam.googleapis.com/{NAME}"));
        assert_eq!(direct["credential_source"]["file"], "/token");
        assert!(direct.get("service_account_impersonation_url").is_none());
        let account = "admin@acme.iam.gserviceaccount.com".parse().unwrap();
        let acting = provider.credentials("/token", Some(&account));
        let url = acting["service_account_impersonation_url"]
            .as_str()
            .unwrap();
        assert!(
            url.ends_with("/admin@acme.iam.gserviceaccount.com:generateAccessToken"),
            "{url}"
        );
    }
}
