//! Lines that a person can follow: the number of the step, what it is, how long it took.

use std::{io::Write as _, time::Instant};

use anyhow::{Context as _, Result};

pub struct Progress {
    total: usize,
    done: usize,
}

impl Progress {
    pub fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    pub fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        let mut out = std::io::stdout();
        write!(out, "{}/{} {what} … ", self.done, self.total)?;
        out.flush()?;
        let start = Instant::now();
        match work() {
            Ok(value) => {
                writeln!(out, "ready ({:.1} s)", start.elapsed().as_secs_f64())?;
                Ok(value)
            }
            Err(error) => {
                writeln!(out, "failed")?;
                Err(error).with_context(|| format!("{what} failed"))
            }
        }
    }
}
