//! What was found of a role, in its model.

use std::time::Duration;

use clouds::roles::{Role as Found, RoleName, RolePath, SessionDuration, Subject};
use framework::{Result, Text, Value, text};

use super::{
    RoleModel,
    trust::{SubjectModel, trust_model},
};
use crate::{client::Client, drift};

pub(super) fn session(duration: Option<SessionDuration>) -> Value<Text<text::Duration>> {
    let text = |session: SessionDuration| {
        Text::from(text::Duration::from(Duration::from_secs(session.as_secs())))
    };
    duration.map(text).into()
}

impl RoleModel {
    /// Enters the path and the longest session where the configuration has none.
    pub(super) fn fill(
        &mut self,
        config: Option<&Self>,
        (path, session): (Value<Text<RolePath>>, Value<Text<text::Duration>>),
    ) {
        if config.is_some_and(|config| config.path.is_null()) {
            self.path = path;
        }
        if config.is_some_and(|config| config.max_session_duration.is_null()) {
            self.max_session_duration = session;
        }
    }

    pub(super) fn role_name(&self) -> Result<RoleName> {
        Ok(RoleName::clone(self.name.get()?))
    }

    /// What is known of a role as soon as it exists.
    pub(super) fn identify(&mut self, found: &Found) {
        self.id = found.name.to_string().into();
        self.principal = found.principal.to_string().into();
        if !self.service_account_annotations.is_known() {
            self.service_account_annotations = found.service_account_annotations.clone().into();
        }
        if !self.pod_labels.is_known() {
            self.pod_labels = found.pod_labels.clone().into();
        }
    }

    /// What may have been changed by others.
    pub(super) fn refresh(&mut self, client: &Client, found: Found) {
        self.service_account_annotations = found.service_account_annotations.into();
        self.pod_labels = found.pod_labels.into();
        self.path = found.path.map(Text::from).into();
        self.permissions_boundary = found.permissions_boundary.map(Text::from).into();
        self.max_session_duration = session(found.max_session);
        // A trust policy of another form shows as a difference of `trust_policy`.
        if let Some(trust) = found.trust.as_ref() {
            self.trust = trust_model(trust).into();
            let subject = |subject: &Subject| SubjectModel {
                namespace: subject.namespace.clone().into(),
                service_account: subject.service_account.clone().into(),
            };
            self.subjects = Value::Known(found.subjects.iter().map(subject).collect());
        }
        self.policy = found.policy.map(Text::from).into();
        self.trust_policy = found.trust_policy.into();
        self.unexpected_policies = Value::Known(
            found
                .foreign_policies
                .iter()
                .map(ToString::to_string)
                .collect(),
        );
        self.tags = drift::own_tags(client, &self.tags, &found.tags);
        self.tags_all = found.tags.into();
    }
}
