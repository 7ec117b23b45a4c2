//! One leader among the pods of a component: the one that holds the Lease of its name.
//!
//! The Lease is made with the Deployment, so a pod may read and update that one object and make none. A pod that stops gives
//! it up, so in a rolling update the next one leads within two seconds; one that is killed is succeeded when its Lease has
//! not been renewed for half a minute. By whose clock does not matter: a pod measures for how long it has seen the same
//! renewal. A leader that cannot renew, since the API server is away, stops before any other pod could begin.

#[cfg(test)]
mod fake_api_server;
#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{Api, api::PostParams};
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{backoff, process::chain};

/// So long after a renewal another pod takes over, in seconds as the API has it.
const DURATION_SECONDS: u8 = 30;
const DURATION: Duration = Duration::from_secs(DURATION_SECONDS as u64);
/// So long after a renewal the leader stops by itself: enough before the others begin for its work to end.
const TRUST: Duration = Duration::from_secs(20);
/// So long after that nothing of it is written any more, also where it could not stop: a pod may stand still for a while.
const LAST_WRITES: Duration = Duration::from_secs(9);
const RENEWAL: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(2);
const CALL: Duration = Duration::from_secs(5);
const FIELD_MANAGER: &str = "dataplane-operator";

/// A pod that leads whenever it can.
pub struct Election {
    leases: Api<Lease>,
    lease: &'static str,
    pod: String,
    trusted: watch::Sender<Option<Instant>>,
}

/// Until when this pod leads, as far as it can know by itself.
#[derive(Clone, Debug)]
pub struct Trust(watch::Receiver<Option<Instant>>);

impl Trust {
    /// Whether no other pod can lead.
    pub fn holds(&self) -> bool {
        self.0
            .borrow()
            .is_some_and(|trusted| Instant::now() < trusted + LAST_WRITES)
    }
}

#[cfg(test)]
impl Trust {
    /// That does not change.
    pub fn until(trusted: Option<Instant>) -> Self {
        Self(watch::channel(trusted).1)
    }
}

/// Why a call about the Lease did not get what it asked for.
#[derive(Debug, thiserror::Error)]
enum LeaseError {
    #[error("reading the Lease {0}")]
    Read(&'static str, #[source] kube::Error),
    #[error("updating the Lease {0}")]
    Update(&'static str, #[source] kube::Error),
    #[error("the API server did not answer for {seconds} seconds about the Lease {0}", seconds = CALL.as_secs())]
    Slow(&'static str),
}

/// The last renewal by another pod that was seen, and when first.
struct Seen {
    renewal: (Option<String>, Option<MicroTime>),
    since: Instant,
}

impl Election {
    /// `pod` tells the pods apart; a container that starts again in its pod leads again at once.
    pub fn new(leases: Api<Lease>, lease: &'static str, pod: String) -> Self {
        Self {
            leases,
            lease,
            pod,
            trusted: watch::Sender::new(None),
        }
    }

    /// For the work, which may not notice in time that another pod leads.
    pub fn trust(&self) -> Trust {
        Trust(self.trusted.subscribe())
    }

    /// Does the work whenever this pod leads, until it is asked to stop. The work ends when its token is cancelled.
    pub async fn lead<F>(
        &self,
        stop: &CancellationToken,
        mut work: impl FnMut(CancellationToken) -> F,
    ) where
        F: Future<Output = ()>,
    {
        while let Some(trusted) = self.elected(stop).await {
            info!(lease = self.lease, pod = self.pod, "leading");
            self.trusted.send_replace(Some(trusted));
            let over = stop.child_token();
            let working = async {
                work(over.clone()).await;
                over.cancel();
            };
            let holding = async {
                self.hold(trusted, &over).await;
                over.cancel();
            };
            tokio::join!(working, holding);
            info!(lease = self.lease, pod = self.pod, "leads no more");
            self.trusted.send_replace(None);
            if let Err(error) = self.give_up().await {
                warn!(
                    error = chain(&error),
                    "the lease was not given up: another pod waits until it runs out"
                );
            }
        }
    }

    /// Waits until this pod holds the Lease, and tells for how long that can be trusted. None when it is asked to stop.
    async fn elected(&self, stop: &CancellationToken) -> Option<Instant> {
        let mut seen = None;
        let mut failed = false;
        loop {
            if stop.is_cancelled() {
                return None;
            }
            let asked = Instant::now();
            match self.claim(&mut seen).await {
                Ok(true) => return Some(asked + TRUST),
                Ok(false) => failed = false,
                Err(error) => {
                    // Once: it is tried every two seconds.
                    if !failed {
                        warn!(error = chain(&error), "cannot lead yet, will try again");
                    }
                    failed = true;
                }
            }
            backoff::wait(RETRY, stop).await?;
        }
    }

    /// Renews the Lease until it is lost, or the work is over.
    async fn hold(&self, mut trusted: Instant, over: &CancellationToken) {
        let mut pause = RENEWAL;
        while backoff::wait(pause, over).await.is_some() {
            let asked = Instant::now();
            // None was seen: a renewal by another pod is never waited for here.
            match timeout_at(trusted, self.claim(&mut None)).await {
                Ok(Ok(true)) => {
                    trusted = asked + TRUST;
                    self.trusted.send_replace(Some(trusted));
                    pause = RENEWAL;
                }
                Ok(Ok(false)) => {
                    warn!(lease = self.lease, "another pod took the lease");
                    // Before the work has ended, too.
                    self.trusted.send_replace(None);
                    return;
                }
                Ok(Err(error)) => {
                    warn!(error = chain(&error), "the lease was not renewed");
                    pause = RETRY.min(trusted.saturating_duration_since(Instant::now()));
                }
                Err(_) => {}
            }
            if Instant::now() >= trusted {
                warn!(
                    lease = self.lease,
                    seconds = TRUST.as_secs(),
                    "the lease could not be renewed in time"
                );
                return;
            }
        }
    }

    /// Takes or renews the Lease if it is free or this pod's. Whether this pod holds it now.
    async fn claim(&self, seen: &mut Option<Seen>) -> Result<bool, LeaseError> {
        let lease = self.read().await?;
        if !self.may_take(lease.spec.as_ref(), seen) {
            return Ok(false);
        }
        let before = lease.spec.unwrap_or_default();
        let now = MicroTime(Timestamp::now());
        let mine = before.holder_identity.as_deref() == Some(&self.pod);
        let spec = LeaseSpec {
            holder_identity: Some(self.pod.clone()),
            lease_duration_seconds: Some(DURATION_SECONDS.into()),
            acquire_time: if mine {
                before.acquire_time
            } else {
                Some(now.clone())
            },
            renew_time: Some(now),
            lease_transitions: Some(
                before.lease_transitions.unwrap_or_default() + i32::from(!mine),
            ),
            ..before
        };
        self.write(Lease {
            spec: Some(spec),
            ..lease
        })
        .await
    }

    /// Leaves the Lease to the next pod, if it is still this one's.
    async fn give_up(&self) -> Result<(), LeaseError> {
        let lease = self.read().await?;
        let Some(spec) = lease
            .spec
            .filter(|spec| spec.holder_identity.as_deref() == Some(&self.pod))
        else {
            return Ok(());
        };
        let spec = LeaseSpec {
            holder_identity: None,
            ..spec
        };
        self.write(Lease {
            spec: Some(spec),
            ..lease
        })
        .await
        .map(drop)
    }

    fn may_take(&self, spec: Option<&LeaseSpec>, seen: &mut Option<Seen>) -> bool {
        let holder = spec.and_then(|spec| spec.holder_identity.clone());
        if holder
            .as_ref()
            .is_none_or(|holder| holder.is_empty() || *holder == self.pod)
        {
            return true;
        }
        let renewal = (holder, spec.and_then(|spec| spec.renew_time.clone()));
        match seen {
            Some(known) if known.renewal == renewal => known.since.elapsed() >= DURATION,
            _ => {
                *seen = Some(Seen {
                    renewal,
                    since: Instant::now(),
                });
                false
            }
        }
    }

    async fn read(&self) -> Result<Lease, LeaseError> {
        timeout(CALL, self.leases.get(self.lease))
            .await
            .map_err(|_| LeaseError::Slow(self.lease))?
            .map_err(|error| LeaseError::Read(self.lease, error))
    }

    /// Whether it was written: another pod may have been faster.
    async fn write(&self, lease: Lease) -> Result<bool, LeaseError> {
        let by = PostParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PostParams::default()
        };
        let written = timeout(CALL, self.leases.replace(self.lease, &by, &lease))
            .await
            .map_err(|_| LeaseError::Slow(self.lease))?;
        match written {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(LeaseError::Update(self.lease, error)),
        }
    }
}
