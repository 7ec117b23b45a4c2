//! Something that the cloud lends for a while, such as a token: kept while it lasts, fetched by one at a time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Mutex;
use tracing::warn;

use crate::transport::AskError;

/// Less than this is not enough for one call.
const LEAST: Duration = Duration::from_mins(1);
/// With less than this left a new one is fetched, in peace.
const MARGIN: Duration = Duration::from_mins(5);
/// What was fetched so recently will not get better by fetching again, nor will a failure.
const RECENT: Duration = Duration::from_secs(2);
/// As [`RECENT`], for what is good already but not for as long as wished.
const WISHED_RECENTLY: Duration = Duration::from_mins(5);

#[derive(Debug)]
pub(crate) struct Session<T> {
    held: Mutex<Held<T>>,
}

#[derive(Debug)]
struct Held<T> {
    lent: Option<Lent<T>>,
    failed: Option<(Arc<AskError>, Timestamp)>,
}

/// What was lent, and for how long.
#[derive(Debug)]
pub(crate) struct Lent<T> {
    pub(crate) value: Arc<T>,
    pub(crate) until: Timestamp,
    since: Timestamp,
}

impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            ..*self
        }
    }
}

impl<T> Default for Session<T> {
    fn default() -> Self {
        Self {
            held: Mutex::new(Held {
                lent: None,
                failed: None,
            }),
        }
    }
}

impl<T> Session<T> {
    /// What is lent now. With `wish` it lasts so long if the cloud lends it for so long.
    pub(crate) async fn get(
        &self,
        wish: Duration,
        fetch: impl AsyncFnOnce() -> Result<(T, Timestamp), AskError>,
    ) -> Result<Lent<T>, Arc<AskError>> {
        let mut held = self.held.lock().await;
        let now = Timestamp::now();
        if let Some(lent) = &held.lent {
            let left = until(now, lent.until);
            let age = until(lent.since, now);
            let fresh = age < RECENT && left >= LEAST;
            let long_enough = left >= wish || age < WISHED_RECENTLY;
            if fresh || (left >= MARGIN && long_enough) {
                return Ok(lent.clone());
            }
        }
        if let Some((failed, at)) = &held.failed
            && until(*at, now) < RECENT
        {
            return usable(held.lent.as_ref(), now).ok_or_else(|| Arc::clone(failed));
        }
        match fetch().await {
            Ok((value, until)) => {
                let since = Timestamp::now();
                let lent = Lent {
                    value: Arc::new(value),
                    until,
                    since,
                };
                *held = Held {
                    lent: Some(lent.clone()),
                    failed: None,
                };
                Ok(lent)
            }
            Err(error) => {
                let error = Arc::new(error);
                held.failed = Some((Arc::clone(&error), Timestamp::now()));
                let usable = usable(held.lent.as_ref(), now);
                if usable.is_some() {
                    warn!(%error, "credentials could not be renewed; those held are used while they last");
                }
                usable.ok_or(error)
            }
        }
    }
}

fn usable<T>(lent: Option<&Lent<T>>, now: Timestamp) -> Option<Lent<T>> {
    lent.filter(|lent| until(now, lent.until) >= LEAST).cloned()
}

/// From one time to a later one; nothing, if it is not later.
pub(crate) fn until(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

/// A time so much later.
pub(crate) fn after(time: Timestamp, pause: Duration) -> Timestamp {
    time.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Cloud {
        session: Session<u32>,
        calls: AtomicU32,
        lends: Duration,
    }

    impl Cloud {
        fn lending(lends: Duration) -> Self {
            Self {
                session: Session::default(),
                calls: AtomicU32::new(0),
                lends,
            }
        }

        async fn get(&self, wish: Duration) -> Lent<u32> {
            let fetch = async || {
                let call = self.calls.fetch_add(1, Ordering::Relaxed);
                Ok((call, after(Timestamp::now(), self.lends)))
            };
            self.session.get(wish, fetch).await.unwrap()
        }

        async fn fail(&self) -> Result<Lent<u32>, Arc<AskError>> {
            let fetch = async || {
                self.calls.fetch_add(1, Ordering::Relaxed);
                Err(AskError::Answer {
                    what: "tokens",
                    lacks: "a token",
                })
            };
            self.session.get(Duration::ZERO, fetch).await
        }

        fn calls(&self) -> u32 {
            self.calls.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn is_fetched_once_while_it_lasts() {
        let cloud = Cloud::lending(Duration::from_hours(1));
        let both = futures::future::join(cloud.get(Duration::ZERO), cloud.get(Duration::ZERO));
        let (one, other) = both.await;
        assert_eq!((*one.value, *other.value, cloud.calls()), (0, 0, 1));
        // A wish that cannot be met does not make a call each time.
        cloud.get(Duration::from_hours(12)).await;
        assert_eq!(cloud.calls(), 1);
    }

    #[tokio::test]
    async fn what_is_lent_for_too_short_a_time_is_not_asked_for_in_a_loop() {
        let cloud = Cloud::lending(Duration::from_mins(2));
        for _ in 0..100 {
            cloud.get(Duration::ZERO).await;
        }
        assert_eq!(cloud.calls(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_wait_without_asking_again() {
        let cloud = Cloud::lending(Duration::from_hours(1));
        for _ in 0..100 {
            assert!(cloud.fail().await.is_err());
        }
        assert_eq!(cloud.calls(), 1);
    }

    #[tokio::test]
    async fn what_is_held_outlives_a_failure_to_renew_it() {
        let cloud = Cloud::lending(Duration::from_mins(3));
        cloud.get(Duration::ZERO).await;
        cloud.session.held.lock().await.lent.as_mut().unwrap().since = Timestamp::UNIX_EPOCH;
        assert_eq!(*cloud.fail().await.unwrap().value, 0);
        assert_eq!(cloud.calls(), 2);
    }
}
