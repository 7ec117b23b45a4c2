//! Azure's words for where a connection stands, as ours: the status that the owner of the service gave it
//! (`privateLinkServiceConnectionState`), and how far Azure is with the object that tells it (`provisioningState`).

use clouds::error::Call;
use clouds::private_services::ConnectionState;
use clouds::{Error, Result};
use serde::Deserialize;

use crate::provisioning::Provisioning;

/// How a connection stands, as both sides are told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Standing {
    pub(crate) status: Option<String>,
    pub(crate) description: Option<String>,
}

impl Standing {
    /// Whether its owner was asked at all.
    fn is_answered(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| !status.is_empty())
    }

    /// Why it stands so: in its owner's words, and that the last change of the endpoint failed.
    pub(crate) fn reason(&self, provisioning: Option<&str>) -> Option<String> {
        let failed =
            provisioning.filter(|text| Provisioning::of(Some(text)) == Some(Provisioning::Failed));
        let failed = failed.map(|text| format!("Azure says of its last change: {text}"));
        let said = self.description.clone().filter(|text| !text.is_empty());
        let all: Vec<_> = said.into_iter().chain(failed).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// What the two words mean together. A word that is not known is an error: what waits for it would wait for ever.
pub(crate) fn state(
    call: &Call,
    provisioning: Option<&str>,
    standing: &Standing,
) -> Result<ConnectionState> {
    let unknown = |what: &str, text: &str| {
        let why =
            format!("Azure says {what} {text:?} of a connection, which this version does not know");
        Err(Error::Invalid(Box::new(call.clone().because(why))))
    };
    match Provisioning::of(provisioning) {
        Some(Provisioning::Done) => {}
        Some(Provisioning::Changing) => return Ok(ConnectionState::Pending),
        Some(Provisioning::Deleting) => return Ok(ConnectionState::Deleting),
        // A change that failed leaves the connection as its owner last answered it, and the next one repairs the endpoint.
        Some(Provisioning::Failed) if standing.is_answered() => {}
        Some(Provisioning::Failed) => return Ok(ConnectionState::Failed),
        None => return unknown("provisioningState", provisioning.unwrap_or_default()),
    }
    match standing
        .status
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "" => Ok(ConnectionState::Pending),
        "pending" => Ok(ConnectionState::PendingAcceptance),
        "approved" => Ok(ConnectionState::Available),
        "rejected" => Ok(ConnectionState::Rejected),
        "disconnected" | "removed" => Ok(ConnectionState::Closed),
        other => unknown("status", other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(provisioning: &str, status: &str) -> Result<ConnectionState> {
        let standing = Standing {
            status: Some(status.into()),
            description: None,
        };
        state(&Call::new("read", "it"), Some(provisioning), &standing)
    }

    #[test]
    fn words_of_azure_are_states_of_ours() {
        for (provisioning, status, state) in [
            ("Succeeded", "Pending", ConnectionState::PendingAcceptance),
            ("Succeeded", "Approved", ConnectionState::Available),
            ("Succeeded", "approved", ConnectionState::Available),
            ("Succeeded", "Rejected", ConnectionState::Rejected),
            ("Succeeded", "Disconnected", ConnectionState::Closed),
            ("Succeeded", "Removed", ConnectionState::Closed),
            ("Succeeded", "", ConnectionState::Pending),
            ("Updating", "Approved", ConnectionState::Pending),
            ("Deleting", "Approved", ConnectionState::Deleting),
            ("Failed", "Approved", ConnectionState::Available),
            ("Failed", "Pending", ConnectionState::PendingAcceptance),
            ("Canceled", "Rejected", ConnectionState::Rejected),
            ("Failed", "", ConnectionState::Failed),
        ] {
            assert_eq!(
                of(provisioning, status).unwrap(),
                state,
                "{provisioning} {status}"
            );
        }
    }

    #[test]
    fn a_change_that_failed_is_said_beside_the_owners_words() {
        let standing = Standing {
            status: Some("Approved".into()),
            description: Some("welcome".into()),
        };
        assert_eq!(
            standing.reason(Some("Succeeded")).as_deref(),
            Some("welcome")
        );
        let failed = standing.reason(Some("Failed")).unwrap();
        assert_eq!(failed, "welcome; Azure says of its last change: Failed");
        assert_eq!(Standing::default().reason(None), None);
    }

    #[test]
    fn a_word_that_nobody_knows_is_named() {
        for (provisioning, status) in [("Succeeded", "Paused"), ("Resting", "Approved")] {
            let said = of(provisioning, status).unwrap_err().to_string();
            assert!(
                said.contains("paused") || said.contains("Resting"),
                "{said}"
            );
        }
    }
}
