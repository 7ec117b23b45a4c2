//! Faults that a front answers with, in place of the cloud or after it.

use std::ops::Range;

use super::front::Call;

/// Answers the given calls wrongly. Calls that match are counted from 0.
#[derive(Clone, Debug)]
pub struct Fault {
    pub service: &'static str,
    /// The operation, as [`Call::operation`] has it; a prefix is enough.
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
    /// An error with a code of its own.
    Error {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
}

impl Fault {
    pub(super) fn matches(&self, call: &Call) -> bool {
        call.service == self.service && call.operation.starts_with(self.operation)
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
            Self::Throttled => Some((400, "ThrottlingException", "Rate exceeded")),
            Self::Error {
                status,
                code,
                message,
            } => Some((*status, code, message)),
            Self::Lost => None,
        }
    }
}
