//! Virtual networks: what lies in one, and whose turn it is there.
//!
//! Azure changes one private service or private endpoint at a time in each network, and refuses the others
//! (`AnotherOperationInProgress`): ours wait for each other here, for as long as their operations run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clouds::error::Call;
use clouds::{Refusal, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use crate::arm::ResourceId;
use crate::{Azure, pauses, versions};

/// How long a step of an object in a network may take by default. Azure takes a minute or two for each, and those that come first in
/// the network are waited for in that time, too.
pub(crate) const PATIENCE: Duration = Duration::from_hours(1);

/// The right to change something in a network, for as long as it is held.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// The networks that something was changed in, by their ids.
#[derive(Default)]
pub(crate) struct Networks(Mutex<HashMap<String, Arc<Queue<()>>>>);

impl Networks {
    /// Waits until nobody of this process changes the network that the subnet is of, and keeps it so.
    pub(crate) async fn turn(&self, subnet: &str) -> Turn {
        let network = ResourceId::new(parent(subnet)).key();
        let turn = {
            let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(networks.entry(network).or_default())
        };
        turn.lock_owned().await
    }
}

impl Azure {
    /// Puts an object of a network whose turn it is. What the body was made of has to be looked at in that turn: the wait for it may
    /// take minutes.
    pub(crate) async fn put_in_turn<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        _turn: &Turn,
        body: &B,
    ) -> Result<T> {
        let arm = self.0.arm().await?;
        pauses::in_turn(self.0.config.attempts, async || {
            arm.put(call.clone(), id, versions::NETWORK, body).await
        })
        .await
    }
}

/// The id of what this is a part of.
fn parent(id: &str) -> &str {
    let up = |id| str::rsplit_once(id, '/').map_or("", |(before, _)| before);
    up(up(id))
}

/// An object that is named by its id alone.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Reference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

impl Reference {
    pub(crate) fn to(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

/// The subscription of an id; none of what is no id of Azure.
pub(crate) fn subscription_of(id: &str) -> Option<&str> {
    let mut parts = id.strip_prefix('/')?.split('/');
    let of = parts.next()?;
    of.eq_ignore_ascii_case("subscriptions")
        .then(|| parts.next())?
}

/// Refuses an id of another cloud, or one of another subscription than ours.
pub(crate) fn ours(
    field: &'static str,
    what: &str,
    id: &str,
    subscription: &str,
) -> Option<Refusal> {
    let reason = match subscription_of(id) {
        Some(found) if found.eq_ignore_ascii_case(subscription) => return None,
        Some(found) => format!(
            "\"{id}\" is of the subscription {found}, and this provider works in {subscription}: Azure takes {what} of the same \
             subscription and location only."
        ),
        None => format!(
            "\"{id}\" is {what} of another cloud: on Azure, give its id, /subscriptions/…/providers/Microsoft.Network/…"
        ),
    };
    Some(Refusal::new(field, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBNET: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";

    #[tokio::test]
    async fn one_at_a_time_in_a_network_and_not_in_others() {
        let networks = Networks::default();
        let first = networks.turn(SUBNET).await;
        let _other = networks.turn(&SUBNET.replace("/n/", "/m/")).await;
        let same = SUBNET.to_uppercase().replace("/A", "/B");
        let second = networks.turn(&same);
        tokio::pin!(second);
        let waited = tokio::time::timeout(Duration::from_millis(20), &mut second).await;
        assert!(waited.is_err());
        drop(first);
        second.await;
    }

    #[test]
    fn what_is_of_another_subscription_is_refused() {
        assert_eq!(ours("subnets", "a subnet", SUBNET, "S"), None);
        for (id, said) in [
            (SUBNET, "subscription s"),
            ("subnet-0abc0001", "another cloud"),
        ] {
            let refused = ours("subnets", "a subnet", id, "other").unwrap();
            assert!(refused.reason.contains(said), "{refused}");
        }
    }
}
