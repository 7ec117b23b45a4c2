//! The only place that waits: between the questions about an operation, and before a call that met another is made again.

use std::future::Future;
use std::time::{Duration, Instant};

use clouds::{Error, Result};

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);
/// The longest that an answer's `Retry-After` is followed in one go.
const LONGEST_ASKED: Duration = Duration::from_mins(2);

/// Pauses that double, within a time.
pub(crate) struct Pauses {
    until: Instant,
    next: Duration,
}

impl Pauses {
    pub(crate) fn within(time: Duration) -> Self {
        Self {
            until: Instant::now() + time,
            next: FIRST,
        }
    }

    /// How long to wait now, as the answer asked for or as our own steps go; none when the time is over.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        if Instant::now() >= self.until {
            return None;
        }
        let own = self.next;
        self.next = (own * 2).min(LONGEST);
        Some(asked.map_or(own, |asked| asked.min(LONGEST_ASKED)))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a retry of one call, as the clients of other clouds make inside themselves: bounded, and here only"
)]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Makes a call that may meet another change of the same object, or come before what it refers to is seen, at most so many times.
pub(crate) async fn in_turn<T, F>(attempts: u32, call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut pauses = Pauses::within(Duration::from_mins(1));
    for _ in 1..attempts {
        match call().await {
            Err(Error::Conflict(_) | Error::NotReady(_)) => {}
            other => return other,
        }
        let Some(time) = pauses.next(None) else { break };
        pause(time).await;
    }
    call().await
}

/// Asks until there is an answer other than `None`; none also when the time is over.
pub(crate) async fn until_some<T, F>(time: Duration, ask: impl Fn() -> F) -> Result<Option<T>>
where
    F: Future<Output = Result<Option<T>>>,
{
    let mut pauses = Pauses::within(time);
    loop {
        if let Some(found) = ask().await? {
            return Ok(Some(found));
        }
        let Some(time) = pauses.next(None) else {
            return Ok(None);
        };
        pause(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let mut pauses = Pauses::within(Duration::from_mins(1));
        let steps: Vec<_> = (0..7).filter_map(|_| pauses.next(None)).collect();
        assert_eq!(steps[..3], [FIRST, FIRST * 2, FIRST * 4]);
        assert_eq!(steps[6], LONGEST);
        assert_eq!(
            pauses.next(Some(Duration::from_hours(1))),
            Some(LONGEST_ASKED)
        );
        assert_eq!(Pauses::within(Duration::ZERO).next(None), None);
    }
}
