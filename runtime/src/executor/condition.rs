//! Actions that run nothing: they wait for a signal, or until their time is over.
//!
//! The control plane writes the signal into the status; what it means is written here. Nothing is told of them, since the
//! control plane follows the resource itself, and they need no finalizer, since they own nothing.

use std::time::Duration;

use dataplane_api::task_action::{ErrorKind, ErrorState, PhaseTransition, TaskActionStatus};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    decide::{is_terminal, set_condition},
    subject::Refusal,
};

/// What a condition needs next.
#[derive(Clone, Debug, PartialEq)]
pub struct Waited {
    /// How the status is to read.
    pub status: TaskActionStatus,
    /// It is over.
    pub over: bool,
    /// Look again after so long.
    pub again: Option<Duration>,
}

/// What a condition needs next.
pub fn wait(
    status: &TaskActionStatus,
    deadline: &Result<Option<Timestamp>, Refusal>,
    now: Timestamp,
) -> Waited {
    let mut status = status.clone();
    if is_terminal(&status) {
        return Waited {
            status,
            over: true,
            again: None,
        };
    }
    let signalled = status
        .signal_value
        .as_ref()
        .is_some_and(|value| !value.0.is_empty());
    let deadline = match deadline {
        _ if signalled => {
            let message = format!("signalled by {:?}", status.signalled_by);
            end(&mut status, "Signaled", "Succeeded", &message, now);
            return over(status);
        }
        Ok(deadline) => *deadline,
        Err(refusal) => {
            fail(
                &mut status,
                "InvalidSpec",
                "InvalidSpec",
                &refusal.message,
                now,
            );
            return over(status);
        }
    };
    if deadline.is_some_and(|deadline| deadline <= now) {
        let message = "no signal came in time";
        fail(&mut status, "TimedOut", "ConditionTimedOut", message, now);
        return over(status);
    }
    let message = "waiting for a signal";
    set_condition(
        &mut status.conditions,
        "Progressing",
        true,
        "Paused",
        message,
        now,
    );
    record(&mut status, "Paused", message, now);
    Waited {
        status,
        over: false,
        again: deadline.map(|deadline| deadline.duration_since(now).unsigned_abs()),
    }
}

fn over(status: TaskActionStatus) -> Waited {
    Waited {
        status,
        over: true,
        again: None,
    }
}

fn fail(status: &mut TaskActionStatus, reason: &str, code: &str, message: &str, now: Timestamp) {
    status.error_state = Some(ErrorState {
        code: code.to_owned(),
        kind: ErrorKind::User,
        message: message.to_owned(),
    });
    end(status, reason, "Failed", message, now);
}

fn end(
    status: &mut TaskActionStatus,
    reason: &str,
    condition: &str,
    message: &str,
    now: Timestamp,
) {
    set_condition(
        &mut status.conditions,
        "Progressing",
        false,
        reason,
        message,
        now,
    );
    set_condition(
        &mut status.conditions,
        condition,
        true,
        reason,
        message,
        now,
    );
    record(status, reason, message, now);
}

fn record(status: &mut TaskActionStatus, phase: &str, message: &str, now: Timestamp) {
    if status
        .phase_history
        .last()
        .is_none_or(|last| last.phase != phase)
    {
        status.phase_history.push(PhaseTransition {
            phase: phase.to_owned(),
            occurred_at: Time(now),
            message: message.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;
    use crate::executor::transition::Phase;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-02T{text}Z").parse().unwrap()
    }

    /// Condition, its reason, and the code of the error.
    #[track_caller]
    fn check(waited: &Waited, over: bool, conditions: &[(&str, &str, &str)], code: Option<&str>) {
        let told: Vec<(&str, &str, &str)> = waited
            .status
            .conditions
            .iter()
            .map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str()))
            .collect();
        assert_eq!(told, conditions);
        assert_eq!(waited.over, over);
        let error = waited.status.error_state.as_ref();
        assert_eq!(error.map(|error| error.code.as_str()), code);
    }

    #[test]
    fn waits_until_it_is_signalled() {
        let deadline = Ok(Some(at("03:00:00")));
        let paused = wait(&TaskActionStatus::default(), &deadline, at("02:00:00"));
        check(&paused, false, &[("Progressing", "True", "Paused")], None);
        assert_eq!(paused.again, Some(Duration::from_hours(1)));

        let again = wait(&paused.status, &deadline, at("02:10:00"));
        assert_eq!(again.status, paused.status, "nothing is written twice");

        let mut status = paused.status;
        status.signal_value = Some(ByteString(vec![1]));
        status.signalled_by = "ada".to_owned();
        // The value counts, also when it is seen too late.
        let signalled = wait(&status, &deadline, at("04:00:00"));
        check(
            &signalled,
            true,
            &[
                ("Progressing", "False", "Signaled"),
                ("Succeeded", "True", "Signaled"),
            ],
            None,
        );
        let phases: Vec<&str> = signalled
            .status
            .phase_history
            .iter()
            .map(|entry| entry.phase.as_str())
            .collect();
        assert_eq!(phases, ["Paused", "Signaled"]);
        assert_eq!(
            wait(&signalled.status, &deadline, at("05:00:00")),
            signalled
        );
    }

    #[test]
    fn times_out() {
        let waited = wait(
            &TaskActionStatus::default(),
            &Ok(Some(at("03:00:00"))),
            at("03:00:00"),
        );
        check(
            &waited,
            true,
            &[
                ("Progressing", "False", "TimedOut"),
                ("Failed", "True", "TimedOut"),
            ],
            Some("ConditionTimedOut"),
        );
    }

    #[test]
    fn without_a_timeout_it_waits_for_ever() {
        let waited = wait(&TaskActionStatus::default(), &Ok(None), at("03:00:00"));
        check(&waited, false, &[("Progressing", "True", "Paused")], None);
        assert_eq!(waited.again, None);
    }

    #[test]
    fn one_that_cannot_be_read_fails() {
        let refusal = Refusal {
            phase: Phase::InvalidSpec,
            message: "conditionSpec is garbage".to_owned(),
        };
        let waited = wait(&TaskActionStatus::default(), &Err(refusal), at("03:00:00"));
        check(
            &waited,
            true,
            &[
                ("Progressing", "False", "InvalidSpec"),
                ("Failed", "True", "InvalidSpec"),
            ],
            Some("InvalidSpec"),
        );
    }
}
