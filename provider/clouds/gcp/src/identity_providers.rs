//! Identity providers: a workload identity pool with one OIDC provider in it.
//!
//! Calls: `create` 2, `delete`, `set_audiences` and `set_tags` 1, and 1 per look at each of their operations; `get` and
//! `find` 2 at once. `set_tags` 1 more when the pool was not read before.
//!
//! A deleted pool keeps its name for 30 days: one of the same owner and resource is brought back by `create`, which
//! then makes it what it should be. A pool of ours whose provider is missing, since an earlier create was killed or
//! somebody removed it, is completed. The marks are in the pool's description.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use clouds::error::Call;
use clouds::identity_providers::{
    Audience, IdentityProvider, IdentityProviderId, IdentityProviderName, IdentityProviders,
    NewIdentityProvider,
};
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Understood, kept_name, not_found};
use crate::operations::Operation;
use crate::session::{Seen, Service};
use crate::{Gcp, names, tags};

/// The one provider of a pool of ours.
const PROVIDER: &str = "oidc";
const DELETED: &str = "DELETED";
/// For how many days a deleted pool keeps its name.
const KEPT: u32 = 30;
const MOST_AUDIENCES: usize = 10;
/// How a token becomes a principal: by its subject, in full, which the members of our bindings are written by.
const MAPPING: (&str, &str) = ("google.subject", "assertion.sub");
/// All that makes a provider ours; what is not sent of it is emptied.
const WHOLE: &str = "attributeMapping,attributeCondition,disabled,oidc";

#[derive(Serialize)]
struct WrittenPool {
    description: String,
    disabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenProvider<'p> {
    attribute_mapping: BTreeMap<&'static str, &'static str>,
    disabled: bool,
    oidc: WrittenOidc<'p>,
}

#[derive(Serialize)]
struct AudiencePatch<'p> {
    oidc: WrittenOidc<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenOidc<'p> {
    issuer_uri: &'p str,
    allowed_audiences: &'p [String],
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Pool {
    #[serde(default)]
    description: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    name: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    attribute_mapping: BTreeMap<String, String>,
    #[serde(default)]
    attribute_condition: String,
    #[serde(default)]
    oidc: Oidc,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Oidc {
    issuer_uri: String,
    allowed_audiences: Vec<String>,
    /// Keys that somebody gave it in place of the issuer's own.
    jwks_json: String,
}

/// Where a pool and its provider lie: a project by id or by number, and the pool's name.
struct Place {
    project: String,
    pool: String,
    provider: String,
}

#[async_trait]
impl IdentityProviders for Gcp {
    fn check(&self, wanted: &NewIdentityProvider) -> Vec<Refusal> {
        let many = wanted.audiences.len() > MOST_AUDIENCES;
        let many = many.then(|| {
            Refusal::new(
                "audiences",
                format!(
                    "a provider of Google Cloud takes {MOST_AUDIENCES} audiences, not {}.",
                    wanted.audiences.len()
                ),
            )
        });
        names::identity_provider(wanted.name.as_ref())
            .into_iter()
            .chain(many)
            .collect()
    }

    fn default_audiences(&self) -> BTreeSet<Audience> {
        // None given, tokens have to name the provider itself.
        BTreeSet::new()
    }

    async fn create(&self, new: &NewIdentityProvider) -> Result<IdentityProvider> {
        let place = self.place(new);
        let call = ("iam.workloadIdentityPools.create", place.pool.as_str());
        let body = WrittenPool {
            description: tags::description(&new.tags),
            disabled: false,
        };
        let path = format!(
            "v1/projects/{}/locations/global/workloadIdentityPools",
            place.project
        );
        let begun = self
            .0
            .post(Service::Iam, path, call)
            .query("workloadIdentityPoolId", &place.pool)
            .named()
            .json(&body)?;
        let provider = match begun.answer::<Operation>().await {
            Ok(begun) => {
                self.0.end::<Value>(Service::Iam, begun, call).await?;
                None
            }
            Err(Error::AlreadyExists(taken)) => self.take_up(&place, new, *taken).await?,
            Err(error) => return Err(error),
        };
        self.write_provider(&place, new, provider.as_ref()).await?;
        self.look(&place).await
    }

    async fn get(&self, id: &IdentityProviderId) -> Result<IdentityProvider> {
        self.look(&Place::of(id)?).await
    }

    async fn find(&self, wanted: &NewIdentityProvider) -> Result<IdentityProvider> {
        self.look(&self.place(wanted)).await
    }

    async fn set_audiences(
        &self,
        found: &IdentityProvider,
        audiences: &BTreeSet<Audience>,
    ) -> Result<()> {
        if found.altered {
            return self.mend(found, audiences).await;
        }
        if found.audiences == *audiences {
            return Ok(());
        }
        let audiences: Vec<_> = audiences.iter().map(ToString::to_string).collect();
        let body = AudiencePatch {
            oidc: WrittenOidc {
                issuer_uri: found.issuer.as_str(),
                allowed_audiences: &audiences,
            },
        };
        let call = ("iam.workloadIdentityPoolProviders.patch", found.id.as_str());
        let request = self
            .0
            .patch(Service::Iam, Place::of(&found.id)?.provider_path(), call)
            .query("updateMask", "oidc.allowedAudiences");
        let begun: Operation = request.json(&body)?.answer().await?;
        self.0
            .end::<Value>(Service::Iam, begun, call)
            .await
            .map(drop)
    }

    async fn set_tags(&self, found: &IdentityProvider, tags: &Tags) -> Result<()> {
        if found.tags == *tags {
            return Ok(());
        }
        self.write_pool(&Place::of(&found.id)?, tags).await
    }

    async fn delete(&self, id: &IdentityProviderId) -> Result<()> {
        let place = Place::of(id)?;
        let call = ("iam.workloadIdentityPools.delete", place.pool.as_str());
        // Its provider goes, and would come back, with it.
        let begun: Operation = self
            .0
            .delete(Service::Iam, place.pool_path(), call)
            .answer()
            .await?;
        self.0
            .end::<Value>(Service::Iam, begun, call)
            .await
            .map(drop)
    }
}

impl Gcp {
    fn place(&self, wanted: &NewIdentityProvider) -> Place {
        let derived = || format!("dataplane-{}", tags::digest(wanted.issuer.as_str(), 16));
        let pool = wanted.name.as_ref().map(IdentityProviderName::to_string);
        Place {
            project: self.0.config.project.to_string(),
            pool: pool.unwrap_or_else(derived),
            provider: PROVIDER.to_owned(),
        }
    }

    /// A pool of this name exists: goes on with it where it is ours and lacks its provider, or was deleted. Answers the
    /// provider that is left of it.
    async fn take_up(
        &self,
        place: &Place,
        new: &NewIdentityProvider,
        taken: Call,
    ) -> Result<Option<Provider>> {
        let (pool, provider) = try_join!(self.pool(place), async {
            self.provider(place).await.optional()
        })?;
        let ours = tags::same_owner(&tags::from_description(&pool.description), &new.tags);
        let deleted = pool.state == DELETED;
        let complete = provider
            .as_ref()
            .is_some_and(|provider| provider.state != DELETED);
        if deleted && !ours {
            return Err(kept_name(taken, "workload identity pool", KEPT));
        }
        if !ours || (complete && !deleted) {
            return Err(Error::AlreadyExists(Box::new(taken)));
        }
        if deleted {
            self.undelete(
                &place.pool_path(),
                ("iam.workloadIdentityPools.undelete", &place.pool),
            )
            .await?;
        }
        self.write_pool(place, &new.tags).await?;
        Ok(provider)
    }

    /// Makes a pool and its provider what `create` makes of them, with the tags that were found.
    async fn mend(&self, found: &IdentityProvider, audiences: &BTreeSet<Audience>) -> Result<()> {
        let place = Place::of(&found.id)?;
        let wanted = NewIdentityProvider {
            name: None,
            issuer: found.issuer.clone(),
            audiences: audiences.clone(),
            tags: found.tags.clone(),
        };
        // First what it reads, then that it reads again.
        let provider = self.provider(&place).await?;
        self.write_provider(&place, &wanted, Some(&provider))
            .await?;
        self.write_pool(&place, &found.tags).await
    }

    async fn undelete(&self, path: &str, call: (&str, &str)) -> Result<()> {
        let begun: Operation = self
            .0
            .post(Service::Iam, format!("{path}:undelete"), call)
            .json(&Nothing {})?
            .answer()
            .await?;
        self.0
            .end::<Value>(Service::Iam, begun, call)
            .await
            .map(drop)
    }

    async fn write_pool(&self, place: &Place, tags: &Tags) -> Result<()> {
        let call = ("iam.workloadIdentityPools.patch", place.pool.as_str());
        let path = place.pool_path();
        let words = self.0.seen_by(&path, self.pool(place)).await?.words;
        let body = WrittenPool {
            description: tags::described(&words, tags, call)?,
            disabled: false,
        };
        let request = self
            .0
            .patch(Service::Iam, place.pool_path(), call)
            .query("updateMask", "description,disabled");
        let begun: Operation = request.json(&body)?.answer().await?;
        self.0
            .end::<Value>(Service::Iam, begun, call)
            .await
            .map(drop)
    }

    /// Makes the provider of a pool, or makes the one that is left what it should be.
    async fn write_provider(
        &self,
        place: &Place,
        new: &NewIdentityProvider,
        left: Option<&Provider>,
    ) -> Result<()> {
        let audiences: Vec<_> = new.audiences.iter().map(ToString::to_string).collect();
        let body = WrittenProvider {
            attribute_mapping: [MAPPING].into(),
            disabled: false,
            oidc: WrittenOidc {
                issuer_uri: new.issuer.as_str(),
                allowed_audiences: &audiences,
            },
        };
        let begun: Operation = if let Some(left) = left {
            let call = (
                "iam.workloadIdentityPoolProviders.undelete",
                place.pool.as_str(),
            );
            if left.state == DELETED {
                self.undelete(&place.provider_path(), call).await?;
            }
            let request = self.0.patch(
                Service::Iam,
                place.provider_path(),
                ("iam.workloadIdentityPoolProviders.patch", &place.pool),
            );
            request
                .query("updateMask", WHOLE)
                .json(&body)?
                .answer()
                .await?
        } else {
            let path = format!("{}/providers", place.pool_path());
            let request = self.0.post(
                Service::Iam,
                path,
                ("iam.workloadIdentityPoolProviders.create", &place.pool),
            );
            request
                .query("workloadIdentityPoolProviderId", &place.provider)
                .named()
                .json(&body)?
                .answer()
                .await?
        };
        let call = (
            "iam.workloadIdentityPoolProviders.create",
            place.pool.as_str(),
        );
        self.0
            .end::<Value>(Service::Iam, begun, call)
            .await
            .map(drop)
    }

    async fn pool(&self, place: &Place) -> Result<Pool> {
        let path = place.pool_path();
        let call = ("iam.workloadIdentityPools.get", &place.pool);
        let found: Pool = self.0.get(Service::Iam, &path, call).answer().await?;
        let seen = Seen::described(&found.description);
        self.0.saw(&path, Some(seen));
        Ok(found)
    }

    async fn provider(&self, place: &Place) -> Result<Provider> {
        self.0
            .get(
                Service::Iam,
                place.provider_path(),
                ("iam.workloadIdentityPoolProviders.get", &place.pool),
            )
            .answer()
            .await
    }

    async fn look(&self, place: &Place) -> Result<IdentityProvider> {
        let call = ("iam.workloadIdentityPoolProviders.get", &place.pool);
        let (pool, provider) = try_join!(self.pool(place), self.provider(place))?;
        if pool.state == DELETED || provider.state == DELETED {
            return Err(not_found(call));
        }
        let audiences = provider
            .oidc
            .allowed_audiences
            .iter()
            .map(|audience| audience.parse())
            .collect::<std::result::Result<_, _>>();
        Ok(IdentityProvider {
            // It names the project by its number.
            id: provider.name.parse().understood(call)?,
            issuer: provider.oidc.issuer_uri.parse().understood(call)?,
            audiences: audiences.understood(call)?,
            altered: pool.disabled || provider.altered(),
            tags: tags::from_description(&pool.description),
        })
    }
}

impl Provider {
    fn altered(&self) -> bool {
        let mapping = [(MAPPING.0.to_owned(), MAPPING.1.to_owned())].into();
        self.disabled
            || self.attribute_mapping != mapping
            || !self.attribute_condition.is_empty()
            || !self.oidc.jwks_json.is_empty()
    }
}

impl Place {
    fn of(id: &IdentityProviderId) -> Result<Self> {
        let parts: Vec<_> = id.as_str().split('/').collect();
        let [
            "projects",
            project,
            "locations",
            "global",
            "workloadIdentityPools",
            pool,
            "providers",
            provider,
        ] = parts[..]
        else {
            let rule = "must be projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";
            let error = clouds::ParseError::new("identity provider id", id.as_str(), rule);
            return Err(error).understood(("iam.workloadIdentityPoolProviders.get", id));
        };
        Ok(Self {
            project: project.to_owned(),
            pool: pool.to_owned(),
            provider: provider.to_owned(),
        })
    }

    fn pool_path(&self) -> String {
        format!(
            "v1/projects/{}/locations/global/workloadIdentityPools/{}",
            self.project, self.pool
        )
    }

    fn provider_path(&self) -> String {
        format!("{}/providers/{}", self.pool_path(), self.provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(more: &str) -> Provider {
        serde_json::from_str(&format!(
            r#"{{"name":"p","attributeMapping":{{"google.subject":"assertion.sub"}},"oidc":{{"issuerUri":"https://a.example"}}{more}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn another_form_than_ours_is_seen() {
        assert!(!provider("").altered());
        for more in [
            r#","disabled":true"#,
            r#","attributeCondition":"assertion.sub != ''""#,
        ] {
            assert!(provider(more).altered(), "{more}");
        }
        let mapped = |mapping: &str| -> Provider {
            serde_json::from_str(&format!(
                r#"{{"name":"p","attributeMapping":{mapping},"oidc":{{"issuerUri":"https://a.example"}}}}"#
            ))
            .unwrap()
        };
        assert!(mapped(r#"{"google.subject":"'admin'"}"#).altered());
        assert!(
            mapped(r#"{"google.subject":"assertion.sub","google.groups":"assertion.groups"}"#)
                .altered()
        );
        let keys: Provider =
            serde_json::from_str(r#"{"name":"p","attributeMapping":{"google.subject":"assertion.sub"},"oidc":{"jwksJson":"{}"}}"#)
                .unwrap();
        assert!(keys.altered());
    }
}
