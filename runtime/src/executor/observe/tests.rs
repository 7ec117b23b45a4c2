//! One row for each way in which a pod can be, beside what Flyte's `DemystifyPending`, `DemystifyFailure`, `DemystifySuccess` and
//! `DeterminePrimaryContainerPhase` make of it.

mod disruption;

use dataplane_api::task_action::ErrorKind;
use serde_json::{Value, json};

use super::*;
use crate::executor::{example, failure::Retry};

const NOW: &str = "2026-01-02T03:10:00Z";
/// Four minutes before, which is longer than every grace.
const LONG_AGO: &str = "2026-01-02T03:06:00Z";
/// One minute before.
const JUST_NOW: &str = "2026-01-02T03:09:00Z";

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write it on the spot"
)]
fn pod(status: Value) -> Value {
    json!({
        "metadata": {
            "name": "r7-a0-0",
            "namespace": "fraud-staging",
            "annotations": { "primary_container_name": "main" },
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [
                { "name": "main", "image": "registry.example/train:v1", "resources": { "limits": { "memory": "1Gi" } } },
                { "name": "side", "image": "registry.example/side:v1" },
            ],
            "initContainers": [{ "name": "prepare", "image": "registry.example/prepare:v1" }],
        },
        "status": status,
    })
}

fn seen(pod: Value) -> Observation {
    let pod: Pod = serde_json::from_value(pod).unwrap();
    observe(
        &pod,
        NOW.parse().unwrap(),
        &example::settings(json!({}), "spec"),
    )
}

fn ended(name: &str, exit_code: i32, reason: &str) -> Value {
    json!({ "name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": { "exitCode": exit_code, "reason": reason, "message": "last words\n" } } })
}

fn goes_on(name: &str) -> Value {
    json!({ "name": name, "image": "", "imageID": "", "ready": true, "restartCount": 0,
        "state": { "running": { "startedAt": JUST_NOW } } })
}

fn waits(name: &str, reason: &str, message: &str) -> Value {
    json!({ "name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "waiting": { "reason": reason, "message": message } } })
}

fn unready(since: &str) -> Value {
    json!({ "type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "unready", "lastTransitionTime": since })
}

fn disruption(reason: &str) -> Value {
    json!([{ "type": "DisruptionTarget", "status": "True", "reason": reason, "message": "details" }])
}

#[track_caller]
fn fails(pod: Value, code: &str, kind: ErrorKind, retry: Retry, says: &[&str]) {
    let Observation::Failed(failure) = seen(pod) else {
        panic!("it does not fail");
    };
    assert_eq!(
        (failure.code.as_str(), failure.kind, failure.retry),
        (code, kind, retry),
        "{}",
        failure.message
    );
    for part in says {
        assert!(
            failure.message.contains(part),
            "{part}: {}",
            failure.message
        );
    }
}

#[track_caller]
fn fails_by_itself(status: Value, code: &str, says: &[&str]) {
    fails(pod(status), code, ErrorKind::User, Retry::User, says);
}

#[track_caller]
fn fails_for_good(status: Value, code: &str, says: &[&str]) {
    fails(pod(status), code, ErrorKind::User, Retry::No, says);
}

#[track_caller]
fn fails_by_the_platform(status: Value, code: &str, says: &[&str]) {
    fails(pod(status), code, ErrorKind::System, Retry::System, says);
}

#[track_caller]
fn is_disrupted(status: Value, code: &str, says: &[&str]) {
    let retry = Retry::Disruption;
    fails(pod(status), code, ErrorKind::System, retry, says);
}

#[test]
fn a_pod_without_a_node_is_queued() {
    for (status, reason) in [
        (json!({}), "Scheduling"),
        (json!({ "phase": "Pending" }), "Scheduling"),
        (
            json!({ "phase": "Pending", "conditions": [
                { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available" },
            ] }),
            "Unschedulable",
        ),
        (
            json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "True" }] }),
            "Scheduling",
        ),
    ] {
        let observation = seen(pod(status));
        assert!(
            matches!(&observation, Observation::Queued { reason: found, .. } if found == reason),
            "{observation:?}"
        );
    }
}

#[test]
fn containers_that_come_are_initializing() {
    for reason in ["ErrImagePull", "ContainerCreating", "PodInitializing"] {
        let status = json!({ "phase": "Pending", "conditions": [unready(LONG_AGO)], "containerStatuses": [waits("main", reason, "m")] });
        assert_eq!(
            seen(pod(status)),
            Observation::Initializing {
                reason: reason.to_owned(),
                message: "m".to_owned(),
                until: None
            }
        );
    }
    let status = json!({ "phase": "Pending", "conditions": [unready(LONG_AGO)] });
    assert!(matches!(
        seen(pod(status)),
        Observation::Initializing { until: None, .. }
    ));
}

#[test]
fn an_image_may_fail_to_be_pulled_for_a_while() {
    let status = |since: &str, message: &str| json!({ "phase": "Pending", "conditions": [unready(since)], "containerStatuses": [waits("main", "ImagePullBackOff", message)] });
    let Observation::Initializing { until, .. } = seen(pod(status(JUST_NOW, "Back-off"))) else {
        panic!("the grace is not over");
    };
    assert_eq!(until, Some("2026-01-02T03:12:00Z".parse().unwrap()));
    fails_by_itself(
        status(LONG_AGO, "Back-off"),
        "ImagePullBackOff",
        &[
            "registry.example/train:v1",
            "\"main\"",
            "3 min",
            "Back-off",
            "check its name",
        ],
    );
    fails_by_the_platform(
        status(LONG_AGO, "429 Too Many Requests - Server message"),
        "ImagePullBackOff",
        &["mirror"],
    );
    // Exactly at its end the grace is over.
    fails_by_itself(
        status("2026-01-02T03:07:00Z", "Back-off"),
        "ImagePullBackOff",
        &[],
    );
}

#[test]
fn the_grace_begins_when_the_containers_before_are_done() {
    let status = json!({
        "phase": "Pending",
        "conditions": [
            { "type": "Initialized", "status": "True", "lastTransitionTime": JUST_NOW },
            unready("2026-01-02T01:00:00Z"),
        ],
        "initContainerStatuses": [ended("prepare", 0, "Completed")],
        "containerStatuses": [waits("main", "ImagePullBackOff", "Back-off")],
    });
    assert!(matches!(
        seen(pod(status)),
        Observation::Initializing { until: Some(_), .. }
    ));
}

#[test]
fn a_container_that_can_not_be_created_fails_for_good() {
    let status = |reason: &str, since: &str| json!({ "phase": "Pending", "conditions": [unready(since)], "containerStatuses": [waits("main", reason, "why")] });
    assert!(matches!(
        seen(pod(status("CreateContainerError", JUST_NOW))),
        Observation::Initializing { until: Some(_), .. }
    ));
    fails_for_good(
        status("CreateContainerError", LONG_AGO),
        "CreateContainerError",
        &["\"main\"", "3 min", "why"],
    );
    for reason in [
        "CreateContainerConfigError",
        "InvalidImageName",
        "ErrImageNeverPull",
    ] {
        fails_for_good(status(reason, JUST_NOW), reason, &["\"main\"", "why"]);
    }
    fails_by_itself(
        status("CrashLoopBackOff", JUST_NOW),
        "CrashLoopBackOff",
        &["again and again"],
    );
    fails_by_the_platform(
        status("RunContainerError", JUST_NOW),
        "RunContainerError",
        &["\"main\"", "why"],
    );
}

#[test]
fn what_runs_before_is_the_cause() {
    let status = json!({
        "phase": "Pending",
        "conditions": [unready(LONG_AGO)],
        "initContainerStatuses": [waits("prepare", "ImagePullBackOff", "Back-off")],
        "containerStatuses": [waits("main", "PodInitializing", "")],
    });
    fails_by_itself(status, "ImagePullBackOff", &["registry.example/prepare:v1"]);
}

#[test]
fn a_pod_runs_as_long_as_its_primary_container() {
    let status = |containers: Value| json!({ "phase": "Running", "containerStatuses": containers });
    let since = Some(JUST_NOW.parse().unwrap());
    assert_eq!(
        seen(pod(status(json!([goes_on("side"), goes_on("main")])))),
        Observation::Running { since }
    );
    assert_eq!(
        seen(pod(status(json!([
            goes_on("side"),
            waits("main", "CrashLoopBackOff", "")
        ])))),
        Observation::Running { since: None }
    );
    assert_eq!(
        seen(pod(status(json!([])))),
        Observation::Running { since: None }
    );
    assert_eq!(
        seen(pod(status(json!([
            goes_on("side"),
            ended("main", 0, "Completed")
        ])))),
        Observation::Succeeded
    );
    fails_by_itself(
        status(json!([goes_on("side"), ended("main", 2, "Error")])),
        "Error",
        &["\"main\"", "exit code 2", "last words"],
    );
    fails_by_itself(
        status(json!([goes_on("side"), ended("main", 137, "OOMKilled")])),
        "OOMKilled",
        &["\"main\"", "1Gi", "more memory"],
    );
    fails_by_itself(
        status(json!([ended("main", 0, "OOMKilled")])),
        "OOMKilled",
        &[],
    );
    for exit_code in [137, 247] {
        fails_by_the_platform(
            status(json!([goes_on("side"), ended("main", exit_code, "Error")])),
            "Interrupted",
            &["from outside", "signal 9"],
        );
    }
    // A sidecar's end is not the task's.
    assert_eq!(
        seen(pod(status(json!([
            ended("side", 1, "Error"),
            goes_on("main")
        ])))),
        Observation::Running { since }
    );
    let mut without = pod(status(json!([goes_on("side")])));
    without["spec"]["containers"] = json!([{ "name": "side", "image": "i" }]);
    fails(
        without,
        "PrimaryContainerNotFound",
        ErrorKind::User,
        Retry::No,
        &["\"main\""],
    );
}

#[test]
fn without_a_primary_container_all_must_end() {
    let observed = |containers: Value, inits: Value| {
        let mut pod = pod(
            json!({ "phase": "Running", "containerStatuses": containers, "initContainerStatuses": inits }),
        );
        pod["metadata"]["annotations"] = json!({});
        seen(pod)
    };
    let done = || ended("main", 0, "Completed");
    assert_eq!(
        observed(json!([done(), ended("side", 0, "Completed")]), json!([])),
        Observation::Succeeded
    );
    for (containers, inits) in [
        (json!([]), json!([])),
        (json!([done(), goes_on("side")]), json!([])),
        (json!([done(), ended("side", 1, "Error")]), json!([])),
        (json!([done()]), json!([goes_on("prepare")])),
    ] {
        assert!(matches!(
            observed(containers, inits),
            Observation::Running { .. }
        ));
    }
}

#[test]
fn a_pod_that_succeeded_did_unless_it_ran_out_of_memory() {
    assert_eq!(
        seen(pod(
            json!({ "phase": "Succeeded", "containerStatuses": [ended("main", 0, "Completed")] })
        )),
        Observation::Succeeded
    );
    fails_by_itself(
        json!({ "phase": "Succeeded", "containerStatuses": [ended("main", 0, "Completed"), ended("side", 0, "OOMKilled")] }),
        "OOMKilled",
        &["\"side\""],
    );
}

#[test]
fn a_failed_pod_is_told_by_its_container() {
    let status = |containers: Value| json!({ "phase": "Failed", "containerStatuses": containers });
    fails_by_itself(
        status(json!([ended("main", 1, "Error")])),
        "Error",
        &["exit code 1", "last words"],
    );
    fails_by_itself(
        status(json!([ended("main", 127, "")])),
        "ContainerFailed",
        &["exit code 127"],
    );
    fails_by_itself(
        status(json!([ended("main", 128, "StartError")])),
        "StartError",
        &["exit code 128"],
    );
    fails_by_itself(
        status(json!([ended("main", 139, "Error")])),
        "Error",
        &["signal 11"],
    );
    fails_by_itself(
        status(json!([ended("main", 137, "OOMKilled")])),
        "OOMKilled",
        &["1Gi"],
    );
    for exit_code in [137, 143, 247] {
        fails_by_the_platform(
            status(json!([ended("main", exit_code, "Error")])),
            "Interrupted",
            &["r7-a0-0"],
        );
    }
    // The primary container tells, whatever happened to the others.
    fails_by_itself(
        status(json!([
            ended("side", 137, "Error"),
            ended("main", 3, "Error")
        ])),
        "Error",
        &["exit code 3"],
    );
    // One that waits to be started again is told by how it ended before.
    let mut restarted = waits("main", "CrashLoopBackOff", "");
    restarted["lastState"] = ended("main", 5, "Error")["state"].clone();
    fails_by_itself(status(json!([restarted])), "Error", &["exit code 5"]);
}

/// A kubelet tells how containers ended, and a moment later the phase of the pod: both are seen of one pod.
#[test]
fn a_task_that_ended_well_stays_so_whatever_else_its_pod_does() {
    for reason in [None, Some("Evicted"), Some("DeadlineExceeded")] {
        for phase in ["Running", "Failed"] {
            let containers = json!([ended("main", 0, "Completed"), ended("side", 4, "Error")]);
            let status =
                json!({ "phase": phase, "reason": reason, "containerStatuses": containers });
            assert_eq!(
                seen(pod(status)),
                Observation::Succeeded,
                "{phase} {reason:?}"
            );
        }
    }
    let status = json!({ "phase": "Failed", "containerStatuses": [ended("main", 0, "OOMKilled")] });
    fails_by_itself(status, "OOMKilled", &["1Gi"]);
}

#[test]
fn a_container_that_runs_before_fails_the_pod() {
    let status = |init: Value| {
        json!({
            "phase": "Failed",
            "initContainerStatuses": [init],
            "containerStatuses": [waits("main", "PodInitializing", "")],
        })
    };
    fails_by_itself(
        status(ended("prepare", 1, "Error")),
        "Error",
        &["\"prepare\"", "exit code 1"],
    );
    fails_by_itself(
        status(ended("prepare", 137, "OOMKilled")),
        "OOMKilled",
        &["\"prepare\"", "its node has"],
    );
    fails_by_the_platform(
        status(ended("dataplane-fetch-code", 1, "Error")),
        "CodeNotFetched",
        &["last words"],
    );
    fails_by_the_platform(
        status(ended("prepare", 143, "Error")),
        "Interrupted",
        &["\"prepare\""],
    );
}

#[test]
fn logs_are_found_by_pod_and_container() {
    let pod: Pod = serde_json::from_value(pod(json!({
        "phase": "Running",
        "initContainerStatuses": [ended("prepare", 0, "Completed")],
        "containerStatuses": [goes_on("main"), waits("side", "ContainerCreating", "")],
    })))
    .unwrap();
    let context = log_context(&pod);
    assert_eq!(context.primary_pod_name, "r7-a0-0");
    let pod = &context.pods[0];
    assert_eq!(
        (
            pod.namespace.as_str(),
            pod.pod_name.as_str(),
            pod.primary_container_name.as_str()
        ),
        ("fraud-staging", "r7-a0-0", "main")
    );
    let started: Vec<_> = pod
        .containers
        .iter()
        .map(|container| {
            let process = container.process.as_ref().unwrap();
            (
                container.container_name.as_str(),
                process.container_start_time.map(|time| time.seconds),
            )
        })
        .collect();
    assert_eq!(started, [("main", Some(1_767_323_340)), ("side", None)]);
    assert_eq!(pod.init_containers[0].container_name, "prepare");
}

#[test]
fn the_primary_container_of_the_logs_is_found_without_annotations() {
    let primary = |pod: Value| {
        log_context(&serde_json::from_value(pod).unwrap()).pods[0]
            .primary_container_name
            .clone()
    };
    let mut other = pod(json!({}));
    other["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = json!("side");
    assert_eq!(primary(other.clone()), "side");
    other["metadata"]["annotations"] = json!({});
    assert_eq!(primary(other.clone()), "main");
    other["metadata"]["name"] = json!("side");
    assert_eq!(primary(other.clone()), "side");
    other["spec"] = json!({ "containers": [] });
    assert_eq!(primary(other), "");
}
