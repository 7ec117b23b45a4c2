//! How an action ends: finished, given up, refused, or aborted.

use std::num::NonZeroU32;

use dataplane_api::task_action::ErrorKind;

use super::{Decision, PodSeen, Step, World, draft::Draft, is_terminal};
use crate::executor::{
    failure::{Failure, Retry},
    recovered::Recovered,
    subject::Refusal,
    transition::Phase,
};

/// There will be no other attempt.
pub fn give_up(mut draft: Draft<'_>, phase: Phase, failure: &Failure) -> Decision {
    draft.enter_at(phase, None, &failure.message, Some(failure));
    // The next look removes what is left of the pod.
    draft.step(Step::Continue)
}

/// It can't be run at all.
pub fn refuse(draft: Draft<'_>, refusal: &Refusal) -> Decision {
    let failure = Failure {
        code: refusal.phase.as_str().to_owned(),
        message: refusal.message.clone(),
        kind: ErrorKind::User,
        retry: Retry::No,
    };
    give_up(draft, refusal.phase, &failure)
}

/// Another run did it.
pub fn take_over(mut draft: Draft<'_>, recovered: &Recovered) -> Decision {
    draft.status.attempts = recovered.attempt.get();
    draft.status.cache_status = recovered.cache_status;
    let reason = match &recovered.run {
        Some(run) => format!("recovered from run {run}"),
        None => "recovered from another run".to_owned(),
    };
    draft.enter(Phase::Recovered, &reason);
    draft.step(Step::Continue)
}

/// It is over: nothing of it runs on, and its resource says so to whoever collects it.
pub fn finish(world: &World<'_>) -> Decision {
    let draft = Draft::new(world);
    if let Some(step) = stop_pods(&draft) {
        return draft.step(step);
    }
    if world.labelled && !world.finalizer && draft.state.pending.is_empty() {
        return draft.step(Step::Rest);
    }
    draft.step(Step::Finish)
}

/// Its resource was deleted. One that was over before has told how; any other was aborted.
pub fn abort(world: &World<'_>) -> Decision {
    let mut draft = Draft::new(world);
    if !world.finalizer {
        return draft.step(Step::Rest);
    }
    if let Some(step) = stop_pods(&draft) {
        return draft.step(step);
    }
    if !is_terminal(world.status) && !draft.state.aborted {
        draft.abort();
    }
    draft.step(Step::Release)
}

fn stop_pods(draft: &Draft<'_>) -> Option<Step> {
    let attempt = draft.attempt();
    if let PodSeen::Ours(pod) = &draft.world.pod
        && !pod.ended
        && !pod.deleting
    {
        return Some(Step::DeletePod(attempt, pod.uid.clone()));
    }
    let previous = draft.world.previous.as_ref()?;
    let before = NonZeroU32::new(attempt.get() - 1)?;
    (!previous.ended && !previous.deleting).then(|| Step::DeletePod(before, previous.uid.clone()))
}
