//! What the control plane is told: the event of a transition, its delivery, and what waits while nobody takes it.
//!
//! Events of many actions go in one call, several calls at a time, and those of one action in their order: none is sent while
//! an earlier one of the same action is on its way. A caller learns whether its events were taken, all of them; when they were
//! not, it keeps them with the action (`pending`) and sends them again, which the receiver notices by action, attempt, phase
//! and version. While the control plane is known to be away nobody waits for it: an event that was not taken is tried again
//! from time to time until there is an answer. docs/design says why it is made like this.

mod batch;
mod dispatch;
#[cfg(test)]
mod fake_proxy;
mod metrics;
pub mod pending;
mod record;
mod shortening;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use dataplane_proto::flyteidl2::workflow::ActionEvent;
use prost::Message as _;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tracing::error;

pub use metrics::EventMetrics;
pub use shortening::shorten;
pub use wire::event;

use crate::{channel::TokenFile, lease::Trust};
use dispatch::{Delivery, Dispatcher};
use record::{Proxy, Record};

/// Most events of one call.
const CALL_EVENTS: usize = 400;
/// Most bytes of one call: far below the 4 MiB that receivers accept by default.
const CALL_BYTES: usize = 2 << 20;
/// Deliveries that wait to be looked at; who comes after them waits without being in memory twice.
const INBOX: usize = 64;

/// Where events are sent. Clones send to the same place.
#[derive(Clone)]
pub struct Events {
    inbox: mpsc::Sender<Delivery>,
    away: watch::Receiver<Option<Away>>,
    reachable: watch::Receiver<bool>,
}

/// That the control plane takes no events, and since when none was taken.
#[derive(Clone, Debug)]
struct Away {
    why: Arc<str>,
    since: Instant,
    /// Somebody answers all the same: one delivery is tried.
    invites: bool,
}

/// Why events were not taken. They are to be kept and sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    #[error("the control plane takes no events: {why}")]
    Away { why: Arc<str> },
    #[error("the control plane did not take the action's events: {why}")]
    NotTaken { why: Arc<str> },
    #[error("this pod has not renewed its Lease for too long")]
    Fenced,
    #[error("events are no longer delivered, the process ends")]
    Stopped,
}

impl Events {
    /// Delivers from now on, whenever nobody else can lead, until the last clone is gone and what it was given is answered. Should it break off, the process is
    /// stopped: nothing would be told any more, and another pod can go on.
    pub fn start(
        channel: Channel,
        token: TokenFile,
        metrics: EventMetrics,
        trust: Trust,
        stop: CancellationToken,
    ) -> Self {
        Self::deliver_to(Proxy::new(channel, token), metrics, Some(trust), stop)
    }

    fn deliver_to(
        recorder: impl Record,
        metrics: EventMetrics,
        trust: Option<Trust>,
        stop: CancellationToken,
    ) -> Self {
        let (inbox, deliveries) = mpsc::channel(INBOX);
        let (away_sender, away) = watch::channel(None);
        let (reachable_sender, reachable) = watch::channel(true);
        let dispatcher = Dispatcher::new(recorder, metrics, trust, away_sender, reachable_sender);
        let work = tokio::spawn(dispatcher.run(deliveries));
        tokio::spawn(watch_over(work, stop));
        Self {
            inbox,
            away,
            reachable,
        }
    }

    /// Sends the events in their order. Ok when none of them needs to be kept any longer: each was taken, or was refused for
    /// what it is, which is in the log. Fails at once while the control plane is away.
    pub async fn deliver(&self, events: Vec<ActionEvent>) -> Result<(), Undelivered> {
        for events in calls(events) {
            if let Some(away) = &*self.away.borrow()
                && !away.invites
            {
                let why = Arc::clone(&away.why);
                return Err(Undelivered::Away { why });
            }
            let (reply, answer) = oneshot::channel();
            let delivery = Delivery::new(events, reply);
            let sent = self.inbox.send(delivery).await;
            sent.map_err(|_| Undelivered::Stopped)?;
            answer.await.map_err(|_| Undelivered::Stopped)??;
        }
        Ok(())
    }

    /// For how long the control plane has taken no event of this process. None while it does, as far as is known.
    pub fn away_for(&self) -> Option<Duration> {
        let away = self.away.borrow();
        away.as_ref().map(|away| away.since.elapsed())
    }

    /// Whether the control plane takes events, as far as is known. True at first.
    pub fn reachable(&self) -> watch::Receiver<bool> {
        self.reachable.clone()
    }
}

async fn watch_over(work: JoinHandle<()>, stop: CancellationToken) {
    if let Err(failure) = work.await
        && failure.is_panic()
    {
        error!(%failure, "the delivery of events broke off: report this; the executor begins anew");
        stop.cancel();
    }
}

/// The events in parts that fit into one call each.
fn calls(events: Vec<ActionEvent>) -> Vec<Vec<ActionEvent>> {
    let mut parts: Vec<Vec<ActionEvent>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.encoded_len();
        match parts.last_mut() {
            Some(part) if part.len() < CALL_EVENTS && bytes + size <= CALL_BYTES => {
                bytes += size;
                part.push(event);
            }
            _ => {
                bytes = size;
                parts.push(vec![event]);
            }
        }
    }
    parts
}

/// Tells actions apart. Two that share it by chance are only sent one after the other.
fn action_of(event: &ActionEvent) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(id) = &event.id {
        id.name.hash(&mut hasher);
        if let Some(run) = &id.run {
            (&run.project, &run.domain, &run.name).hash(&mut hasher);
        }
    }
    hasher.finish()
}
