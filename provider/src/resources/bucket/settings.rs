//! What the arguments of a bucket say, and what was found as arguments.

use clouds::{
    account::KmsKey,
    buckets::{
        Bucket as Found, BucketId, BucketName, BucketSettings, Buckets, CorsOrigin, Encryption,
        Expiration, NewBucket, ObjectPrefix, Protection, StorageAccount,
    },
    policies::Statements,
    tags::Tags,
};
use framework::{Result, Set, Text, Value};

use super::{
    BucketModel, ExpirationModel, networks::AllowedNetworksModel, policy_part::PolicyPart,
};
use crate::{client::Client, drift, refusals};

/// The fields of a bucket that are another argument.
const RENAMED: &[(&str, &str)] = &[
    ("hierarchical", "hierarchical_namespace"),
    ("encryption", "kms_key"),
];

impl BucketModel {
    pub(super) fn id(&self) -> Value<BucketId> {
        let account = match &self.account {
            Value::Known(account) => Some(StorageAccount::clone(account)),
            Value::Null => None,
            Value::Unknown => return Value::Unknown,
        };
        let name = self.name.as_ref();
        name.map(|name| BucketId {
            account,
            name: BucketName::clone(name),
        })
    }

    pub(super) fn bucket_id(&self) -> Result<BucketId> {
        Ok(self.id().get()?.clone())
    }

    pub(super) fn hierarchical(&self) -> bool {
        self.hierarchical_namespace == Value::Known(true)
    }

    /// What the configuration leaves to this cloud.
    pub(super) fn fill_in(&mut self, config: &Self, soft_delete_days: Option<u32>) {
        if config.versioning.is_null() {
            let hierarchical = self.hierarchical();
            self.versioning = match self.hierarchical_namespace {
                Value::Unknown => Value::Unknown,
                Value::Known(_) | Value::Null => (!hierarchical).into(),
            };
        }
        if config.soft_delete_days.is_null() {
            self.soft_delete_days = soft_delete_days.map(i64::from).into();
        }
    }

    /// Refuses what this cloud does not take, as far as it is known.
    pub(super) fn check(&self, buckets: &dyn Buckets, prior: Option<&Self>) -> Result<()> {
        let name = refusals::named(&self.name, refusals::STAND_IN)?;
        let account = self.account.known();
        let new = NewBucket {
            id: BucketId {
                account: account.map(|account| StorageAccount::clone(account)),
                name: BucketName::clone(name.get()?),
            },
            hierarchical: self.hierarchical(),
            kms_key: None,
            tags: Tags::new(),
        };
        refusals::none_of(buckets.check(&new, &self.settings()?), RENAMED, prior, self)
    }

    /// What is unknown is as if it were left out.
    pub(super) fn settings(&self) -> Result<BucketSettings> {
        let rule = |rule: &ExpirationModel| -> Result<Option<Expiration>> {
            let Some(days) = rule.days.known() else {
                return Ok(None);
            };
            Ok(Some(Expiration {
                prefix: rule
                    .prefix
                    .known()
                    .map(|prefix| ObjectPrefix::clone(prefix)),
                days: u32::try_from(*days)?,
            }))
        };
        Ok(BucketSettings {
            encryption: self
                .kms_key
                .known()
                .map_or(Encryption::Cloud, |key| Encryption::Key(KmsKey::clone(key))),
            versioning: self.versioning == Value::Known(true),
            expiration: self
                .expiration
                .known()
                .into_iter()
                .flatten()
                .filter_map(|one| rule(one).transpose())
                .collect::<Result<_>>()?,
            cors_origins: self
                .cors_origins
                .known()
                .into_iter()
                .flatten()
                .map(|origin| CorsOrigin::clone(origin))
                .collect(),
            policy_statements: self.statements(),
            soft_delete_days: self
                .soft_delete_days
                .known()
                .map(|days| u32::try_from(*days))
                .transpose()?,
            allowed_networks: self
                .allowed_networks
                .known()
                .map(AllowedNetworksModel::networks),
        })
    }

    /// The customer's statements, in whatever pieces they were written.
    fn statements(&self) -> Statements {
        let parts = self.policy_statements.known().into_iter().flatten();
        let statements = parts.flat_map(|part| part.0.as_slice().iter().cloned());
        Statements::from(statements.collect::<Vec<_>>())
    }

    /// What no argument says.
    pub(super) fn locate(&mut self, found: &Found) {
        self.id = found.id.to_string().into();
        self.uri = found.uri.clone().into();
        self.region = found.region.to_string().into();
        self.endpoint = found.endpoint.clone().into();
        self.protections = protections(found.protections.iter().copied());
        self.unexpected_rules = Value::Known(found.foreign_rules.iter().cloned().collect());
        self.tags_all = found.tags.clone().into();
    }

    /// What may have been changed by others.
    pub(super) fn refresh(&mut self, client: &Client, found: &Found) {
        let BucketSettings {
            encryption,
            versioning,
            expiration,
            cors_origins,
            policy_statements,
            soft_delete_days,
            allowed_networks,
        } = &found.settings;
        if self.hierarchical() != found.hierarchical {
            self.hierarchical_namespace = found.hierarchical.into();
        }
        self.soft_delete_days = soft_delete_days.map(i64::from).into();
        self.allowed_networks =
            AllowedNetworksModel::found(&self.allowed_networks, allowed_networks.as_ref());
        self.kms_key = match encryption {
            Encryption::Cloud => Value::Null,
            Encryption::Key(key) => key.clone().into(),
        };
        self.versioning = (*versioning).into();
        let rule = |rule: &Expiration| ExpirationModel {
            prefix: rule.prefix.clone().map(Text::from).into(),
            days: i64::from(rule.days).into(),
        };
        self.expiration = drift::collection(&self.expiration, expiration.iter().map(rule));
        self.cors_origins = drift::collection(
            &self.cors_origins,
            cors_origins.iter().cloned().map(Text::from),
        );
        if self.statements() != *policy_statements {
            let part = |statement: &serde_json::Value| {
                Text::from(PolicyPart(vec![statement.clone()].into()))
            };
            self.policy_statements = drift::collection(
                &self.policy_statements,
                policy_statements.as_slice().iter().map(part),
            );
        }
        self.tags = drift::own_tags(client, &self.tags, &found.tags);
    }
}

pub(super) fn protections(found: impl IntoIterator<Item = Protection>) -> Value<Set<String>> {
    Value::Known(
        found
            .into_iter()
            .map(|protection| protection.to_string())
            .collect(),
    )
}
