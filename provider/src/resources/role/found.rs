//! What was found of a role, in its model.

use std::time::Duration;

use clouds::roles::{Role as Found, RoleName, SessionDuration, Subject};
use framework::{Result, Text, Value, text};

use super::{
    RoleModel,
    trust::{SubjectModel, trust_model},
};
use crate::{client::Client, drift};

impl RoleModel {
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
        let session = |session: SessionDuration| {
            Text::from(text::Duration::from(Duration::from_secs(session.as_secs())))
        };
        self.max_session_duration = found.max_session.map(session).into();
        // A trust policy of another form shows as a difference of `trust_policy`.
        if let Some(trust) = found.trust.as_ref() {
            self.trust = trust_model(trust);
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
