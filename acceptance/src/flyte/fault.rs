//! Faults of the control plane itself; what happens to its connections is the [`Wire`](super::Wire)'s.

use std::{ops::Range, time::Duration};

use serde_json::{Value, json};

/// Answers the given calls of a project wrongly. Calls that match are counted from 0.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `EventsProxyService/Record`, or its beginning.
    pub method: &'static str,
    pub calls: Range<usize>,
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Unavailable,
    /// Unavailable, although the deed is done: as when an answer is lost.
    UnavailableAfter,
    Throttled,
    Slow(Duration),
    /// A batch with an event of this phase is refused as invalid; unless `always`, only while that event has more than its least.
    Invalid {
        phase: Phase,
        always: bool,
    },
}

/// `flyteidl2.common.ActionPhase`, as far as tests name them.
#[derive(Clone, Copy, Debug)]
pub enum Phase {
    Queued = 1,
    Initializing = 3,
    Running = 4,
    Succeeded = 5,
    Failed = 6,
}

impl Fault {
    pub(super) fn to_json(&self) -> Value {
        // JSON has no room for the last of all numbers.
        let until = self.calls.end.min(1 << 50);
        json!({ "method": self.method, "from": self.calls.start, "until": until, "answer": self.answer.to_json() })
    }
}

impl Answer {
    fn to_json(self) -> Value {
        match self {
            Self::Unavailable => json!({ "kind": "error", "code": "unavailable" }),
            Self::UnavailableAfter => {
                json!({ "kind": "error", "code": "unavailable", "after": true })
            }
            Self::Throttled => json!({ "kind": "error", "code": "resource_exhausted" }),
            Self::Slow(pause) => json!({ "kind": "slow", "seconds": pause.as_secs_f64() }),
            Self::Invalid { phase, always } => json!({
                "kind": "invalid", "code": "invalid_argument", "phase": phase as i32, "always": always,
            }),
        }
    }
}
