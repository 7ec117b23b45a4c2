//! The state machine, branch by branch: what is known in, what is decided out.

mod limits;
mod recovered;
mod retries;
mod reuse;

use std::{collections::BTreeMap, time::Duration};

use dataplane_api::task_action::ErrorKind;
use dataplane_proto::flyteidl2::core;
use k8s_openapi::jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::executor::{
    cache::Reused,
    example,
    failure::Retry,
    transition::{Phase, Place},
};

/// An action, what is known of it, and the time; each decision is carried out as far as it is the status.
#[expect(
    clippy::struct_excessive_bools,
    reason = "as in the world that is made of it"
)]
struct Case {
    id: Option<ActionId>,
    subject: Result<Subject, Refusal>,
    recovered: Option<Recovered>,
    status: TaskActionStatus,
    state: State,
    deleting: bool,
    finalizer: bool,
    labelled: bool,
    pod: PodSeen,
    previous: Option<Previous>,
    outcome: Option<Result<(), Failure>>,
    refused: Option<Refused>,
    cache: bool,
    reused: Option<Reused>,
    kept: Option<core::CatalogCacheStatus>,
    room: bool,
    now: Timestamp,
}

fn template(metadata: core::TaskMetadata) -> core::TaskTemplate {
    core::TaskTemplate {
        metadata: Some(metadata),
        ..example::python()
    }
}

fn retries(retries: u32) -> core::TaskMetadata {
    core::TaskMetadata {
        retries: Some(core::RetryStrategy {
            retries,
            ..core::RetryStrategy::default()
        }),
        ..core::TaskMetadata::default()
    }
}

fn case(metadata: core::TaskMetadata) -> Case {
    let settings = example::settings(json!({}), "spec");
    let mut action = example::action(&template(metadata), &settings);
    action.created = Some("2026-01-02T03:00:00Z".parse().unwrap());
    Case {
        id: Some(action.id.clone()),
        subject: Ok(Subject::of(&action).unwrap().unwrap()),
        recovered: None,
        status: TaskActionStatus::default(),
        state: State::default(),
        deleting: false,
        finalizer: true,
        labelled: false,
        pod: PodSeen::Missing,
        previous: None,
        outcome: None,
        refused: None,
        cache: false,
        reused: None,
        kept: None,
        room: true,
        now: "2026-01-02T03:00:00Z".parse().unwrap(),
    }
}

fn pod(uid: &str, observation: Observation) -> PodView {
    PodView {
        uid: uid.to_owned(),
        deleting: false,
        ends_by: None,
        ended: matches!(observation, Observation::Succeeded | Observation::Failed(_)),
        observation,
        began: None,
        finished: None,
        fresh: false,
        logs: core::LogContext {
            primary_pod_name: uid.to_owned(),
            ..core::LogContext::default()
        },
    }
}

fn failure(retry: Retry) -> Failure {
    Failure {
        code: "Code".to_owned(),
        message: "it broke".to_owned(),
        kind: ErrorKind::User,
        retry,
    }
}

fn initializing(reason: &str) -> Observation {
    Observation::Initializing {
        reason: reason.to_owned(),
        message: format!("because of {reason}"),
        until: None,
    }
}

const RUNNING: Observation = Observation::Running { since: None };

impl Case {
    fn decide(&mut self) -> Decision {
        let id = self.id.clone();
        let decision = decide(&World {
            id: id.as_ref(),
            subject: self.subject.as_ref(),
            recovered: self.recovered.as_ref(),
            status: &self.status,
            state: &self.state,
            deleting: self.deleting,
            finalizer: self.finalizer,
            labelled: self.labelled,
            pod: self.pod.clone(),
            previous: self.previous.clone(),
            outcome: self.outcome.as_ref(),
            refused: self.refused.as_ref(),
            cache: self.cache,
            reused: self.reused.as_ref(),
            kept: self.kept,
            room: self.room,
            max_system_failures: NonZeroU32::new(3).unwrap(),
            now: self.now,
        });
        self.status = decision.status.clone();
        self.state = decision.state.clone();
        decision
    }

    fn sees(&mut self, pod: PodView) -> &mut Self {
        self.pod = PodSeen::Ours(pod);
        self
    }

    fn later(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    /// The step and the transitions: phase, attempt and version.
    #[track_caller]
    fn expect(&mut self, step: &Step, transitions: &[(Phase, u32, u32)]) -> Decision {
        let decision = self.decide();
        let told: Vec<(Phase, u32, u32)> = decision
            .transitions
            .iter()
            .map(|told| (told.phase, told.attempt.get(), told.version))
            .collect();
        assert_eq!((&decision.step, told.as_slice()), (step, transitions));
        decision
    }

    /// Type, status and reason of the conditions.
    fn conditions(&self) -> BTreeMap<&str, (&str, &str)> {
        self.status
            .conditions
            .iter()
            .map(|c| (c.type_.as_str(), (c.status.as_str(), c.reason.as_str())))
            .collect()
    }

    fn history(&self) -> Vec<&str> {
        self.status
            .phase_history
            .iter()
            .map(|entry| entry.phase.as_str())
            .collect()
    }

    fn running() -> Self {
        Self::running_with(core::TaskMetadata::default())
    }

    fn running_with(metadata: core::TaskMetadata) -> Self {
        let mut case = case(metadata);
        case.decide();
        case.sees(pod("uid-1", initializing("ContainerCreating")))
            .decide();
        case.sees(pod("uid-1", RUNNING)).decide();
        assert_eq!(case.history(), ["Queued", "Initializing", "Executing"]);
        case
    }
}

fn create(attempt: u32) -> Step {
    Step::CreatePod(NonZeroU32::new(attempt).unwrap())
}

fn delete(attempt: u32, uid: &str) -> Step {
    Step::DeletePod(NonZeroU32::new(attempt).unwrap(), uid.to_owned())
}

fn read_outcome() -> Step {
    Step::ReadOutcome {
        prefix: PREFIX.to_owned(),
        outputs: false,
    }
}

const PREFIX: &str = "s3://acme-metadata/acme/fraud/staging/r7/a0/1";

#[test]
fn a_task_from_its_first_look_to_its_end() {
    let mut case = case(core::TaskMetadata::default());
    case.finalizer = false;
    case.expect(&Step::AddFinalizer, &[]);
    case.finalizer = true;
    case.expect(&create(1), &[(Phase::Queued, 1, 0)]);
    assert_eq!(
        case.conditions(),
        [("Progressing", ("True", "Queued"))].into()
    );

    let queued = Observation::Queued {
        reason: String::new(),
        message: String::new(),
    };
    let fresh = PodView {
        fresh: true,
        ..pod("uid-1", queued.clone())
    };
    let decision = case.sees(fresh).expect(&Step::Settle, &[]);
    assert_eq!(decision.again, Some(Duration::from_secs(1)));
    case.sees(pod("uid-1", queued)).expect(&Step::Rest, &[]);

    let told = case
        .sees(pod("uid-1", initializing("ContainerCreating")))
        .expect(&Step::Rest, &[(Phase::Initializing, 1, 0)]);
    let transition = &told.transitions[0];
    assert_eq!(transition.logs.as_ref().unwrap().primary_pod_name, "uid-1");
    assert_eq!(transition.place, Place::Prefix(PREFIX.to_owned()));
    assert_eq!(
        case.conditions(),
        [("Progressing", ("True", "Initializing"))].into()
    );

    case.later(5)
        .sees(pod("uid-1", RUNNING))
        .expect(&Step::Rest, &[(Phase::Executing, 1, 0)]);
    assert_eq!(
        case.conditions(),
        [("Progressing", ("True", "Executing"))].into()
    );
    case.expect(&Step::Rest, &[]);

    case.later(5).sees(pod("uid-1", Observation::Succeeded));
    case.expect(&read_outcome(), &[]);
    case.outcome = Some(Ok(()));
    case.expect(&Step::Continue, &[(Phase::Succeeded, 1, 0)]);
    assert_eq!(
        case.conditions(),
        [
            ("Progressing", ("False", "Completed")),
            ("Succeeded", ("True", "Completed"))
        ]
        .into()
    );
    assert_eq!(
        case.history(),
        ["Queued", "Initializing", "Executing", "Completed"]
    );
    assert_eq!(
        (case.status.attempts, case.status.plugin_phase.as_str()),
        (1, "PhaseSuccess")
    );

    case.expect(&Step::Finish, &[]);
    (case.labelled, case.finalizer) = (true, false);
    case.expect(&Step::Rest, &[]);
}

#[test]
fn what_was_missed_is_told_in_order() {
    let mut case = case(core::TaskMetadata::default());
    case.outcome = Some(Ok(()));
    let mut done = pod("uid-1", Observation::Succeeded);
    done.began = Some("2026-01-02T03:00:10Z".parse().unwrap());
    done.finished = Some("2026-01-02T03:00:20Z".parse().unwrap());
    case.sees(done).later(60);
    let decision = case.expect(
        &Step::Continue,
        &[
            (Phase::Queued, 1, 0),
            (Phase::Executing, 1, 0),
            (Phase::Succeeded, 1, 0),
        ],
    );
    let times: Vec<String> = decision
        .transitions
        .iter()
        .map(|told| told.at.to_string())
        .collect();
    assert!(
        times.is_sorted(),
        "no transition is before the one before it: {times:?}"
    );
}

#[test]
fn terminal_is_terminal() {
    for observation in [
        RUNNING,
        Observation::Succeeded,
        Observation::Failed(failure(Retry::User)),
    ] {
        let mut case = Case::running();
        case.sees(pod("uid-1", Observation::Succeeded));
        case.outcome = Some(Ok(()));
        case.decide();
        let status = case.status.clone();
        let still_runs = observation == RUNNING;
        case.sees(pod("uid-1", observation));
        let step = if still_runs {
            delete(1, "uid-1")
        } else {
            Step::Finish
        };
        case.expect(&step, &[]);
        case.pod = PodSeen::Missing;
        case.expect(&Step::Finish, &[]);
        assert_eq!(case.status, status);
    }
}

#[test]
fn an_abort_stops_the_pod_tells_and_lets_go() {
    let mut case = Case::running();
    case.deleting = true;
    case.expect(&delete(1, "uid-1"), &[]);
    let mut ending = pod("uid-1", RUNNING);
    ending.deleting = true;
    let conditions = case.status.conditions.clone();
    case.sees(ending)
        .expect(&Step::Release, &[(Phase::Aborted, 1, 0)]);
    assert_eq!(
        case.status.conditions, conditions,
        "a resource that goes unfinished is what tells of an abort"
    );
    // The finalizer could not be taken off: it is not told again.
    case.expect(&Step::Release, &[]);
    case.finalizer = false;
    case.expect(&Step::Rest, &[]);
}

#[test]
fn what_was_over_is_not_aborted() {
    let mut case = Case::running();
    case.sees(pod("uid-1", Observation::Succeeded));
    case.outcome = Some(Ok(()));
    case.decide();
    case.deleting = true;
    case.expect(&Step::Release, &[]);
}

#[test]
fn what_cannot_be_run_fails_with_a_sentence() {
    for phase in [Phase::InvalidSpec, Phase::PluginNotFound] {
        let mut case = case(core::TaskMetadata::default());
        case.decide();
        case.refused = Some(Refused::Unbuildable(Refusal {
            phase,
            message: "no such thing".to_owned(),
        }));
        case.expect(&Step::Continue, &[(phase, 1, 0)]);
        assert_eq!(case.conditions()["Failed"], ("True", phase.as_str()));
        let error = case.status.error_state.clone().unwrap();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            (phase.as_str(), "no such thing")
        );
    }
}

#[test]
fn a_resource_that_says_nothing_fails_though_nothing_can_be_told() {
    let mut case = case(core::TaskMetadata::default());
    case.id = None;
    case.subject = Err(Refusal {
        phase: Phase::InvalidSpec,
        message: "spec.project: …".to_owned(),
    });
    case.expect(&Step::Continue, &[]);
    assert_eq!(case.conditions()["Failed"], ("True", "InvalidSpec"));
    case.expect(&Step::Finish, &[]);
}

#[test]
fn pods_that_the_api_server_refuses() {
    let refused = |refused: Refused, metadata: core::TaskMetadata| {
        let mut case = case(metadata);
        case.decide();
        case.refused = Some(refused);
        case
    };
    let forbidden = || Refused::Forbidden("violates PodSecurity".to_owned());
    refused(forbidden(), core::TaskMetadata::default())
        .expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 0)]);
    refused(forbidden(), retries(1)).expect(
        &Step::Continue,
        &[(Phase::RetryableFailure, 1, 0), (Phase::Queued, 2, 0)],
    );
    let invalid = Refused::Invalid {
        code: "InvalidResource",
        message: "spec.containers[0].image: Required".to_owned(),
    };
    refused(invalid, retries(1)).expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 0)]);
    for waits in [
        Refused::NotMade("a webhook does not answer".to_owned()),
        Refused::QuotaExceeded("exceeded quota".to_owned()),
        Refused::NamespaceEnding("it is being terminated".to_owned()),
    ] {
        let mut case = refused(waits, core::TaskMetadata::default());
        let decision = case.expect(&Step::Rest, &[(Phase::Queued, 1, 1)]);
        assert_eq!(decision.again, Some(Duration::from_secs(30)));
        // Once is enough.
        case.expect(&Step::Rest, &[]);
    }
}

#[test]
fn details_of_a_phase_are_told_once_and_only_so_many() {
    let mut case = case(core::TaskMetadata::default());
    case.decide();
    case.sees(pod("uid-1", initializing("ContainerCreating")))
        .decide();
    case.sees(pod("uid-1", initializing("ErrImagePull")))
        .expect(&Step::Rest, &[(Phase::Initializing, 1, 1)]);
    case.sees(pod("uid-1", initializing("ImagePullBackOff")))
        .expect(&Step::Rest, &[(Phase::Initializing, 1, 2)]);
    for reason in ["ErrImagePull", "ImagePullBackOff", "ContainerCreating"] {
        case.sees(pod("uid-1", initializing(reason)))
            .expect(&Step::Rest, &[]);
    }
    for number in 0..100 {
        case.sees(pod("uid-1", initializing(&format!("Reason{number}"))))
            .decide();
    }
    assert!(
        case.status.plugin_phase_version < 10 && case.state.told.len() < 10,
        "{:?}",
        case.state
    );
    assert_eq!(case.history(), ["Queued", "Initializing"]);
}

#[test]
fn nothing_is_begun_without_room_for_its_events_and_what_runs_goes_on() {
    let mut case = case(core::TaskMetadata::default());
    case.room = false;
    assert!(case.expect(&Step::Rest, &[]).again.is_some());
    assert_eq!(case.status, TaskActionStatus::default());
    let mut case = Case::running();
    case.room = false;
    case.outcome = Some(Ok(()));
    case.sees(pod("uid-1", Observation::Succeeded))
        .expect(&Step::Continue, &[(Phase::Succeeded, 1, 0)]);
}

#[test]
fn an_action_that_another_executor_began_is_gone_on_with() {
    let mut case = Case::running();
    case.state = State::default();
    case.status.plugin_state = Some(k8s_openapi::ByteString(vec![1, 2, 3]));
    case.status.plugin_state_version = 1;
    case.sees(pod("uid-1", RUNNING)).expect(&Step::Rest, &[]);
    case.sees(pod("uid-1", Observation::Succeeded));
    case.outcome = Some(Ok(()));
    case.expect(&Step::Continue, &[(Phase::Succeeded, 1, 0)]);
}

#[test]
fn a_long_history_is_bounded_and_messages_too() {
    let mut case = Case::running_with(retries(5000));
    for _ in 0..300 {
        let loud = Failure {
            message: "é".repeat(100_000),
            ..failure(Retry::User)
        };
        case.sees(pod("uid", Observation::Failed(failure(Retry::User))));
        case.outcome = Some(Err(loud));
        case.decide();
    }
    assert!(case.status.phase_history.len() <= 200);
    assert_eq!(case.history()[0], "Queued");
    let size = serde_json::to_string(&case.status).unwrap().len();
    assert!(size < 1 << 20, "etcd takes 1.5 MiB: {size}");
}
