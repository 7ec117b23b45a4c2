//! What the arguments of a bucket say, and what was found as arguments.

use clouds::{
    account::KmsKey,
    buckets::{
        Bucket as Found, BucketId, BucketName, BucketSettings, CorsOrigin, Encryption, Expiration,
        ObjectPrefix, Protection,
    },
    policies::Statements,
};
use framework::{Result, Set, Text, Value};

use super::{BucketModel, ExpirationModel, policy_part::PolicyPart};
use crate::{client::Client, drift};

impl BucketModel {
    pub(super) fn bucket_id(&self) -> Result<BucketId> {
        Ok(BucketId::from(BucketName::clone(self.name.get()?)))
    }

    pub(super) fn settings(&self) -> Result<BucketSettings> {
        let rule = |rule: &ExpirationModel| -> Result<Expiration> {
            Ok(Expiration {
                prefix: rule
                    .prefix
                    .known()
                    .map(|prefix| ObjectPrefix::clone(prefix)),
                days: u32::try_from(*rule.days.get()?)?,
            })
        };
        Ok(BucketSettings {
            encryption: self
                .kms_key
                .known()
                .map_or(Encryption::Cloud, |key| Encryption::Key(KmsKey::clone(key))),
            versioning: *self.versioning.get()?,
            expiration: self
                .expiration
                .known()
                .into_iter()
                .flatten()
                .map(rule)
                .collect::<Result<_>>()?,
            cors_origins: self
                .cors_origins
                .known()
                .into_iter()
                .flatten()
                .map(|origin| CorsOrigin::clone(origin))
                .collect(),
            policy_statements: self.statements(),
            soft_delete_days: None,
            allowed_networks: None,
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
            ..
        } = &found.settings;
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
