//! An attempt from its first look to its end.

use std::{num::NonZeroU32, time::Duration};

use dataplane_api::task_action::ErrorKind;
use dataplane_proto::flyteidl2::core::CatalogCacheStatus;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::{
    Decision, PodSeen, PodView, Refused, Step,
    draft::Draft,
    ending::{give_up, refuse},
};
use crate::executor::{
    cache::{HEARTBEAT, Reused},
    failure::{Failure, Retry},
    observe::Observation,
    subject::Subject,
    transition::Phase,
};

/// Pause before the next pod after the first failure that was not the task's; doubled from one to the next.
const SYSTEM_PAUSE: i64 = 10;
/// Disruptions count from one again after a pod that ran for so long.
const STABLE: i64 = 600;
/// Pods of one attempt, whatever they were lost to: so many times the failures in a row.
const ROUNDS: u32 = 10;
/// Attempts of one action, whatever its template says.
pub const MOST_ATTEMPTS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
/// The last attempt without a pause, unless the template asks for one.
const AT_ONCE: u32 = 3;
/// Longest pause that the template does not ask for.
const LONGEST_PAUSE: u64 = 60;
/// How soon a pod that was made is written of, should nothing come of it.
const SETTLED: i64 = 1;
/// How soon a reservation of a result is extended, and one of another action asked for again.
const RESERVED: i64 = HEARTBEAT.as_secs().cast_signed();
/// So long after it was to be gone a pod's node is taken for lost.
const OVERDUE: SignedDuration = SignedDuration::from_mins(1);
/// How soon to look again for what no watch tells of.
const SLOW: i64 = 30;

/// What the attempt needs next.
pub fn follow(mut draft: Draft<'_>, subject: &Subject) -> Decision {
    if let Some(failure) = over_deadline(&mut draft, subject) {
        return give_up(draft, Phase::TimedOut, &failure);
    }
    match &draft.world.pod {
        PodSeen::Ours(pod) if pod.uid == draft.state.discarded => {
            let pod = pod.clone();
            wait_until_gone(draft, subject, &pod)
        }
        PodSeen::Ours(pod) => {
            let pod = pod.clone();
            draft.state.started = true;
            look_at_pod(draft, subject, &pod)
        }
        PodSeen::Foreign(_) if draft.must_wait() => draft.step(Step::Rest),
        PodSeen::Foreign(who) => {
            let failure = system(
                "PodNameTaken",
                format!(
                    "the pod's name is taken by {who}; delete that pod, or give the run another name"
                ),
            );
            retry_by_system(draft, None, &failure)
        }
        PodSeen::Missing if draft.state.started => {
            let attempt = draft.attempt();
            draft.step(Step::ReadPod(attempt))
        }
        PodSeen::Gone if draft.state.started => {
            let failure = system(
                "ResourceDeletedExternally",
                "the pod is gone, and it was not the executor that deleted it".to_owned(),
            );
            retry_by_system(draft, None, &failure)
        }
        PodSeen::Missing | PodSeen::Gone => start(draft, subject),
    }
}

/// All that comes before the pod.
fn start(mut draft: Draft<'_>, subject: &Subject) -> Decision {
    if let Some(refused) = draft.world.refused {
        return refused_pod(draft, subject, refused);
    }
    if let Some(failure) = over_queue_timeout(&mut draft, subject) {
        return fail(draft, subject, Phase::TimedOut, None, &failure);
    }
    if let Some(previous) = &draft.world.previous {
        // Two attempts never run at the same time.
        let before = draft.attempt().get().saturating_sub(1);
        if let Some(before) = NonZeroU32::new(before)
            && !previous.deleting
            && !previous.ended
        {
            let uid = previous.uid.clone();
            return draft.step(Step::DeletePod(before, uid));
        }
        if !previous.ended {
            tell_if_overdue(&mut draft, previous.ends_by);
            draft.look_in(SLOW);
            return draft.step(Step::Rest);
        }
    }
    if draft.must_wait() {
        return draft.step(Step::Rest);
    }
    if !draft.world.room {
        draft.look_in(SLOW);
        return draft.step(Step::Rest);
    }
    let attempt = draft.attempt();
    if draft.world.cache {
        match draft.world.reused {
            None => return draft.step(Step::AskCache(attempt)),
            Some(Reused::Run(status)) => draft.set_cache(*status),
            Some(Reused::Done) => return reused(draft),
            Some(Reused::Wait { owner }) => return wait_for_result(draft, owner),
        }
    }
    if draft.phase().is_none() {
        draft.enter(Phase::Queued, "the pod is being made");
    }
    draft.step(Step::CreatePod(attempt))
}

/// An earlier task has the result: there is nothing to run.
fn reused(mut draft: Draft<'_>) -> Decision {
    draft.set_cache(CatalogCacheStatus::CacheHit);
    if draft.phase().is_none() {
        draft.enter(Phase::Queued, "");
    }
    draft.enter(Phase::Succeeded, "the result of an earlier task is used");
    draft.step(Step::Continue)
}

fn wait_for_result(mut draft: Draft<'_>, owner: &str) -> Decision {
    draft.set_cache(CatalogCacheStatus::CacheMiss);
    let reason = format!("waits for the result of {owner}, which computes the same");
    if draft.phase().is_none() {
        draft.enter(Phase::Queued, &reason);
    }
    draft.detail("WaitingForCache", &reason);
    draft.look_in(RESERVED);
    draft.step(Step::Rest)
}

fn refused_pod(mut draft: Draft<'_>, subject: &Subject, refused: &Refused) -> Decision {
    match refused {
        Refused::Unbuildable(refusal) => refuse(draft, refusal),
        Refused::QuotaExceeded(message) => {
            draft.detail("QuotaExceeded", message);
            draft.look_in(SLOW);
            draft.step(Step::Rest)
        }
        // The resource goes with the namespace, and then this is an abort.
        Refused::NamespaceEnding(message) => {
            draft.detail("NamespaceEnding", message);
            draft.look_in(SLOW);
            draft.step(Step::Rest)
        }
        // The look is taken again; this only says why nothing happens.
        Refused::NotMade(message) => {
            draft.detail("PodNotMade", message);
            draft.look_in(SLOW);
            draft.step(Step::Rest)
        }
        Refused::Forbidden(message) => {
            let failure = Failure {
                code: "RuntimeFailure".to_owned(),
                message: message.clone(),
                kind: ErrorKind::User,
                retry: Retry::User,
            };
            fail(draft, subject, Phase::RetryableFailure, None, &failure)
        }
        Refused::Invalid { code, message } => {
            let failure = Failure {
                code: (*code).to_owned(),
                message: message.clone(),
                kind: ErrorKind::User,
                retry: Retry::No,
            };
            give_up(draft, Phase::PermanentFailure, &failure)
        }
    }
}

fn look_at_pod(mut draft: Draft<'_>, subject: &Subject, pod: &PodView) -> Decision {
    if draft.phase().is_none() {
        draft.enter(Phase::Queued, "the pod was made");
    }
    // What ends is looked at when it has ended: it may end well.
    if pod.deleting && !pod.ended && pod.observation != Observation::Succeeded {
        tell_if_overdue(&mut draft, pod.ends_by);
        return out_of_sight(draft, subject, pod);
    }
    match &pod.observation {
        Observation::Queued { reason, message } => {
            waiting(draft, subject, pod, Phase::Queued, (reason, message))
        }
        Observation::Initializing {
            reason,
            message,
            until,
        } => {
            draft.look_at(*until);
            waiting(draft, subject, pod, Phase::Initializing, (reason, message))
        }
        Observation::Running { since } => {
            if draft.phase() < Some(Phase::Executing) {
                draft.enter_at(Phase::Executing, *since, "", None);
            }
            if let Some(failure) = over_timeout(&mut draft, subject, pod.began, None) {
                return fail(draft, subject, Phase::TimedOut, Some(pod), &failure);
            }
            rest(draft, subject)
        }
        Observation::Unknown => {
            draft.detail("NodeLost", "the pod's node is not heard of");
            out_of_sight(draft, subject, pod)
        }
        Observation::Succeeded => {
            let Some(outcome) = draft.world.outcome else {
                return read_outcome(draft, subject, subject.declares_outputs);
            };
            if draft.phase() < Some(Phase::Executing) {
                draft.enter_at(Phase::Executing, pod.began, "", None);
            }
            if let Some(failure) = over_timeout(&mut draft, subject, pod.began, pod.finished) {
                return fail(draft, subject, Phase::TimedOut, Some(pod), &failure);
            }
            if draft.world.cache && outcome.is_ok() {
                match draft.world.kept {
                    None => {
                        let attempt = draft.attempt();
                        return draft.step(Step::KeepResult(attempt));
                    }
                    Some(status) => draft.set_cache(status),
                }
            }
            match outcome {
                Ok(()) => {
                    draft.enter_at(Phase::Succeeded, pod.finished, "the task succeeded", None);
                    draft.step(Step::Continue)
                }
                Err(failure) => failed(draft, subject, pod, failure),
            }
        }
        Observation::Failed(failure) if pod.deleting && failure.retry == Retry::User => {
            let failure = system(
                "UnexpectedObjectDeletion",
                format!(
                    "the pod was deleted while it ran, and not by the executor: {}",
                    failure.message
                ),
            );
            retry_by_system(draft, Some(pod), &failure)
        }
        // Where it ran without a disruption it may have brought about the end itself, and may have said why.
        Observation::Failed(failure)
            if failure.retry == Retry::Disruption
                || failure.retry == Retry::System && (pod.deleting || pod.began.is_none()) =>
        {
            retry_by_system(draft, Some(pod), failure)
        }
        // The task may have said more than its exit code does.
        Observation::Failed(failure) => match draft.world.outcome {
            None => read_outcome(draft, subject, false),
            Some(Err(said)) => failed(draft, subject, pod, said),
            Some(Ok(())) => failed(draft, subject, pod, failure),
        },
    }
}

/// A pod that should have gone keeps the next one from being made: whoever waits for it learns why.
fn tell_if_overdue(draft: &mut Draft<'_>, ends_by: Option<Timestamp>) {
    let overdue = ends_by.is_some_and(|time| draft.world.now.duration_since(time) >= OVERDUE);
    if overdue {
        draft.detail(
            "NodeLost",
            "the pod is to end, and its node does not say that it has: another one is made when it is gone",
        );
    }
}

/// Nobody knows whether it runs. The attempt may end all the same for its time is over; the next one waits until this pod is gone.
fn out_of_sight(mut draft: Draft<'_>, subject: &Subject, pod: &PodView) -> Decision {
    if let Some(failure) = over_timeout(&mut draft, subject, pod.began, None) {
        return fail(draft, subject, Phase::TimedOut, Some(pod), &failure);
    }
    draft.look_in(SLOW);
    draft.step(Step::Rest)
}

/// The task's container does not run yet.
fn waiting(
    mut draft: Draft<'_>,
    subject: &Subject,
    pod: &PodView,
    phase: Phase,
    (reason, message): (&str, &str),
) -> Decision {
    if let Some(failure) = over_queue_timeout(&mut draft, subject) {
        return fail(draft, subject, Phase::TimedOut, Some(pod), &failure);
    }
    if draft.phase() < Some(phase) {
        draft.enter(phase, message);
        draft.state.told.push(reason.to_owned());
    } else if draft.phase() == Some(phase) && !reason.is_empty() {
        draft.detail(reason, message);
    }
    if pod.fresh && phase == Phase::Queued {
        draft.look_in(SETTLED);
        return draft.step(Step::Settle);
    }
    rest(draft, subject)
}

/// Nothing is to be done; others may wait for the result.
fn rest(mut draft: Draft<'_>, subject: &Subject) -> Decision {
    if draft.world.cache && subject.reserves {
        draft.look_in(RESERVED);
        return draft.step(Step::StayReserved);
    }
    draft.step(Step::Rest)
}

fn read_outcome(draft: Draft<'_>, subject: &Subject, outputs: bool) -> Decision {
    let prefix = subject.output_prefix(draft.attempt());
    draft.step(Step::ReadOutcome { prefix, outputs })
}

fn failed(draft: Draft<'_>, subject: &Subject, pod: &PodView, failure: &Failure) -> Decision {
    match failure.retry {
        Retry::No => give_up(draft, Phase::PermanentFailure, failure),
        Retry::User => fail(draft, subject, Phase::RetryableFailure, Some(pod), failure),
        Retry::System | Retry::Disruption => retry_by_system(draft, Some(pod), failure),
    }
}

/// The attempt failed: another one, or the end.
fn fail(
    mut draft: Draft<'_>,
    subject: &Subject,
    phase: Phase,
    pod: Option<&PodView>,
    failure: &Failure,
) -> Decision {
    let attempts = subject.limits.attempts.min(MOST_ATTEMPTS);
    if draft.attempt() >= attempts {
        let end = match phase {
            Phase::TimedOut => Phase::TimedOut,
            _ => Phase::PermanentFailure,
        };
        return give_up(draft, end, failure);
    }
    draft.retry(phase, failure);
    let next = draft.attempt().saturating_add(1);
    draft.status.attempts = next.get();
    draft.state.next_attempt();
    let pause = pause_before(subject, next);
    if !pause.is_zero() {
        draft.wait(pause);
    }
    let reason = format!(
        "attempt {next} of {attempts}, since the one before failed: {}",
        failure.message
    );
    draft.enter(Phase::Queued, &reason);
    match pod {
        // One that has ended stays for who looks at its logs, until the action goes.
        Some(pod) if !pod.deleting && !pod.ended => {
            let before = NonZeroU32::new(next.get() - 1);
            let uid = pod.uid.clone();
            match before {
                Some(before) => draft.step(Step::DeletePod(before, uid)),
                None => draft.step(Step::Continue),
            }
        }
        _ => draft.step(Step::Continue),
    }
}

/// How long to wait before an attempt: as the template says, and where it fails again and again a little in any case.
fn pause_before(subject: &Subject, attempt: NonZeroU32) -> Duration {
    let asked = match subject.limits.backoff {
        // Nothing, however often it is multiplied.
        Some(backoff) if backoff.base.is_zero() => Duration::ZERO,
        _ => subject.limits.pause_before(attempt),
    };
    let least = match attempt.get().checked_sub(AT_ONCE + 1) {
        Some(doublings) => (1 << doublings.min(10)).min(LONGEST_PAUSE),
        None => 0,
    };
    asked.max(Duration::from_secs(least))
}

/// The failure was not the task's: the same attempt again, with another pod.
fn retry_by_system(mut draft: Draft<'_>, pod: Option<&PodView>, failure: &Failure) -> Decision {
    let failures = if failure.retry == Retry::Disruption && ran_long(&draft) {
        1
    } else {
        draft.status.system_failures.saturating_add(1)
    };
    draft.status.system_failures = failures;
    draft.system_failure = Some(failure.code.clone());
    let most = draft.world.max_system_failures.get();
    let lost = draft.state.round.saturating_add(1);
    let exceeded = if failures > most {
        Some(format!("{failures} failures that were not the task's"))
    } else if lost > most.saturating_mul(ROUNDS) {
        Some(format!("{lost} lost pods of the same attempt"))
    } else {
        None
    };
    if let Some(exceeded) = exceeded {
        let exceeded = Failure {
            code: "MaxSystemFailuresExceeded".to_owned(),
            message: format!(
                "given up after {exceeded}, the last one: [{}] {}",
                failure.code, failure.message
            ),
            kind: ErrorKind::System,
            retry: Retry::No,
        };
        return give_up(draft, Phase::PermanentFailure, &exceeded);
    }
    draft.state.round = lost;
    draft.state.started = false;
    draft.state.discarded = pod.map(|pod| pod.uid.clone()).unwrap_or_default();
    let doublings = failures.saturating_sub(1).min(10);
    let pause = u64::try_from(SYSTEM_PAUSE << doublings).unwrap_or_default();
    draft.wait(Duration::from_secs(pause));
    let reason = format!(
        "will be tried again: [{}] {}",
        failure.code, failure.message
    );
    draft.enter(Phase::Queued, &reason);
    draft.step(Step::Continue)
}

fn wait_until_gone(mut draft: Draft<'_>, subject: &Subject, pod: &PodView) -> Decision {
    if !pod.deleting {
        let attempt = draft.attempt();
        return draft.step(Step::DeletePod(attempt, pod.uid.clone()));
    }
    if let Some(failure) = over_queue_timeout(&mut draft, subject) {
        return fail(draft, subject, Phase::TimedOut, Some(pod), &failure);
    }
    tell_if_overdue(&mut draft, pod.ends_by);
    draft.look_in(SLOW);
    draft.step(Step::Rest)
}

/// Whether the pod that failed just now had run for long.
fn ran_long(draft: &Draft<'_>) -> bool {
    draft.status.phase_history.last().is_some_and(|last| {
        last.phase == Phase::Executing.as_str()
            && draft.world.now.duration_since(last.occurred_at.0)
                >= SignedDuration::from_secs(STABLE)
    })
}

/// All attempts together take too long.
fn over_deadline(draft: &mut Draft<'_>, subject: &Subject) -> Option<Failure> {
    let deadline = subject.limits.deadline?;
    let finished = match &draft.world.pod {
        PodSeen::Ours(pod) if pod.observation == Observation::Succeeded => pod.finished,
        _ => None,
    };
    over(draft, subject.created?, deadline, finished, || {
        format!("all attempts together may take {}", readable(deadline))
    })
}

/// The attempt waits too long until it runs.
fn over_queue_timeout(draft: &mut Draft<'_>, subject: &Subject) -> Option<Failure> {
    let timeout = subject.limits.queue_timeout;
    let queued = draft
        .status
        .phase_history
        .iter()
        .rev()
        .find(|entry| entry.phase == Phase::Queued.as_str())?;
    // The executor's own pauses are not counted.
    let since = draft
        .state
        .not_before()
        .map_or(queued.occurred_at.0, |time| time.max(queued.occurred_at.0));
    over(draft, since, timeout, None, || {
        format!("an attempt may wait {} until it runs", readable(timeout))
    })
}

/// The attempt runs too long, or did until it ended.
fn over_timeout(
    draft: &mut Draft<'_>,
    subject: &Subject,
    since: Option<Timestamp>,
    finished: Option<Timestamp>,
) -> Option<Failure> {
    let timeout = subject.limits.timeout?;
    over(draft, since?, timeout, finished, || {
        format!("an attempt may run {}", readable(timeout))
    })
}

/// A failure when the time is over; else it is looked at again when it is.
fn over(
    draft: &mut Draft<'_>,
    since: Timestamp,
    limit: Duration,
    finished: Option<Timestamp>,
    sentence: impl FnOnce() -> String,
) -> Option<Failure> {
    // A limit beyond the end of time is none.
    let limit = SignedDuration::try_from(limit).ok()?;
    let end = since.checked_add(limit).ok()?;
    if finished.unwrap_or(draft.world.now) < end {
        if finished.is_none() {
            draft.look_at(Some(end));
        }
        return None;
    }
    Some(Failure {
        code: "TimedOut".to_owned(),
        message: format!("timed out: {}", sentence()),
        kind: ErrorKind::User,
        retry: Retry::User,
    })
}

fn readable(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn system(code: &str, message: String) -> Failure {
    Failure {
        code: code.to_owned(),
        message,
        kind: ErrorKind::System,
        retry: Retry::System,
    }
}
