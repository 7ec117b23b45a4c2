//! Secrets on Secret Manager, kept in the configured region only.
//!
//! Calls: `create` 1, and 1 with a value; `get` 2 at once; `put_value` and `delete` 1; `set_key` and `set_tags` 1, 0 where
//! nothing differs (1 more when the secret was not read before: a change names the version that it changes).

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clouds::account::KmsKey;
use clouds::error::Call;
use clouds::secrets::{Deletion, NewSecret, Secret, SecretName, SecretText, Secrets};
use clouds::tags::TagChange;
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Understood, unreadable};
use crate::session::{Seen, Service};
use crate::{Gcp, names, tags};

#[derive(Default, Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replication: Option<Replication>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Replication {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_managed: Option<UserManaged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automatic: Option<Replica>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct UserManaged {
    replicas: Vec<Replica>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Replica {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_managed_encryption: Option<Key>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    kms_key_name: String,
}

/// A value on its way: never printed.
#[derive(Serialize)]
struct NewVersion<'v> {
    payload: Payload<'v>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'v> {
    data: &'v str,
    /// 64-bit integers travel as text.
    data_crc32c: String,
}

#[derive(Deserialize)]
struct Found {
    name: String,
    etag: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    replication: Replication,
}

#[derive(Deserialize)]
struct Version {
    name: String,
}

#[async_trait]
impl Secrets for Gcp {
    fn check(
        &self,
        name: &SecretName,
        kms_key: Option<&KmsKey>,
        deletion: Deletion,
    ) -> Vec<Refusal> {
        let deletion = match deletion {
            Deletion::Now => None,
            Deletion::After(_) | Deletion::ByTheStore => Some(Refusal::new(
                "deletion",
                "Secret Manager brings no deleted secret back: give 0, or leave it out.",
            )),
        };
        [
            names::secret(name),
            names::key("kms_key", kms_key),
            deletion,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn default_deletion(&self) -> Deletion {
        Deletion::Now
    }

    async fn create(&self, new: &NewSecret) -> Result<Secret> {
        let call = ("secretmanager.secrets.create", &new.name);
        let body = Written {
            etag: None,
            labels: Some(tags::labels(&new.tags)),
            replication: Some(self.replication(new.kms_key.as_ref())),
        };
        let path = format!("v1/projects/{}/secrets", self.0.config.project);
        let made: Found = self
            .0
            .post(Service::SecretManager, path, call)
            .query("secretId", &new.name)
            .named()
            .json(&body)?
            .answer()
            .await?;
        let version = match &new.value {
            Some(value) => Some(self.put_value(&new.name, value).await?),
            None => None,
        };
        Self::secret(&new.name, made, version)
    }

    async fn get(&self, name: &SecretName) -> Result<Secret> {
        let version = async {
            let path = format!("{}/versions/latest", self.secret_path(name));
            let latest = self
                .0
                .get(
                    Service::SecretManager,
                    path,
                    ("secretmanager.versions.get", name),
                )
                .answer::<Version>()
                .await;
            Ok(latest.optional()?.map(|version| last(&version.name)))
        };
        let (found, version) = try_join!(self.stored_secret(name), version)?;
        Self::secret(name, found, version)
    }

    async fn put_value(&self, name: &SecretName, value: &SecretText) -> Result<String> {
        let bytes = value.expose().as_bytes();
        let data = Zeroizing::new(BASE64_STANDARD.encode(bytes));
        let body = NewVersion {
            payload: Payload {
                data: &data,
                data_crc32c: crc32c(bytes).to_string(),
            },
        };
        let path = format!("{}:addVersion", self.secret_path(name));
        let made: Version = self
            .0
            .post(
                Service::SecretManager,
                path,
                ("secretmanager.versions.add", name),
            )
            .json(&body)?
            .answer()
            .await?;
        // Each value counts as a change of the secret.
        self.0.saw(&self.secret_path(name), None);
        Ok(last(&made.name))
    }

    async fn set_key(&self, found: &Secret, key: Option<&KmsKey>) -> Result<()> {
        if found.kms_key.as_ref() == key {
            return Ok(());
        }
        let body = |_| Written {
            replication: Some(self.replication(key)),
            ..Written::default()
        };
        self.change_secret(&found.name, "replication", body).await
    }

    async fn set_tags(&self, found: &Secret, tags: &Tags) -> Result<()> {
        if TagChange::between(&found.tags, tags).is_empty() {
            return Ok(());
        }
        // All labels are replaced: Google's own are sent back as they were.
        let body = |mut labels: BTreeMap<_, _>| {
            labels.extend(tags::labels(tags));
            Written {
                labels: Some(labels),
                ..Written::default()
            }
        };
        self.change_secret(&found.name, "labels", body).await
    }

    async fn restore(&self, name: &SecretName) -> Result<()> {
        let call = Call::new("secretmanager.secrets.undelete", name)
            .because("Secret Manager brings no deleted secret back");
        Err(Error::Unsupported(Box::new(call)))
    }

    async fn delete(&self, name: &SecretName, _: Deletion) -> Result<()> {
        self.0
            .delete(
                Service::SecretManager,
                self.secret_path(name),
                ("secretmanager.secrets.delete", name),
            )
            .done()
            .await?;
        self.0.saw(&self.secret_path(name), None);
        Ok(())
    }
}

impl Found {
    fn seen(&self) -> Option<Seen> {
        Some(Seen {
            google: tags::googles(&self.labels),
            ..Seen::version(self.etag.as_deref())?
        })
    }
}

impl Gcp {
    fn secret_path(&self, name: &SecretName) -> String {
        format!("v1/projects/{}/secrets/{name}", self.0.config.project)
    }

    async fn stored_secret(&self, name: &SecretName) -> Result<Found> {
        let path = self.secret_path(name);
        let found: Found = self
            .0
            .get(
                Service::SecretManager,
                &path,
                ("secretmanager.secrets.get", name),
            )
            .answer()
            .await?;
        self.0.saw(&path, found.seen());
        Ok(found)
    }

    /// Changes the version that was read, and no other. `body` gets the labels of Google's own.
    async fn change_secret(
        &self,
        name: &SecretName,
        mask: &'static str,
        body: impl FnOnce(BTreeMap<String, String>) -> Written + Send,
    ) -> Result<()> {
        let path = self.secret_path(name);
        let call = ("secretmanager.secrets.patch", name);
        let seen = match self.0.seen(&path) {
            Some(seen) => seen,
            None => self.stored_secret(name).await?.seen().unwrap_or_default(),
        };
        let body = Written {
            etag: seen.version,
            ..body(seen.google)
        };
        let request = self
            .0
            .patch(Service::SecretManager, &path, call)
            .query("updateMask", mask)
            .json(&body)?;
        let changed = request.answer::<Found>().await;
        self.0
            .saw(&path, changed.as_ref().ok().and_then(Found::seen));
        changed.map(drop)
    }

    fn replication(&self, key: Option<&KmsKey>) -> Replication {
        let replica = Replica {
            location: Some(self.0.config.region.to_string()),
            customer_managed_encryption: key.map(|key| Key {
                kms_key_name: key.to_string(),
            }),
        };
        Replication {
            user_managed: Some(UserManaged {
                replicas: vec![replica],
            }),
            automatic: None,
        }
    }

    fn secret(name: &SecretName, found: Found, version: Option<String>) -> Result<Secret> {
        let call = ("secretmanager.secrets.get", name);
        let Replication {
            user_managed,
            automatic,
        } = found.replication;
        let replicas = user_managed
            .into_iter()
            .flat_map(|managed| managed.replicas)
            .chain(automatic);
        let key = replicas
            .filter_map(|replica| replica.customer_managed_encryption)
            .map(|key| key.kms_key_name)
            .next();
        if found.name.is_empty() {
            return Err(unreadable(call, "the secret has no name"));
        }
        Ok(Secret {
            name: name.clone(),
            id: found.name,
            kms_key: key.map(|key| key.parse()).transpose().understood(call)?,
            version,
            deleted: false,
            tags: tags::from_labels(found.labels),
        })
    }
}

fn last(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

/// CRC-32C (Castagnoli), by which Secret Manager checks that a value came as it was sent.
fn crc32c(data: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in data {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0x82F6_3B78
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4, and the check value of the catalogue of CRCs.
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }
}
