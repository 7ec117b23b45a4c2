//! Identity providers: the cloud's trust in the tokens that a cluster issues.

use std::collections::BTreeSet;

use async_trait::async_trait;
use url::Url;

use crate::error::Result;
use crate::names::{Checked, characters, checked_text, length, lower_or_digit};
use crate::refusal::Refusal;
use crate::tags::Tags;

checked_text! {
    /// The issuer of a cluster's tokens: an https URL without query.
    Issuer, "token issuer", issuer
}

checked_text! {
    /// Whom a token is for: its `aud` claim.
    Audience, "audience", audience
}

checked_text! {
    /// By which an identity provider is found again: its ARN, or on Google Cloud its full resource name.
    IdentityProviderId, "identity provider id", identity_provider_id
}

checked_text! {
    /// What an identity provider is called where it has a name of its own (the workload identity pool, on Google Cloud).
    IdentityProviderName, "identity provider name", identity_provider_name
}

impl Issuer {
    /// The issuer without its scheme, as AWS names its claims.
    pub fn host_and_path(&self) -> &str {
        self.as_str()
            .trim_start_matches("https://")
            .trim_end_matches('/')
    }
}

impl IdentityProviderId {
    /// The workload identity pool, from a full resource name of Google Cloud.
    pub fn pool(&self) -> Option<&str> {
        let (_, pool) = self.as_str().split_once("/workloadIdentityPools/")?;
        Some(pool.split_once('/')?.0)
    }

    /// The issuer without its scheme, from an AWS ARN (`…:oidc-provider/<host and path>`).
    pub fn issuer_host_and_path(&self) -> Option<&str> {
        Some(self.as_str().split_once(":oidc-provider/")?.1)
    }
}

/// An identity provider to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentityProvider {
    /// Its name, where the cloud gives it one; none means one that follows from the issuer.
    pub name: Option<IdentityProviderName>,
    /// Whose tokens.
    pub issuer: Issuer,
    /// For whom they have to be.
    pub audiences: BTreeSet<Audience>,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// An identity provider as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    /// By which it is found again.
    pub id: IdentityProviderId,
    /// Whose tokens.
    pub issuer: Issuer,
    /// For whom they have to be.
    pub audiences: BTreeSet<Audience>,
    /// Whether it is switched off, or reads tokens in another way than we make it: then its audiences alone say little.
    pub altered: bool,
    /// Its tags.
    pub tags: Tags,
}

/// Identity providers of one account.
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// What this cloud does not take of one as it is wanted (`issuer`, `audiences`, `name`); a cloud without identity providers
    /// refuses `issuer` with what to write instead. Nothing is called.
    fn check(&self, wanted: &NewIdentityProvider) -> Vec<Refusal>;

    /// For whom tokens are where nothing is said; empty where the cloud has a default of its own.
    fn default_audiences(&self) -> BTreeSet<Audience>;

    /// Makes one, tagged in the same call; one per issuer can exist.
    async fn create(&self, new: &NewIdentityProvider) -> Result<IdentityProvider>;

    /// Looks one up.
    async fn get(&self, id: &IdentityProviderId) -> Result<IdentityProvider>;

    /// Looks up the one that `create` would have made.
    async fn find(&self, wanted: &NewIdentityProvider) -> Result<IdentityProvider>;

    /// Adds the audiences that are wanted and removes the others; one that was altered becomes what `create` makes.
    async fn set_audiences(
        &self,
        found: &IdentityProvider,
        audiences: &BTreeSet<Audience>,
    ) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &IdentityProvider, tags: &Tags) -> Result<()>;

    /// Deletes one. Roles that trust it stay, and no token of the issuer opens them any more.
    async fn delete(&self, id: &IdentityProviderId) -> Result<()>;
}

fn issuer(text: &str) -> Checked {
    length(text, 9, 255)?;
    characters(text, |c| c.is_ascii_graphic(), "visible ASCII")?;
    let url = Url::parse(text).map_err(|error| format!("must be an https URL: {error}"))?;
    if url.scheme() != "https" {
        return Err("must begin with https://".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or a fragment".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold credentials".into());
    }
    Ok(())
}

fn identity_provider_name(text: &str) -> Checked {
    length(text, 4, 32)?;
    characters(
        text,
        |c| lower_or_digit(c) || c == '-',
        "lowercase letters, digits and hyphens",
    )
}

fn audience(text: &str) -> Checked {
    length(text, 1, 255)?;
    characters(
        text,
        |c| c.is_ascii_graphic() && !"*\"\\".contains(c),
        "visible ASCII without wildcards",
    )
}

fn identity_provider_id(text: &str) -> Checked {
    let aws =
        text.starts_with("arn:") && text.contains(":iam::") && text.contains(":oidc-provider/");
    let google = text.contains("/workloadIdentityPools/") && text.contains("/providers/");
    let azure = text.starts_with("https://") && issuer(text).is_ok();
    if aws || google || azure {
        return characters(
            text,
            |c| c.is_ascii_graphic() && !"*?".contains(c),
            "visible ASCII without wildcards",
        );
    }
    Err("must be an ARN like arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/…, or on Google Cloud projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_https_urls_without_extras() {
        let good: Issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
            .parse()
            .unwrap();
        assert_eq!(
            good.host_and_path(),
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
        );
        for bad in [
            "http://issuer.example.com",
            "issuer.example.com",
            "https://i.example.com?x=1",
            "https://i.example.com#x",
            "https://a:b@i.example.com",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_issuer_is_in_the_arn() {
        let id: IdentityProviderId =
            "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X"
                .parse()
                .unwrap();
        assert_eq!(
            id.issuer_host_and_path(),
            Some("oidc.eks.eu-west-1.amazonaws.com/id/X")
        );
        assert_eq!(id.pool(), None);
        let id: IdentityProviderId =
            "projects/1/locations/global/workloadIdentityPools/acme/providers/cluster"
                .parse()
                .unwrap();
        assert_eq!(id.pool(), Some("acme"));
        assert!(
            "arn:aws:iam::123456789012:role/x"
                .parse::<IdentityProviderId>()
                .is_err()
        );
    }
}
