//! Registries: repositories for images in Artifact Registry.
//!
//! Calls: `create` 1, and 1 per look at the operation; `get` 1; `configure` and `set_tags` 1, 0 where nothing differs (`set_tags`
//! 1 more when the repository was not read before);
//! `images` 1 per 1,000; `delete` 1 more than `create` unless it is forced.

use std::collections::BTreeMap;

use async_trait::async_trait;
use clouds::error::Call;
use clouds::registries::{
    Images, NewRegistry, Registries, Registry, RegistryName, RegistrySettings,
};
use clouds::tags::TagChange;
use clouds::{Error, Refusal, Result, Tags};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Understood;
use crate::operations::Operation;
use crate::session::{Seen, Service};
use crate::{Gcp, names, tags};

const KEEP: &str = "dataplane-keep-last";
const DELETE: &str = "dataplane-delete-others";
const PAGE: usize = 1000;

/// What we send: only what is there.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    docker_config: Option<Docker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerability_scanning_config: Option<Scanning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleanup_policies: Option<BTreeMap<String, Cleanup>>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Docker {
    immutable_tags: bool,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Scanning {
    enablement_config: String,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Cleanup {
    id: String,
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_recent_versions: Option<Recent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<When>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Recent {
    keep_count: u32,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct When {
    tag_state: String,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    name: String,
    kms_key_name: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    docker_config: Docker,
    #[serde(default)]
    vulnerability_scanning_config: Scanning,
    #[serde(default)]
    cleanup_policies: BTreeMap<String, Cleanup>,
    #[serde(default)]
    cleanup_policy_dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    docker_images: Vec<Image>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Image {}

#[async_trait]
impl Registries for Gcp {
    fn check(&self, wanted: &NewRegistry) -> Vec<Refusal> {
        [
            names::registry(&wanted.name),
            names::key("kms_key", wanted.kms_key.as_ref()),
            kept_for_ever(&wanted.settings),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn defaults(&self) -> RegistrySettings {
        RegistrySettings {
            immutable_tags: true,
            scan_on_push: true,
            keep_last: None,
        }
    }

    async fn create(&self, new: &NewRegistry) -> Result<Registry> {
        let call = ("artifactregistry.repositories.create", new.name.as_str());
        let body = Written {
            format: Some("DOCKER"),
            mode: Some("STANDARD_REPOSITORY"),
            kms_key_name: new.kms_key.as_ref().map(ToString::to_string),
            labels: Some(tags::labels(&new.tags)),
            docker_config: Some(Docker {
                immutable_tags: new.settings.immutable_tags,
            }),
            vulnerability_scanning_config: Some(scanning(new.settings.scan_on_push)),
            cleanup_policies: None,
        };
        let path = format!("v1/{}/repositories", self.0.location());
        let begun: Operation = self
            .0
            .post(Service::ArtifactRegistry, path, call)
            .query("repositoryId", &new.name)
            .named()
            .json(&body)?
            .answer()
            .await?;
        match self
            .0
            .end::<Found>(Service::ArtifactRegistry, begun, call)
            .await?
        {
            Some(made) => self.registry(&new.name, made),
            None => self.get(&new.name).await,
        }
    }

    async fn get(&self, name: &RegistryName) -> Result<Registry> {
        let call = ("artifactregistry.repositories.get", name);
        let found: Found = self
            .0
            .get(Service::ArtifactRegistry, self.repository(name), call)
            .answer()
            .await?;
        self.registry(name, found)
    }

    async fn configure(&self, found: &Registry, wanted: &RegistrySettings) -> Result<()> {
        let has = &found.settings;
        let mut body = Written::default();
        let mut mask = Vec::new();
        if has.immutable_tags != wanted.immutable_tags {
            body.docker_config = Some(Docker {
                immutable_tags: wanted.immutable_tags,
            });
            mask.push("dockerConfig");
        }
        if has.scan_on_push != wanted.scan_on_push {
            body.vulnerability_scanning_config = Some(scanning(wanted.scan_on_push));
            mask.push("vulnerabilityScanningConfig");
        }
        if has.keep_last != wanted.keep_last || found.foreign_rules {
            body.cleanup_policies = Some(cleanup(wanted.keep_last));
            // A dry run would keep everything whatever the rules say.
            mask.extend(["cleanupPolicies", "cleanupPolicyDryRun"]);
        }
        self.patch_repository(&found.name, &mask, &body).await
    }

    async fn set_tags(&self, found: &Registry, tags: &Tags) -> Result<()> {
        if TagChange::between(&found.tags, tags).is_empty() {
            return Ok(());
        }
        let path = self.repository(&found.name);
        // All labels are replaced: Google's own are sent back as they were.
        let seen = self.0.seen_by(&path, self.get(&found.name)).await?;
        let mut labels = seen.google;
        labels.extend(tags::labels(tags));
        let body = Written {
            labels: Some(labels),
            ..Written::default()
        };
        self.patch_repository(&found.name, &["labels"], &body).await
    }

    async fn images(&self, name: &RegistryName, limit: usize) -> Result<Images> {
        let mut count = 0;
        let mut token: Option<String> = None;
        loop {
            let call = ("artifactregistry.dockerImages.list", name);
            let path = format!("{}/dockerImages", self.repository(name));
            let mut request = self
                .0
                .get(Service::ArtifactRegistry, path, call)
                .query("pageSize", PAGE);
            if let Some(token) = token {
                request = request.query("pageToken", token);
            }
            let page: Page = request.answer().await?;
            count += page.docker_images.len();
            token = page.next_page_token.filter(|token| !token.is_empty());
            if count > limit || token.is_none() {
                return Ok(Images {
                    count: count.min(limit),
                    more: count > limit,
                });
            }
        }
    }

    async fn delete(&self, name: &RegistryName, force: bool) -> Result<()> {
        let call = ("artifactregistry.repositories.delete", name.as_str());
        // Artifact Registry itself deletes a repository with all that is in it.
        if !force && self.images(name, 1).await?.count > 0 {
            let call = Call::new(call.0, call.1).because("it holds images");
            return Err(Error::NotEmpty(Box::new(call)));
        }
        let begun: Operation = self
            .0
            .delete(Service::ArtifactRegistry, self.repository(name), call)
            .answer()
            .await?;
        self.0
            .end::<Value>(Service::ArtifactRegistry, begun, call)
            .await
            .map(drop)
    }
}

impl Gcp {
    fn repository(&self, name: &RegistryName) -> String {
        format!("v1/{}/repositories/{name}", self.0.location())
    }

    async fn patch_repository(
        &self,
        name: &RegistryName,
        mask: &[&str],
        body: &Written,
    ) -> Result<()> {
        if mask.is_empty() {
            return Ok(());
        }
        let call = ("artifactregistry.repositories.patch", name);
        let request = self
            .0
            .patch(Service::ArtifactRegistry, self.repository(name), call)
            .query("updateMask", mask.join(","));
        request.json(body)?.done().await
    }

    fn registry(&self, name: &RegistryName, found: Found) -> Result<Registry> {
        let call = ("artifactregistry.repositories.get", name);
        let seen = Seen {
            google: tags::googles(&found.labels),
            ..Seen::default()
        };
        self.0.saw(&self.repository(name), Some(seen));
        let keep_last = found
            .cleanup_policies
            .get(KEEP)
            .and_then(|rule| rule.most_recent_versions.as_ref())
            .map(|recent| recent.keep_count);
        let ours = found.cleanup_policies == cleanup(keep_last)
            && !(keep_last.is_some() && found.cleanup_policy_dry_run);
        let config = &self.0.config;
        Ok(Registry {
            name: name.clone(),
            id: found.name,
            url: format!("{}-docker.pkg.dev/{}/{name}", config.region, config.project),
            kms_key: found
                .kms_key_name
                .filter(|key| !key.is_empty())
                .map(|key| key.parse())
                .transpose()
                .understood(call)?,
            settings: RegistrySettings {
                immutable_tags: found.docker_config.immutable_tags,
                scan_on_push: found.vulnerability_scanning_config.enablement_config != "DISABLED",
                keep_last: keep_last.filter(|_| ours),
            },
            foreign_rules: !ours,
            tags: tags::from_labels(found.labels),
        })
    }
}

fn scanning(on: bool) -> Scanning {
    Scanning {
        enablement_config: if on { "INHERITED" } else { "DISABLED" }.to_owned(),
    }
}

/// A tag that never changes cannot be deleted either, nor can an image that has one: nothing would be removed.
fn kept_for_ever(settings: &RegistrySettings) -> Option<Refusal> {
    (settings.immutable_tags && settings.keep_last.is_some()).then(|| {
        Refusal::new(
            "keep_last",
            "images with immutable tags are never removed on Google Cloud: set `immutable_tags = false`, or leave keep_last out.",
        )
    })
}

/// What is kept wins over what is deleted: so the last ones stay, and nothing else.
fn cleanup(keep_last: Option<u32>) -> BTreeMap<String, Cleanup> {
    let Some(keep_count) = keep_last else {
        return BTreeMap::new();
    };
    let rule = |id: &str, action: &str| Cleanup {
        id: id.to_owned(),
        action: action.to_owned(),
        ..Cleanup::default()
    };
    let keep = Cleanup {
        most_recent_versions: Some(Recent {
            keep_count,
            others: Map::new(),
        }),
        ..rule(KEEP, "KEEP")
    };
    let delete = Cleanup {
        condition: Some(When {
            tag_state: "ANY".to_owned(),
            others: Map::new(),
        }),
        ..rule(DELETE, "DELETE")
    };
    [keep, delete].map(|rule| (rule.id.clone(), rule)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_whose_tags_never_change_are_not_removed() {
        let settings = |immutable_tags, keep_last| RegistrySettings {
            immutable_tags,
            scan_on_push: true,
            keep_last,
        };
        let refused = kept_for_ever(&settings(true, Some(20))).unwrap();
        assert_eq!(refused.field, "keep_last");
        assert_eq!(kept_for_ever(&settings(true, None)), None);
        assert_eq!(kept_for_ever(&settings(false, Some(20))), None);
    }

    #[test]
    fn the_last_ones_are_kept_and_nothing_else() {
        let text = serde_json::to_string(&cleanup(Some(20))).unwrap();
        assert_eq!(
            text,
            r#"{"dataplane-delete-others":{"id":"dataplane-delete-others","action":"DELETE","condition":{"tagState":"ANY"}},"dataplane-keep-last":{"id":"dataplane-keep-last","action":"KEEP","mostRecentVersions":{"keepCount":20}}}"#
        );
        let read: BTreeMap<String, Cleanup> = serde_json::from_str(&text).unwrap();
        assert!(read == cleanup(Some(20)));
        let narrower: BTreeMap<String, Cleanup> = serde_json::from_str(&text.replace(
            r#""keepCount":20"#,
            r#""keepCount":20,"packageNamePrefixes":["a"]"#,
        ))
        .unwrap();
        assert!(narrower != cleanup(Some(20)));
    }
}
