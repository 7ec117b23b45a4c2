//! EC2's words for states, as ours.
//!
//! EC2 writes `pendingAcceptance` where its model has `PendingAcceptance`, which the SDK therefore does not know: letter cases are
//! not compared. A word that is none of these is refused by its name, since what it means for a connection is not ours to guess.

use aws_sdk_ec2::types::{DnsNameState, ServiceState as Ec2ServiceState, State};
use clouds::ParseError;
use clouds::private_services::{ConnectionState, ServiceState, VerificationState};

/// How an endpoint of ours stands; none for one that is gone, which EC2 lists for a while.
pub fn endpoint(state: &State) -> Result<Option<ConnectionState>, ParseError> {
    let text = state.as_str().to_ascii_lowercase();
    Ok(Some(match text.as_str() {
        "deleted" => return Ok(None),
        "deleting" => ConnectionState::Deleting,
        _ => shared(&text)?,
    }))
}

/// How somebody's connection to a service of ours stands: for its owner, one that is going away is closed.
pub fn connection(state: &State) -> Result<ConnectionState, ParseError> {
    let text = state.as_str().to_ascii_lowercase();
    match text.as_str() {
        "deleting" | "deleted" => Ok(ConnectionState::Closed),
        _ => shared(&text),
    }
}

/// Where a service of ours stands; none for one that is gone, which EC2 lists for a while.
pub fn service(state: &Ec2ServiceState) -> Result<Option<ServiceState>, ParseError> {
    let text = state.as_str().to_ascii_lowercase();
    Ok(Some(match text.as_str() {
        "deleted" => return Ok(None),
        "pending" => ServiceState::Pending,
        "available" => ServiceState::Available,
        "failed" => ServiceState::Failed,
        "deleting" => ServiceState::Deleting,
        _ => return Err(unknown("service state", &text)),
    }))
}

/// How far the proof of a private DNS name is.
pub fn verification(state: &DnsNameState) -> Result<VerificationState, ParseError> {
    let text = state.as_str().to_ascii_lowercase();
    match text.as_str() {
        "pendingverification" => Ok(VerificationState::Pending),
        "verified" => Ok(VerificationState::Verified),
        "failed" => Ok(VerificationState::Failed),
        _ => Err(unknown("state of a private DNS name", &text)),
    }
}

/// What both sides of a connection call alike.
fn shared(text: &str) -> Result<ConnectionState, ParseError> {
    match text {
        "pendingacceptance" => Ok(ConnectionState::PendingAcceptance),
        "pending" => Ok(ConnectionState::Pending),
        "available" => Ok(ConnectionState::Available),
        "rejected" => Ok(ConnectionState::Rejected),
        "expired" => Ok(ConnectionState::Expired),
        "failed" => Ok(ConnectionState::Failed),
        "partial" => Ok(ConnectionState::Partial),
        _ => Err(unknown("connection state", text)),
    }
}

fn unknown(what: &'static str, text: &str) -> ParseError {
    ParseError::new(what, text, "is not one that EC2 documents")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_the_wire_and_of_the_model_mean_the_same() {
        for (text, ours) in [
            ("pendingAcceptance", ConnectionState::PendingAcceptance),
            ("PendingAcceptance", ConnectionState::PendingAcceptance),
            ("pending", ConnectionState::Pending),
            ("available", ConnectionState::Available),
            ("Available", ConnectionState::Available),
            ("rejected", ConnectionState::Rejected),
            ("expired", ConnectionState::Expired),
            ("failed", ConnectionState::Failed),
            ("partial", ConnectionState::Partial),
        ] {
            assert_eq!(endpoint(&State::from(text)), Ok(Some(ours)), "{text}");
            assert_eq!(connection(&State::from(text)), Ok(ours), "{text}");
        }
    }

    #[test]
    fn what_goes_away_is_closed_for_its_owner() {
        let (deleting, deleted) = (State::from("deleting"), State::from("deleted"));
        assert_eq!(endpoint(&deleting), Ok(Some(ConnectionState::Deleting)));
        assert_eq!(endpoint(&deleted), Ok(None));
        assert_eq!(connection(&deleting), Ok(ConnectionState::Closed));
        assert_eq!(connection(&deleted), Ok(ConnectionState::Closed));
    }

    #[test]
    fn services_and_their_names() {
        let of_service = |text: &str| service(&Ec2ServiceState::from(text));
        assert_eq!(of_service("Available"), Ok(Some(ServiceState::Available)));
        assert_eq!(of_service("Deleted"), Ok(None));
        let of_name = |text: &str| verification(&DnsNameState::from(text));
        assert_eq!(
            of_name("pendingVerification"),
            Ok(VerificationState::Pending)
        );
        assert_eq!(of_name("verified"), Ok(VerificationState::Verified));
    }

    #[test]
    fn a_new_word_is_refused_by_its_name() {
        let said = connection(&State::from("hibernating")).unwrap_err();
        assert!(said.to_string().contains("hibernating"), "{said}");
        assert!(service(&Ec2ServiceState::from("parked")).is_err());
        assert!(verification(&DnsNameState::from("lost")).is_err());
    }
}
