//! Pauses that grow and are jittered.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Doubles from pause to pause up to a most, each between half of itself and itself.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_mins(1))
    }
}

impl Backoff {
    pub fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            next: first,
        }
    }

    /// The next pause.
    pub fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (self.next * 2).min(self.most);
        pause.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// All is well: the next pause is the first again.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    /// Waits for the next pause. None when it is cut short because the process stops.
    pub async fn wait(&mut self, stop: &CancellationToken) -> Option<()> {
        wait(self.next(), stop).await
    }
}

/// Waits. None when it is cut short because the process stops.
pub async fn wait(pause: Duration, stop: &CancellationToken) -> Option<()> {
    tokio::time::timeout(pause, stop.cancelled())
        .await
        .is_err()
        .then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_most_and_begin_again() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        for full in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = backoff.next();
            let full = Duration::from_secs(full);
            assert!(pause >= full / 2 && pause <= full, "{pause:?} of {full:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_secs(1));
    }

    #[test]
    fn two_operators_do_not_pause_alike() {
        let pauses = || {
            let mut backoff = Backoff::default();
            (0..8).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        assert_ne!(pauses(), pauses());
    }

    #[tokio::test]
    async fn stopping_cuts_a_pause_short() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(wait(Duration::from_hours(1), &stop).await.is_none());
        assert!(
            wait(Duration::from_millis(1), &CancellationToken::new())
                .await
                .is_some()
        );
    }
}
