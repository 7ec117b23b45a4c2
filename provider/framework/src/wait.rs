//! Waiting for remote systems: the only place that sleeps.
//!
//! A wait has a deadline, a reason to show while it lasts, and ends when Terraform asks the provider to stop.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{Diagnostic, Result};

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// What one look at a remote system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll<T> {
    /// It is as wanted.
    Ready(T),
    /// It is not yet, and why: shown in the log, and when time is up.
    Pending(String),
}

/// The moment at which waiting ends in an error.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    /// A deadline that long from now.
    #[must_use]
    pub fn after(allowed: Duration) -> Self {
        let now = Instant::now();
        // Nobody waits for thirty years; beyond that the clock would overflow.
        let at = now
            .checked_add(allowed)
            .unwrap_or_else(|| now + Duration::from_hours(30 * 365 * 24));
        Self { at, allowed }
    }

    /// The same with that much more time, which nobody wrote: what was allowed stays what is told.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        let at = self.at.checked_add(by).unwrap_or(self.at);
        Self { at, ..self }
    }

    /// How much time is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// How much time there was at the beginning.
    #[must_use]
    pub fn allowed(&self) -> Duration {
        self.allowed
    }
}

/// What Terraform can ask to stop: the context of a request.
pub trait Stoppable {
    /// Cancelled when the user interrupts Terraform.
    fn stopped(&self) -> CancellationToken;
}

impl Stoppable for CancellationToken {
    fn stopped(&self) -> CancellationToken {
        self.clone()
    }
}

/// Looks again and again until what is waited for is ready.
///
/// `what` completes the sentence "waiting for …". Looks are 0.2 s apart at first and up to 5 s later, with jitter. An
/// error of `poll` ends the wait at once, so `poll` decides which errors are worth another look and answers
/// [`Poll::Pending`] for those.
///
/// ```no_run
/// # async fn example(stop: tokio_util::sync::CancellationToken) -> framework::Result<()> {
/// use framework::wait::{self, Deadline, Poll};
/// let deadline = Deadline::after(std::time::Duration::from_mins(1));
/// wait::until(&stop, deadline, "the certificate to be issued", async || {
///     Ok(Poll::Pending::<()>("status is PENDING".to_owned()))
/// })
/// .await
/// # }
/// ```
pub async fn until<T, F, Fut>(
    stop: &impl Stoppable,
    deadline: Deadline,
    what: &str,
    poll: F,
) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Poll<T>>>,
{
    consecutive(stop, deadline, what, 1, poll).await
}

/// Like [`until`], but what is waited for must be ready that many times in a row: for systems whose replicas do not yet
/// agree. The last value is returned.
pub async fn consecutive<T, F, Fut>(
    stop: &impl Stoppable,
    deadline: Deadline,
    what: &str,
    times: u32,
    mut poll: F,
) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Poll<T>>>,
{
    let stopped = stop.stopped();
    let mut wait = Wait {
        what,
        deadline,
        began: Instant::now(),
        last_reason: None,
        last_progress: Instant::now(),
    };
    let mut delay = FIRST_DELAY;
    let mut ready = 0;
    loop {
        // The look comes before the clock: one that is ready at the deadline still counts.
        let seen = tokio::select! {
            biased;
            () = stopped.cancelled() => return Err(wait.interrupted()),
            seen = poll() => seen?,
            () = sleep_until(deadline.at) => return Err(wait.timed_out()),
        };
        match seen {
            Poll::Ready(value) => {
                ready += 1;
                if ready >= times {
                    return Ok(value);
                }
                delay = FIRST_DELAY;
            }
            Poll::Pending(reason) => {
                ready = 0;
                wait.note(reason);
            }
        }
        let next = (Instant::now() + jittered(delay)).min(deadline.at);
        tokio::select! {
            biased;
            () = stopped.cancelled() => return Err(wait.interrupted()),
            () = sleep_until(next) => {}
        }
        if deadline.remaining().is_zero() {
            return Err(wait.timed_out());
        }
        delay = (delay * 2).min(LONGEST_DELAY);
    }
}

/// Lets that much time pass, for loops of the plugin itself that must not spin.
pub(crate) async fn pause(duration: Duration) {
    sleep_until(Instant::now() + duration).await;
}

struct Wait<'a> {
    what: &'a str,
    deadline: Deadline,
    began: Instant,
    last_reason: Option<String>,
    last_progress: Instant,
}

impl Wait<'_> {
    fn note(&mut self, reason: String) {
        if self.last_progress.elapsed() >= PROGRESS_EVERY {
            self.last_progress = Instant::now();
            tracing::info!(waited = %Human(self.began.elapsed()), %reason, "still waiting for {}", self.what);
        }
        self.last_reason = Some(reason);
    }

    fn interrupted(&self) -> crate::Diagnostics {
        let waited = Human(self.began.elapsed());
        let what = self.what;
        Diagnostic::error(
            "",
            format!(
                "interrupted after {waited} while waiting for {what}{}",
                self.last()
            ),
        )
        .into()
    }

    fn timed_out(&self) -> crate::Diagnostics {
        let waited = Human(self.began.elapsed());
        let (what, last, allowed) = (self.what, self.last(), Human(self.deadline.allowed));
        let detail = format!(
            "gave up after {waited} of waiting for {what}{last}. If it only needs more time, raise the timeout of {allowed}"
        );
        Diagnostic::error("", detail).into()
    }

    fn last(&self) -> String {
        self.last_reason
            .as_ref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default()
    }
}

/// A duration as people write it: `1h5m`, `2m30s`, `0.2s`.
struct Human(Duration);

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if seconds < 10 && self.0.subsec_millis() >= 50 {
            return write!(f, "{:.1}s", self.0.as_secs_f64());
        }
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        for (count, unit) in [(hours, "h"), (minutes, "m")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
        {
            write!(f, "{count}{unit}")?;
        }
        if seconds > 0 || self.0.as_secs() == 0 {
            write!(f, "{seconds}s")
        } else {
            Ok(())
        }
    }
}

/// The delay, a quarter more or less, so that many waits that begin together do not stay together.
fn jittered(delay: Duration) -> Duration {
    // A fresh hasher is seeded at random, which is enough here and needs no crate.
    let random = u32::try_from(RandomState::new().build_hasher().finish() % 1000).unwrap_or(500);
    delay * (750 + random / 2) / 1000
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Never;

    impl Stoppable for Never {
        fn stopped(&self) -> CancellationToken {
            CancellationToken::new()
        }
    }

    fn text(result: Result<u32>) -> String {
        result.unwrap_err().iter().next().unwrap().detail.clone()
    }

    fn minute() -> Deadline {
        Deadline::after(Duration::from_mins(1))
    }

    #[tokio::test(start_paused = true)]
    async fn looks_until_ready_with_growing_pauses() {
        let began = Instant::now();
        let looks = Cell::new(0);
        let value = until(&Never, minute(), "x", async || {
            looks.set(looks.get() + 1);
            Ok(if looks.get() < 6 {
                Poll::Pending("not yet".into())
            } else {
                Poll::Ready(looks.get())
            })
        });
        assert_eq!(value.await.unwrap(), 6);
        let waited = began.elapsed().as_secs_f64();
        // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 seconds, a quarter more or less.
        assert!((4.6..=7.8).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn time_up_says_what_it_waited_for_and_why() {
        let began = Instant::now();
        let result = until(&Never, minute(), "role x to be visible", async || {
            Ok(Poll::Pending("NoSuchEntity".to_owned()))
        });
        assert_eq!(
            text(result.await),
            "gave up after 1m of waiting for role x to be visible: NoSuchEntity. \
             If it only needs more time, raise the timeout of 1m"
        );
        assert_eq!(began.elapsed(), Duration::from_mins(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_ends_at_the_deadline() {
        let result = until(&Never, minute(), "x", std::future::pending);
        assert!(text(result.await).starts_with("gave up after 1m of waiting for x."));
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_is_taken_even_when_no_time_is_left() {
        let none = Deadline::after(Duration::ZERO);
        assert_eq!(
            until(&Never, none, "x", async || Ok(Poll::Ready(7)))
                .await
                .unwrap(),
            7
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_interrupts_the_pause_and_the_look() {
        for hangs in [false, true] {
            let stop = CancellationToken::new();
            let began = Instant::now();
            let wait = until(&stop, minute(), "the rollout", async || {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Ok(Poll::Pending("1 of 2 ready".to_owned()))
            });
            let (result, ()) = tokio::join!(wait, async {
                pause(Duration::from_secs(3)).await;
                stop.cancel();
            });
            assert_eq!(began.elapsed(), Duration::from_secs(3));
            assert!(text(result).starts_with("interrupted after 3s while waiting for the rollout"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn consecutive_starts_over_after_a_bad_look() {
        let looks = Cell::new(0);
        let value = consecutive(&Never, minute(), "x", 3, async || {
            looks.set(looks.get() + 1);
            Ok(if looks.get() == 3 {
                Poll::Pending("gone again".into())
            } else {
                Poll::Ready(looks.get())
            })
        });
        assert_eq!(value.await.unwrap(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_the_wait_at_once() {
        let began = Instant::now();
        let result: Result<u32> = until(&Never, minute(), "x", async || {
            Err(Diagnostic::error("", "AccessDenied").into())
        })
        .await;
        assert_eq!(text(result), "AccessDenied");
        assert!(began.elapsed().is_zero());
    }

    #[test]
    fn durations_read_like_durations() {
        for (millis, shown) in [
            (0, "0s"),
            (200, "0.2s"),
            (3000, "3s"),
            (90_000, "1m30s"),
            (3_900_000, "1h5m"),
        ] {
            assert_eq!(Human(Duration::from_millis(millis)).to_string(), shown);
        }
    }
}
