//! Faults that a front answers with, in place of the cloud or after it.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::sync::watch;

use super::front::Call;
use crate::wait;

/// Answers the given calls wrongly. Calls that match are counted from 0.
#[derive(Clone, Debug)]
pub struct Fault {
    pub service: &'static str,
    /// The operation, as [`Call::operation`] has it; a prefix is enough, but for EC2.
    pub operation: &'static str,
    pub calls: Range<usize>,
    pub answer: Answer,
}

#[derive(Clone, Debug)]
pub enum Answer {
    /// 503, as a service that is overloaded.
    Unavailable,
    /// The service's throttling error.
    Throttled,
    /// The cloud does what it was asked, and the connection breaks before the answer.
    Lost,
    /// The call waits at a gate; the cloud hears of it when the test opens that, and never when the caller is gone by then.
    Held(Gate),
    /// An error with a code of its own.
    Error {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
}

/// Where calls wait until a test lets them pass, so that it can act at a known moment of an apply.
#[derive(Clone, Debug)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            open: Arc::new(watch::Sender::new(false)),
            waiting: Arc::default(),
        }
    }
}

impl Gate {
    /// Lets everything pass, now and later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// How many calls have come.
    pub fn held(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until so many calls have come.
    pub fn until_held(&self, calls: usize, limit: Duration) -> Result<()> {
        wait::until(&format!("{calls} held calls"), limit, || {
            Ok((self.held() >= calls).then_some(()))
        })
    }

    pub(super) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // The sender lives as long as `self`.
        let _ = open.wait_for(|open| *open).await;
    }
}

impl Fault {
    pub(super) fn matches(&self, call: &Call) -> bool {
        // Names of EC2's operations begin with those of others: `CreateVpcEndpoint`, `CreateVpcEndpointServiceConfiguration`.
        let named = match self.service {
            "ec2" => call.operation == self.operation,
            _ => call.operation.starts_with(self.operation),
        };
        named && call.service == self.service
    }
}

impl Answer {
    /// Status, code and message of an answer that the cloud is not asked for.
    pub(super) fn error(&self, service: &str) -> Option<(u16, &'static str, &'static str)> {
        match self {
            Self::Unavailable if service == "s3" => Some((
                503,
                "ServiceUnavailable",
                "Service is unable to handle request.",
            )),
            Self::Unavailable => Some((503, "ServiceUnavailable", "Please try again later.")),
            Self::Throttled if service == "s3" => {
                Some((503, "SlowDown", "Please reduce your request rate."))
            }
            Self::Throttled if service == "ec2" => {
                Some((503, "RequestLimitExceeded", "Request limit exceeded."))
            }
            Self::Throttled => Some((400, "ThrottlingException", "Rate exceeded")),
            Self::Error {
                status,
                code,
                message,
            } => Some((*status, code, message)),
            Self::Held(_) | Self::Lost => None,
        }
    }
}
