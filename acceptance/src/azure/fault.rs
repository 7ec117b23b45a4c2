//! Faults that the stand-in answers with, in the place of the cloud or after it.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::Address;
use crate::wait;

/// Answers the given calls in a subscription wrongly. Calls that match are counted from 0.
#[derive(Clone, Debug)]
pub struct Fault {
    /// As [`super::Call::operation`] has it; a prefix is enough: `Microsoft.Storage`.
    pub operation: &'static str,
    pub calls: Range<usize>,
    pub answer: Answer,
}

#[derive(Clone, Debug)]
pub enum Answer {
    /// 503, as a service that is overloaded.
    Unavailable,
    /// 503, although the cloud did what it was asked.
    UnavailableAfter,
    /// 429 with the seconds to wait.
    Throttled { retry_after: u32 },
    /// The cloud does what it was asked, and the connection breaks before the answer.
    Lost,
    /// The call waits at a gate; the cloud hears of it when the test opens that, and never when the caller is gone by then.
    Held(Gate),
    /// The long-running operation that the call starts ends badly: `Failed` or `Canceled`.
    Ends {
        status: &'static str,
        code: &'static str,
        message: &'static str,
    },
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
    address: Address,
    name: String,
}

impl Fault {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "operation": self.operation, "from": self.calls.start, "until": self.calls.end, "answer": self.answer.to_json(),
        })
    }
}

impl Answer {
    fn to_json(&self) -> Value {
        let error = |status: u16, code: &str, message: &str| json!({ "kind": "error", "status": status, "code": code, "message": message });
        match self {
            Self::Unavailable => error(
                503,
                "ServerBusy",
                "The server is currently unable to receive requests. Please retry your request.",
            ),
            Self::UnavailableAfter => {
                let mut answer = Self::Unavailable.to_json();
                answer["after"] = true.into();
                answer
            }
            Self::Throttled { retry_after } => {
                let mut answer = error(429, "TooManyRequests", "The request is being throttled.");
                answer["headers"] = json!({ "Retry-After": retry_after.to_string() });
                answer
            }
            Self::Lost => json!({ "kind": "lost" }),
            Self::Held(gate) => json!({ "kind": "held", "gate": gate.name }),
            Self::Ends {
                status,
                code,
                message,
            } => {
                json!({ "kind": "operation", "status": status, "code": code, "message": message })
            }
            Self::Error {
                status,
                code,
                message,
            } => error(*status, code, message),
        }
    }
}

impl Gate {
    pub(super) fn new(address: Address) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            address,
            name: format!("gate{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Lets everything pass, now and later.
    pub fn open(&self) -> Result<()> {
        self.address
            .ask(Method::POST, &self.path(), &Value::Null)
            .map(drop)
    }

    /// Waits until so many calls have come.
    pub fn until_held(&self, calls: u64, limit: Duration) -> Result<()> {
        wait::until(&format!("{calls} held calls"), limit, || {
            let gate = self.address.ask(Method::GET, &self.path(), &Value::Null)?;
            Ok((gate["waiting"].as_u64() >= Some(calls)).then_some(()))
        })
    }

    fn path(&self) -> String {
        format!("_gates/{}", self.name)
    }
}
