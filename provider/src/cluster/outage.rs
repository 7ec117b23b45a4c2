//! An API server that does not answer while something is waited for.

use std::sync::{Mutex, PoisonError};

use framework::{Result, wait::Poll};
use tokio::time::Instant;

use super::error::Error;

/// Since when a wait has been without an answer.
#[derive(Default)]
pub struct Outage {
    since: Mutex<Option<Instant>>,
}

impl Outage {
    /// What a wait makes of one look. A failure that may pass is worth another look; its reason says for how long there has been no
    /// answer, and shows in the log and, when time is up, in the error.
    pub fn outlast<T>(&self, look: std::result::Result<Poll<T>, Error>) -> Result<Poll<T>> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        match look {
            Ok(seen) => {
                *since = None;
                Ok(seen)
            }
            Err(error) if error.is_passing() => {
                let began = *since.get_or_insert_with(Instant::now);
                Ok(Poll::Pending(format!(
                    "the API server has not been available for {} seconds; the last attempt: {error}",
                    began.elapsed().as_secs()
                )))
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn unanswered() -> std::result::Result<Poll<()>, Error> {
        Err(Error::Unreachable {
            host: "https://k8s.example".to_owned(),
            reason: "connection refused".to_owned(),
        })
    }

    fn reason(poll: Poll<()>) -> String {
        match poll {
            Poll::Pending(reason) => reason,
            Poll::Ready(()) => panic!("nothing is ready"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_without_an_answer_is_told_with_the_last_error() {
        let outage = Outage::default();
        outage.outlast(unanswered()).unwrap();
        tokio::time::advance(Duration::from_secs(90)).await;
        let said = reason(outage.outlast(unanswered()).unwrap());
        assert!(
            said.contains("for 90 seconds")
                && said.contains("https://k8s.example")
                && said.contains("connection refused"),
            "{said}"
        );
        outage.outlast(Ok(Poll::Ready(()))).unwrap();
        let said = reason(outage.outlast(unanswered()).unwrap());
        assert!(said.contains("for 0 seconds"), "{said}");
    }

    #[test]
    fn what_does_not_pass_ends_the_wait() {
        let refused: std::result::Result<Poll<()>, Error> = Err(Error::Credentials {
            host: "https://k8s.example".to_owned(),
            reason: "no token".to_owned(),
        });
        assert!(Outage::default().outlast(refused).is_err());
    }
}
