//! What the arguments of a role mean together: the role as it should be, or why it cannot be.

use std::collections::{BTreeMap, BTreeSet};

use clouds::{
    account::KmsKey,
    buckets::{BucketId, ObjectPrefix},
    log_groups::LogGroupName,
    registries::RegistryName,
    roles::{
        Capability, Namespace, PolicyArn, RoleName, RolePath, RoleSpec, ServiceAccountName,
        SessionDuration, Subject, Trust,
    },
    secrets::SecretPrefix,
};
use dataplane_api::permissions::Profile;
use framework::{Diagnostic, Diagnostics, Result, Value, path};

use super::{BucketAccessModel, RoleModel, trust::SubjectModel};
use crate::{
    profiles::{self, Argument, BucketReach, Reach},
    refusals,
};

impl RoleModel {
    /// The role as it should be; none while an argument is unknown.
    pub(super) fn spec(&self) -> Option<RoleSpec> {
        self.spec_with(self.trust.known()?.trust()?, self.subjects()?)
    }

    /// What is known of the role already, for what a cloud takes or not.
    pub(super) fn outline(&self) -> Option<RoleSpec> {
        let mut sure = self.clone();
        sure.name = refusals::named(&self.name, refusals::STAND_IN).ok()?;
        forget(&mut sure.path);
        forget(&mut sure.permissions_boundary);
        forget(&mut sure.max_session_duration);
        forget(&mut sure.buckets);
        forget(&mut sure.secrets);
        forget(&mut sure.logs);
        forget(&mut sure.registry);
        forget(&mut sure.kms_keys);
        if let Value::Known(buckets) = &mut sure.buckets {
            buckets.retain(|_, bucket| bucket.reach().is_some());
        }
        let trust = self.trust.known()?.outline()?;
        sure.spec_with(trust, self.subjects().unwrap_or_default())
    }

    /// The role as the state has it: of one that was just imported, what its id says; none without a trust.
    pub(super) fn recorded(&self) -> Option<RoleSpec> {
        if let Some(spec) = self.spec() {
            return Some(spec);
        }
        Some(RoleSpec {
            name: RoleName::clone(self.name.known()?),
            path: None,
            permissions_boundary: None,
            max_session: None,
            trust: self.trust.known()?.trust()?,
            subjects: self.subjects().unwrap_or_default(),
            capabilities: BTreeSet::new(),
        })
    }

    /// What the role may do; none while it is unknown.
    pub(super) fn capabilities(&self) -> Option<BTreeSet<Capability>> {
        let profile = **self.profile.known()?;
        Some(profiles::capabilities(profile, &self.reach()?))
    }

    fn subjects(&self) -> Option<BTreeSet<Subject>> {
        let subject = |subject: &SubjectModel| {
            Some(Subject {
                namespace: Namespace::clone(subject.namespace.known()?),
                service_account: ServiceAccountName::clone(subject.service_account.known()?),
            })
        };
        self.subjects.known()?.iter().map(subject).collect()
    }

    fn spec_with(&self, trust: Trust, subjects: BTreeSet<Subject>) -> Option<RoleSpec> {
        let session = told(&self.max_session_duration)?
            .map(|duration| SessionDuration::try_from(duration.get()).ok());
        Some(RoleSpec {
            name: RoleName::clone(self.name.known()?),
            path: told(&self.path)?.map(|path| RolePath::clone(path)),
            permissions_boundary: told(&self.permissions_boundary)?
                .map(|arn| PolicyArn::clone(arn)),
            max_session: session.flatten(),
            trust,
            subjects,
            capabilities: self.capabilities()?,
        })
    }

    /// The role as it should be, during an apply.
    pub(super) fn known_spec(&self) -> Result<RoleSpec> {
        self.spec().ok_or_else(|| {
            Diagnostic::error("", "an argument that must be known by now is not").into()
        })
    }

    /// Refuses arguments that the profile has no use for, and a role that could do nothing.
    pub(super) fn check_arguments(&self, profile: Profile, diagnostics: &mut Diagnostics) {
        let absent = |argument| match argument {
            Argument::Buckets => {
                self.buckets.is_null() || self.buckets.known().is_some_and(BTreeMap::is_empty)
            }
            Argument::Secrets => self.secrets.is_null(),
            Argument::Logs => {
                self.logs.is_null() || self.logs.known().is_some_and(|logs| logs.is_empty())
            }
            Argument::Registry => self.registry.is_null(),
            Argument::KmsKeys => {
                self.kms_keys.is_null() || self.kms_keys.known().is_some_and(|keys| keys.is_empty())
            }
        };
        let (useful, useless): (Vec<_>, Vec<_>) = Argument::ALL
            .into_iter()
            .partition(|argument| profiles::takes(profile, *argument));
        for argument in useless.into_iter().filter(|argument| !absent(*argument)) {
            let name = argument.as_str();
            diagnostics.error_at(
                path!(name),
                format!("a role of profile {profile} may not have {name}"),
                format!(
                    "What a role may do follows from its profile, and {profile} has no use for `{name}`: it takes {}. Leave it out, or \
                     make another role for it.",
                    names(&useful)
                ),
            );
        }
        let objects: Vec<_> = useful
            .into_iter()
            .filter(|argument| *argument != Argument::KmsKeys)
            .collect();
        if objects.iter().all(|argument| absent(*argument)) {
            diagnostics.error_at(
                path!("profile"),
                "a role that may do nothing",
                format!("A role of profile {profile} is given what it may reach by {}, and there is none.", names(&objects)),
            );
        }
    }

    fn reach(&self) -> Option<Reach> {
        let buckets = told(&self.buckets)?.into_iter().flat_map(BTreeMap::values);
        let logs = told(&self.logs)?.into_iter().flatten();
        let keys = told(&self.kms_keys)?.into_iter().flatten();
        Some(Reach {
            buckets: buckets
                .map(BucketAccessModel::reach)
                .collect::<Option<_>>()?,
            secrets: told(&self.secrets)?.map(|prefix| SecretPrefix::clone(prefix)),
            logs: logs.map(|group| LogGroupName::clone(group)).collect(),
            registry: told(&self.registry)?.map(|name| RegistryName::clone(name)),
            kms_keys: keys.map(|key| KmsKey::clone(key)).collect(),
        })
    }
}

impl BucketAccessModel {
    fn reach(&self) -> Option<BucketReach> {
        let prefixes = told(&self.prefixes)?.into_iter().flatten();
        Some(BucketReach {
            id: BucketId::clone(self.id.known()?),
            access: **self.access.known()?,
            prefixes: prefixes.map(|prefix| ObjectPrefix::clone(prefix)).collect(),
        })
    }
}

fn forget<T>(value: &mut Value<T>) {
    if value.is_unknown() {
        *value = Value::Null;
    }
}

/// The value of an argument: none when the apply has to tell it, else what there is.
#[expect(
    clippy::option_option,
    reason = "not known yet and not given are not the same"
)]
pub(super) fn told<T>(value: &Value<T>) -> Option<Option<&T>> {
    match value {
        Value::Known(value) => Some(Some(value)),
        Value::Null => Some(None),
        Value::Unknown => None,
    }
}

fn names(arguments: &[Argument]) -> String {
    let names: Vec<_> = arguments
        .iter()
        .map(|argument| format!("`{}`", argument.as_str()))
        .collect();
    names.join(", ")
}
