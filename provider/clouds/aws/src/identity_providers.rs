//! Identity providers on IAM.
//!
//! Calls: `create`, `get`, `delete` 1; `find` 1 (the ARN follows from issuer and account; the account is asked once per
//! session); `set_audiences` 1 per audience that differs; `set_tags` 0 to 2.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use clouds::identity_providers::{
    Audience, IdentityProvider, IdentityProviderId, IdentityProviders, Issuer, NewIdentityProvider,
};
use clouds::tags::TagChange;
use clouds::{Refusal, Result, Tags};

use crate::error::Classify;
use crate::{Aws, tags};

/// For whom tokens are that STS exchanges.
const AUDIENCE: &str = "sts.amazonaws.com";

#[async_trait]
impl IdentityProviders for Aws {
    fn check(&self, wanted: &NewIdentityProvider) -> Vec<Refusal> {
        let reason = "An identity provider of IAM is called by its issuer: leave it out.";
        Refusal::of_given("name", wanted.name.as_ref(), reason)
            .into_iter()
            .collect()
    }

    fn default_audiences(&self) -> BTreeSet<Audience> {
        AUDIENCE.parse().into_iter().collect()
    }

    /// Without a thumbprint: IAM trusts the issuer's certificate by its own library of authorities.
    async fn create(&self, new: &NewIdentityProvider) -> Result<IdentityProvider> {
        let call = ("iam:CreateOpenIDConnectProvider", &new.issuer);
        let request = self
            .0
            .iam()
            .await?
            .create_open_id_connect_provider()
            .url(new.issuer.as_str())
            .set_client_id_list(Some(
                new.audiences.iter().map(ToString::to_string).collect(),
            ))
            .set_tags(Some(sdk_tags(new.issuer.as_str(), &new.tags)?));
        let answer = request.send().await.classify(call.0, call.1)?;
        Ok(IdentityProvider {
            id: answer
                .open_id_connect_provider_arn()
                .unwrap_or_default()
                .parse::<IdentityProviderId>()
                .classify(call.0, call.1)?,
            issuer: new.issuer.clone(),
            altered: false,
            audiences: new.audiences.clone(),
            tags: new.tags.clone(),
        })
    }

    async fn get(&self, id: &IdentityProviderId) -> Result<IdentityProvider> {
        let call = ("iam:GetOpenIDConnectProvider", id);
        let iam = self.0.iam().await?;
        let request = iam
            .get_open_id_connect_provider()
            .open_id_connect_provider_arn(id.as_str());
        let answer = request.send().await.classify(call.0, call.1)?;
        // IAM leaves the scheme out.
        let url = answer
            .url()
            .unwrap_or_default()
            .trim_start_matches("https://");
        let audiences = answer
            .client_id_list()
            .iter()
            .map(|audience| audience.parse::<Audience>());
        Ok(IdentityProvider {
            id: id.clone(),
            altered: false,
            issuer: format!("https://{url}")
                .parse::<Issuer>()
                .classify(call.0, call.1)?,
            audiences: audiences
                .collect::<std::result::Result<_, _>>()
                .classify(call.0, call.1)?,
            tags: tags::own(
                answer
                    .tags
                    .into_iter()
                    .flatten()
                    .map(|tag| (tag.key, tag.value)),
            ),
        })
    }

    async fn find(&self, wanted: &NewIdentityProvider) -> Result<IdentityProvider> {
        let issuer = &wanted.issuer;
        let scope = self.0.scope().await?;
        let arn = format!(
            "arn:{}:iam::{}:oidc-provider/{}",
            scope.partition,
            scope.account,
            issuer.host_and_path()
        );
        let id = arn
            .parse::<IdentityProviderId>()
            .classify("iam:GetOpenIDConnectProvider", issuer)?;
        IdentityProviders::get(self, &id).await
    }

    async fn set_audiences(
        &self,
        found: &IdentityProvider,
        audiences: &BTreeSet<Audience>,
    ) -> Result<()> {
        let iam = self.0.iam().await?;
        let arn = found.id.as_str();
        for audience in audiences.difference(&found.audiences) {
            let request = iam
                .add_client_id_to_open_id_connect_provider()
                .open_id_connect_provider_arn(arn);
            let sent = request.client_id(audience.as_str()).send().await;
            sent.classify("iam:AddClientIDToOpenIDConnectProvider", arn)?;
        }
        for audience in found.audiences.difference(audiences) {
            let request = iam
                .remove_client_id_from_open_id_connect_provider()
                .open_id_connect_provider_arn(arn);
            let sent = request.client_id(audience.as_str()).send().await;
            sent.classify("iam:RemoveClientIDFromOpenIDConnectProvider", arn)?;
        }
        Ok(())
    }

    async fn set_tags(&self, found: &IdentityProvider, tags: &Tags) -> Result<()> {
        let iam = self.0.iam().await?;
        let arn = found.id.as_str();
        let change = TagChange::between(&found.tags, tags);
        if !change.set.is_empty() {
            let request = iam
                .tag_open_id_connect_provider()
                .open_id_connect_provider_arn(arn);
            let sent = request
                .set_tags(Some(sdk_tags(arn, &change.set)?))
                .send()
                .await;
            sent.classify("iam:TagOpenIDConnectProvider", arn)?;
        }
        if !change.remove.is_empty() {
            let request = iam
                .untag_open_id_connect_provider()
                .open_id_connect_provider_arn(arn);
            let sent = request
                .set_tag_keys(Some(change.remove.into_iter().collect()))
                .send()
                .await;
            sent.classify("iam:UntagOpenIDConnectProvider", arn)?;
        }
        Ok(())
    }

    /// IAM answers success for what never was, so this does, too.
    async fn delete(&self, id: &IdentityProviderId) -> Result<()> {
        let iam = self.0.iam().await?;
        let request = iam
            .delete_open_id_connect_provider()
            .open_id_connect_provider_arn(id.as_str());
        request
            .send()
            .await
            .classify("iam:DeleteOpenIDConnectProvider", id)?;
        Ok(())
    }
}

pub(crate) fn sdk_tags(object: &str, tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| {
        Tag::builder()
            .key(key)
            .value(value)
            .build()
            .classify("iam:TagResource", object)
    };
    tags.iter().map(tag).collect()
}
