//! The proof that a private DNS name belongs to whoever publishes a service under it.

use clouds::private_services::VerificationState;
use framework::{Diagnostics, Model, Value};

use super::{Found, PrivateServiceModel};

/// The proof of a private DNS name: a record in the name's public zone.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct VerificationModel {
    /// How far the proof is: `pending`, `verified` or `failed`.
    #[attr(computed)]
    pub state: Value<String>,
    /// Type of the record, `TXT`.
    #[attr(computed)]
    pub r#type: Value<String>,
    /// Name of the record, below the private DNS name.
    #[attr(computed)]
    pub name: Value<String>,
    /// Value of the record.
    #[attr(computed)]
    pub value: Value<String>,
}

impl VerificationModel {
    pub(super) fn of(found: &Found) -> Value<Self> {
        let model = found.verification.as_ref().map(|proof| Self {
            state: proof.state.as_str().to_owned().into(),
            r#type: proof.kind.clone().into(),
            name: proof.name.clone().into(),
            value: proof.value.clone().into(),
        });
        model.into()
    }

    fn is_verified(&self) -> bool {
        self.state.known().map(String::as_str) == Some(VerificationState::Verified.as_str())
    }
}

/// What is said while a name is not proved.
pub(super) fn unproved(found: &Found) -> Option<(String, String)> {
    let name = found.settings.private_dns_name.as_ref()?;
    let proof = found.verification.as_ref()?;
    (proof.state != VerificationState::Verified).then(|| {
        let record = format!("{} {} with the value {}", proof.kind, proof.name, proof.value);
        (
            format!("{name} is not proved yet"),
            format!(
                "Consumers do not reach private service {} by this name before the cloud has found the record {record} in the name's \
                 public zone. Put it there, for example with what `verification` says, and apply again: that apply has the cloud look.",
                found.name
            ),
        )
    })
}

impl PrivateServiceModel {
    /// The record is known when the name is set, so that the cloud can look for it by a later apply only.
    pub(super) fn follow_verification(&mut self, prior: &Self, diagnostics: &mut Diagnostics) {
        let proved = prior
            .verification
            .known()
            .is_none_or(VerificationModel::is_verified);
        if self.private_dns_name == prior.private_dns_name && proved {
            self.verification = prior.verification.clone();
            return;
        }
        self.verification = Value::Unknown;
        if let (false, Some(name)) = (proved, self.private_dns_name.known()) {
            diagnostics.warning(
                format!("{name} is not proved yet"),
                "This apply has the cloud look for the record that `verification` says, and waits until it was found.",
            );
        }
    }
}
