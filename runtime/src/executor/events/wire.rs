//! The event of a transition, as the control plane reads it.

use dataplane_api::task_action::ErrorKind;
use dataplane_proto::flyteidl2::{
    common::{ActionIdentifier, RunIdentifier},
    task::OutputReferences,
    workflow::{ActionEvent, ClusterEvent, ErrorInfo, error_info::Kind},
};
use k8s_openapi::jiff::Timestamp;

use super::shortening::{CODE, MESSAGE, REASON, fit, shorten};
use crate::executor::{
    action::ActionId, failure::Failure, settings::Settings, transition::Transition,
};

/// What the control plane is told of a transition. `start_time` and `end_time` stay empty: it makes them from the
/// transitions' own times.
pub fn event(transition: &Transition, settings: &Settings, reported: Timestamp) -> ActionEvent {
    let Transition {
        id,
        attempt,
        phase,
        version,
        at,
        reason,
        failure,
        place: _,
        cache,
        logs,
    } = transition;
    let updated = wire_time(*at);
    fit(ActionEvent {
        id: Some(identifier(id)),
        attempt: attempt.get(),
        phase: phase.wire().into(),
        version: *version,
        updated_time: Some(updated),
        error_info: failure.as_ref().map(error_info),
        log_context: logs.clone(),
        cluster: settings.cluster.to_string(),
        outputs: transition.outputs().map(|output_uri| OutputReferences {
            output_uri,
            report_uri: transition.report().unwrap_or_default(),
        }),
        cache_status: (*cache).into(),
        cluster_events: if reason.is_empty() {
            Vec::new()
        } else {
            vec![ClusterEvent {
                occurred_at: Some(updated),
                message: shorten(reason, REASON),
                ..ClusterEvent::default()
            }]
        },
        reported_time: Some(wire_time(reported)),
        ..ActionEvent::default()
    })
}

pub fn identifier(id: &ActionId) -> ActionIdentifier {
    let ActionId {
        organization,
        project,
        domain,
        run,
        action,
    } = id;
    ActionIdentifier {
        run: Some(RunIdentifier {
            org: organization.to_string(),
            project: project.to_string(),
            domain: domain.to_string(),
            name: run.to_string(),
        }),
        name: action.to_string(),
    }
}

fn error_info(failure: &Failure) -> ErrorInfo {
    let kind = match failure.kind {
        ErrorKind::Unset => Kind::Unspecified,
        ErrorKind::User => Kind::User,
        ErrorKind::System => Kind::System,
    };
    ErrorInfo {
        message: shorten(&failure.message, MESSAGE),
        kind: kind.into(),
        code: shorten(&failure.code, CODE),
        gpu_fault: None,
    }
}

fn wire_time(time: Timestamp) -> prost_types::Timestamp {
    const NANOS: i128 = 1_000_000_000;
    let nanos = time.as_nanosecond();
    prost_types::Timestamp {
        seconds: i64::try_from(nanos.div_euclid(NANOS)).unwrap_or_default(),
        nanos: i32::try_from(nanos.rem_euclid(NANOS)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use dataplane_proto::flyteidl2::{
        common::ActionPhase,
        core::{CatalogCacheStatus, LogContext},
    };
    use serde_json::json;

    use super::*;
    use crate::executor::{
        example,
        failure::Retry,
        transition::{Phase, Place},
    };

    fn transition() -> Transition {
        Transition {
            id: ActionId {
                organization: "acme".parse().unwrap(),
                project: "fraud".parse().unwrap(),
                domain: "staging".parse().unwrap(),
                run: "run".parse().unwrap(),
                action: "a0".parse().unwrap(),
            },
            attempt: NonZeroU32::new(2).unwrap(),
            phase: Phase::RetryableFailure,
            version: 11,
            at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            reason: "the container was killed".to_owned(),
            failure: Some(Failure {
                code: "OOMKilled".to_owned(),
                message: "out of memory".to_owned(),
                kind: ErrorKind::User,
                retry: Retry::User,
            }),
            place: Place::Prefix("s3://b/run/a0/2".to_owned()),
            cache: CatalogCacheStatus::CacheMiss,
            logs: Some(LogContext {
                primary_pod_name: "run-a0-1".to_owned(),
                ..LogContext::default()
            }),
        }
    }

    fn told(transition: &Transition) -> ActionEvent {
        let settings = example::settings(json!({}), "flyte");
        event(
            transition,
            &settings,
            "2026-01-02T03:05:00Z".parse().unwrap(),
        )
    }

    #[test]
    fn all_of_a_transition_is_told() {
        let at = prost_types::Timestamp {
            seconds: 1_767_323_045,
            nanos: 678_000_000,
        };
        let expected = ActionEvent {
            id: Some(ActionIdentifier {
                run: Some(RunIdentifier {
                    org: "acme".to_owned(),
                    project: "fraud".to_owned(),
                    domain: "staging".to_owned(),
                    name: "run".to_owned(),
                }),
                name: "a0".to_owned(),
            }),
            attempt: 2,
            phase: ActionPhase::Failed.into(),
            version: 11,
            updated_time: Some(at),
            error_info: Some(ErrorInfo {
                message: "out of memory".to_owned(),
                kind: Kind::User.into(),
                code: "OOMKilled".to_owned(),
                gpu_fault: None,
            }),
            log_context: transition().logs,
            cluster: "acme-prod".to_owned(),
            outputs: Some(OutputReferences {
                output_uri: "s3://b/run/a0/2/outputs.pb".to_owned(),
                report_uri: "s3://b/run/a0/2/report.html".to_owned(),
            }),
            cache_status: CatalogCacheStatus::CacheMiss.into(),
            cluster_events: vec![ClusterEvent {
                occurred_at: Some(at),
                message: "the container was killed".to_owned(),
                ..ClusterEvent::default()
            }],
            reported_time: Some(prost_types::Timestamp {
                seconds: 1_767_323_100,
                nanos: 0,
            }),
            ..ActionEvent::default()
        };
        assert_eq!(told(&transition()), expected);
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        let bare = told(&Transition {
            phase: Phase::Queued,
            reason: String::new(),
            failure: None,
            place: Place::None,
            logs: None,
            ..transition()
        });
        assert_eq!(bare.phase(), ActionPhase::Queued);
        assert!(bare.cluster_events.is_empty());
        assert_eq!(
            (bare.error_info, bare.outputs, bare.log_context),
            (None, None, None)
        );
    }

    #[test]
    fn what_another_run_did_is_told_with_its_outputs_and_no_report() {
        let recovered = told(&Transition {
            phase: Phase::Recovered,
            failure: None,
            place: Place::Outputs("s3://b/before/a0/1/outputs.pb".to_owned()),
            logs: None,
            ..transition()
        });
        assert_eq!(recovered.phase(), ActionPhase::Recovered);
        let outputs = recovered.outputs.unwrap();
        assert_eq!(
            (outputs.output_uri.as_str(), outputs.report_uri.as_str()),
            ("s3://b/before/a0/1/outputs.pb", "")
        );
    }

    #[test]
    fn a_failure_of_any_size_makes_an_event_that_is_taken() {
        let loud = told(&Transition {
            failure: Some(Failure {
                code: "C".repeat(10_000),
                message: format!("Traceback{}ValueError", "é".repeat(1 << 20)),
                kind: ErrorKind::System,
                retry: Retry::No,
            }),
            reason: "r".repeat(1 << 20),
            ..transition()
        });
        let error = loud.error_info.as_ref().unwrap();
        assert!(error.message.starts_with("Traceback") && error.message.ends_with("ValueError"));
        assert!(error.message.len() <= MESSAGE && error.message.len() > MESSAGE - 10);
        assert_eq!(error.kind(), Kind::System);
        assert!(error.code.len() <= CODE);
        assert!(loud.cluster_events[0].message.len() <= REASON);
    }
}
