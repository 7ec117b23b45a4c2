//! Pods that end from outside, or are lost.

use super::*;

#[test]
fn a_pod_whose_node_goes_is_not_at_fault() {
    for reason in ["Shutdown", "Terminated", "NodeShutdown", "NodeAffinity"] {
        is_disrupted(
            json!({ "phase": "Failed", "reason": reason, "message": "node goes", "containerStatuses": [ended("main", 1, "Error")] }),
            reason,
            &["node-1", "node goes"],
        );
    }
    for reason in [
        "PreemptionByScheduler",
        "DeletionByTaintManager",
        "EvictionByEvictionAPI",
        "DeletionByPodGC",
    ] {
        is_disrupted(
            json!({ "phase": "Failed", "conditions": disruption(reason), "containerStatuses": [ended("main", 1, "Error")] }),
            reason,
            &["node-1", "details"],
        );
        // The container ends before the pod does.
        is_disrupted(
            json!({ "phase": "Running", "conditions": disruption(reason), "containerStatuses": [ended("main", 143, "Error")] }),
            reason,
            &[],
        );
    }
    // Nor, maybe, is one that its node ends; but it may have taken more than it asked for.
    fails_by_the_platform(
        json!({ "phase": "Failed", "conditions": disruption("TerminationByKubelet"), "containerStatuses": [ended("main", 1, "Error")] }),
        "TerminationByKubelet",
        &["node-1", "details"],
    );
    // What ran out of memory did so by itself.
    fails_by_itself(
        json!({ "phase": "Failed", "conditions": disruption("TerminationByKubelet"), "containerStatuses": [ended("main", 137, "OOMKilled")] }),
        "OOMKilled",
        &[],
    );
    // One that is to be taken away and ends well in time has ended well.
    assert_eq!(
        seen(pod(
            json!({ "phase": "Running", "conditions": disruption("EvictionByEvictionAPI"), "containerStatuses": [ended("main", 0, "Completed")] })
        )),
        Observation::Succeeded
    );
}

#[test]
fn eviction_tells_whose_fault_it_was() {
    let status = |message: &str| json!({ "phase": "Failed", "reason": "Evicted", "message": message, "containerStatuses": [ended("main", 137, "Error")] });
    fails_by_the_platform(
        status(
            "The node was low on resource: memory. Container main was using 2Gi, request is 1Gi",
        ),
        "Evicted",
        &["low on resource"],
    );
    fails_by_itself(
        status("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi."),
        "Evicted",
        &["its limit"],
    );
    fails_by_itself(
        json!({ "phase": "Failed", "reason": "DeadlineExceeded", "message": "Pod was active on the node longer than the specified deadline" }),
        "DeadlineExceeded",
        &["activeDeadlineSeconds"],
    );
}

#[test]
fn a_pod_that_never_ran_is_tried_again() {
    for reason in ["OutOfcpu", "UnexpectedAdmissionError", "Preempting"] {
        fails_by_the_platform(
            json!({ "phase": "Failed", "reason": reason, "message": "why" }),
            reason,
            &["why"],
        );
    }
    fails_by_the_platform(json!({ "phase": "Failed" }), "Interrupted", &["r7-a0-0"]);
    fails_by_the_platform(
        json!({ "phase": "Failed", "containerStatuses": [goes_on("main")] }),
        "Interrupted",
        &["without its node telling"],
    );
}

#[test]
fn a_pod_that_somebody_deletes_is_lost() {
    let deleted = |status: Value| {
        let mut pod = pod(status);
        pod["metadata"]["deletionTimestamp"] = json!(JUST_NOW);
        pod
    };
    for status in [
        json!({ "phase": "Pending" }),
        json!({ "phase": "Running", "containerStatuses": [goes_on("main")] }),
        json!({ "phase": "Running", "containerStatuses": [ended("main", 1, "Error")] }),
        json!({ "phase": "Unknown" }),
    ] {
        fails(
            deleted(status),
            "UnexpectedObjectDeletion",
            ErrorKind::System,
            Retry::System,
            &["audit log"],
        );
    }
    fails(
        deleted(
            json!({ "phase": "Running", "conditions": disruption("PreemptionByScheduler"), "containerStatuses": [goes_on("main")] }),
        ),
        "PreemptionByScheduler",
        ErrorKind::System,
        Retry::Disruption,
        &["higher priority"],
    );
    assert_eq!(
        seen(deleted(
            json!({ "phase": "Succeeded", "containerStatuses": [ended("main", 0, "Completed")] })
        )),
        Observation::Succeeded
    );
}

#[test]
fn of_a_node_that_is_silent_nothing_is_said() {
    assert_eq!(
        seen(pod(json!({ "phase": "Unknown" }))),
        Observation::Unknown
    );
}
