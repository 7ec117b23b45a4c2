//! Connections: who asked for a private service, and how it was answered. Both sides see the same states.
//!
//! Sources of the words: `com.amazonaws.ec2#State` of the API reference of EC2 (`API_VpcEndpointConnection`, `API_VpcEndpoint`),
//! `pscConnectionStatus` and `connectedEndpoints.status` of compute's discovery document, `privateLinkServiceConnectionState` of
//! `Microsoft.Network` 2024-05-01. What each backend makes of them is written there.

use std::fmt;
use std::str::FromStr;

use super::ConnectionId;
use crate::names::ParseError;

/// A connection from a consumer's endpoint to a private service, as the owner of the service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The consumer's endpoint.
    pub id: ConnectionId,
    /// The account (project, subscription) of the consumer.
    pub owner: String,
    /// How it stands.
    pub state: ConnectionState,
    /// Addresses of the endpoint, as far as the owner is told.
    pub addresses: Vec<String>,
    /// When it was asked for, as the cloud writes it.
    pub created: Option<String>,
}

/// What the owner of a private service says to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is let in.
    Accept,
    /// It is kept out.
    Reject,
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionState {
    /// The owner of the service has not answered.
    PendingAcceptance,
    /// It was let in, and is being made.
    Pending,
    /// It works.
    Available,
    /// The owner keeps it out.
    Rejected,
    /// The service is gone, or cut it off for good.
    Closed,
    /// Nobody answered in the time that the cloud gives (AWS: seven days).
    Expired,
    /// The cloud could not make it.
    Failed,
    /// A part of it works: one zone and not another, say.
    Partial,
    /// It is going away.
    Deleting,
}

impl ConnectionState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::PendingAcceptance,
        Self::Pending,
        Self::Available,
        Self::Rejected,
        Self::Closed,
        Self::Expired,
        Self::Failed,
        Self::Partial,
        Self::Deleting,
    ];

    /// Its name, as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingAcceptance => "pending_acceptance",
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::Deleting => "deleting",
        }
    }

    /// Whether it works, or will once it is answered: a service that has such is not deleted.
    pub fn is_live(self) -> bool {
        match self {
            Self::PendingAcceptance | Self::Pending | Self::Available | Self::Partial => true,
            Self::Rejected | Self::Closed | Self::Expired | Self::Failed | Self::Deleting => false,
        }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ConnectionState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            ParseError::new("connection state", text, format!("must be one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in ConnectionState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        let said = "pendingAcceptance".parse::<ConnectionState>().unwrap_err();
        assert!(said.to_string().contains("pending_acceptance"), "{said}");
    }

    #[test]
    fn what_can_still_carry_traffic_is_live() {
        let live = ConnectionState::ALL.into_iter().filter(|s| s.is_live());
        let names: Vec<_> = live.map(ConnectionState::as_str).collect();
        assert_eq!(
            names,
            ["pending_acceptance", "pending", "available", "partial"]
        );
    }
}
