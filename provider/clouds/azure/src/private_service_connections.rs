//! Connections to a private service, as its owner sees and answers them.

use clouds::error::Call;
use clouds::private_services::{Answer, Connection, ConnectionId, ConnectionState};
use clouds::{Optional, Result};
use serde::{Deserialize, Serialize};

use crate::arm::{Arm, ResourceId};
use crate::connection_states::{Standing, state};
use crate::error::Classify;
use crate::networks::{Reference, subscription_of};
use crate::{pauses, versions};

pub(crate) const WRITE: &str =
    "Microsoft.Network/privateLinkServices/privateEndpointConnections/write";
const DELETE: &str = "Microsoft.Network/privateLinkServices/privateEndpointConnections/delete";

#[derive(Debug, Deserialize)]
pub(crate) struct FoundConnection {
    name: Option<String>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    private_endpoint: Reference,
    private_link_service_connection_state: Standing,
    provisioning_state: Option<String>,
}

#[derive(Serialize)]
struct Answered<'a> {
    properties: AnsweredProperties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredProperties<'a> {
    private_link_service_connection_state: AnsweredState<'a>,
}

#[derive(Serialize)]
struct AnsweredState<'a> {
    status: &'static str,
    description: &'a str,
}

impl FoundConnection {
    /// What it is called on the owner's side.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The consumer's endpoint.
    pub(crate) fn endpoint(&self) -> &str {
        self.properties.private_endpoint.as_str()
    }

    pub(crate) fn is_of(&self, connection: &ConnectionId) -> bool {
        self.endpoint().eq_ignore_ascii_case(connection.as_str())
    }

    pub(crate) fn state(&self, call: &Call) -> Result<ConnectionState> {
        let Properties {
            private_link_service_connection_state: standing,
            provisioning_state,
            ..
        } = &self.properties;
        state(call, provisioning_state.as_deref(), standing)
    }

    pub(crate) fn as_connection(&self, call: &Call) -> Result<Connection> {
        let endpoint = self.endpoint();
        Ok(Connection {
            id: endpoint.parse().classify(call)?,
            owner: subscription_of(endpoint).unwrap_or_default().to_owned(),
            state: self.state(call)?,
            addresses: Vec::new(),
            created: None,
        })
    }
}

/// Lets one in or keeps it out; the consumer reads who said so.
pub(crate) async fn answer(
    arm: Arm<'_>,
    attempts: u32,
    service: &ResourceId,
    name: &str,
    answer: Answer,
    owner: &str,
) -> Result<()> {
    let status = match answer {
        Answer::Accept => "Approved",
        Answer::Reject => "Rejected",
    };
    let id = service.child("privateEndpointConnections", name);
    let body = Answered {
        properties: AnsweredProperties {
            private_link_service_connection_state: AnsweredState {
                status,
                description: owner,
            },
        },
    };
    pauses::in_turn(attempts, async || {
        let call = Call::new(WRITE, &id);
        let _: FoundConnection = arm.put(call, &id, versions::NETWORK, &body).await?;
        Ok(())
    })
    .await
}

/// Removes one that has ended; the consumer's endpoint stays, and leads nowhere.
pub(crate) async fn remove(
    arm: Arm<'_>,
    attempts: u32,
    service: &ResourceId,
    name: &str,
) -> Result<()> {
    let id = service.child("privateEndpointConnections", name);
    pauses::in_turn(attempts, async || {
        let gone = arm.delete(Call::new(DELETE, &id), &id, versions::NETWORK, None);
        gone.await.optional().map(|_| ())
    })
    .await
}
