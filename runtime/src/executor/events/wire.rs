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
        output_prefix,
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
        outputs: output_prefix.as_ref().map(|prefix| OutputReferences {
            output_uri: format!("{prefix}/outputs.pb"),
            report_uri: format!("{prefix}/report.html"),
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
