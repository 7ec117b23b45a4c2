//! What happens next: one thing at a time, or a few that make a story go on.

use proptest::prelude::*;

use super::cluster::Fault;

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// The executor looks at the action.
    Look,
    /// The watch tells of the action, of the pods.
    TellAction,
    TellPods,
    /// The executor is killed and starts again.
    Restart,
    /// The executor is killed within a look, when it waits for an answer for the nth time.
    Kill(u8),
    /// Another executor leads from now on, and the one before does not notice.
    HandOver,
    /// The one before looks at the action; its watches tell it; both look at the same time.
    LookOfBefore,
    TellBefore,
    LookOfBoth,
    /// A call that is late is done.
    Land,
    PodRuns,
    PodSucceeds,
    PodFails,
    /// Its task writes an error, whatever becomes of the pod.
    PodSaysError,
    PodIsLost,
    PodsAreEvicted,
    PodsAreRemoved,
    PodsAreCollected,
    Abort,
    LabelByOthers,
    Away,
    Back,
    WebhookDown,
    WebhookUp,
    StoreAway,
    StoreBack,
    Time(u16),
    Fault(Fault),
}

/// The executor is told what is, and looks at it.
pub const SEES: [Step; 3] = [Step::TellAction, Step::TellPods, Step::Look];

/// An attempt fails, and its pod is gone.
pub const FAILS: [Step; 5] = [
    Step::PodFails,
    Step::TellPods,
    Step::Look,
    Step::PodsAreCollected,
    Step::TellPods,
];

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fault = prop_oneof![
        1 => Just(Fault::Throttled),
        1 => Just(Fault::Refused),
        1 => Just(Fault::AnswerLost),
        2 => Just(Fault::Late),
    ];
    let step = prop_oneof![
        8 => Just(Step::Look),
        4 => Just(Step::TellAction),
        4 => Just(Step::TellPods),
        1 => Just(Step::Restart),
        2 => (1..12_u8).prop_map(Step::Kill),
        2 => Just(Step::HandOver),
        4 => Just(Step::LookOfBefore),
        2 => Just(Step::TellBefore),
        2 => Just(Step::LookOfBoth),
        2 => Just(Step::Land),
        3 => Just(Step::PodRuns),
        2 => Just(Step::PodSucceeds),
        2 => Just(Step::PodFails),
        3 => Just(Step::PodSaysError),
        1 => Just(Step::PodIsLost),
        1 => Just(Step::PodsAreEvicted),
        2 => Just(Step::PodsAreRemoved),
        1 => Just(Step::PodsAreCollected),
        1 => Just(Step::Abort),
        1 => Just(Step::LabelByOthers),
        1 => Just(Step::Away),
        1 => Just(Step::Back),
        1 => Just(Step::WebhookDown),
        1 => Just(Step::WebhookUp),
        1 => Just(Step::StoreAway),
        1 => Just(Step::StoreBack),
        2 => (1..200_u16).prop_map(Step::Time),
        2 => fault.prop_map(Step::Fault),
    ];
    let some = prop_oneof![
        6 => step.prop_map(|step| vec![step]),
        2 => Just(SEES.to_vec()),
        1 => Just([&FAILS[..], &SEES[..]].concat()),
    ];
    prop::collection::vec(some, 0..60).prop_map(|some| some.concat())
}
