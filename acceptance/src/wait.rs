//! Waiting for a program of the tests to become ready.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Polls until there is a value. An error of `poll` ends the wait, `None` goes on until the limit.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut poll: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        if let Some(value) = poll()? {
            return Ok(value);
        }
        if start.elapsed() > limit {
            bail!("waited {} s for {what}", limit.as_secs());
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the harness is synchronous and has no runtime to block"
)]
fn sleep(pause: Duration) {
    std::thread::sleep(pause);
}
