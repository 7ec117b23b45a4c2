//! The marks on resources and pods by which the executor, Flyte's services and collection know them.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::OwnerReference, jiff::Timestamp,
};
use kube::ResourceExt;

/// Holds a resource until its pods are stopped and everything is told.
pub const FINALIZER: &str = "flyte.org/plugin-finalizer";
/// On every pod of an action.
pub const MANAGED: &str = "flyte.org/managed=true";
/// Selects the resources of finished actions.
pub const FINISHED: &str = "flyte.org/termination-status=terminated";

const TERMINATION_STATUS: &str = "flyte.org/termination-status";
const TERMINATED: &str = "terminated";
const COMPLETED_TIME: &str = "flyte.org/completed-time";
const COMPLETED_TIME_FORMAT: &str = "%Y-%m-%d.%H-%M";

/// The labels of a resource whose action was over at this time.
pub fn finished(at: Timestamp) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        (TERMINATION_STATUS, TERMINATED.to_owned()),
        (
            COMPLETED_TIME,
            at.strftime(COMPLETED_TIME_FORMAT).to_string(),
        ),
    ])
}

/// Whether a resource has the labels of a finished action.
pub fn says_finished(resource: &impl ResourceExt) -> bool {
    resource
        .labels()
        .get(TERMINATION_STATUS)
        .map(String::as_str)
        == Some(TERMINATED)
        && completed_time(resource).is_some()
}

/// When the action was over, as its resource says: in whole minutes, and in an order that is that of time.
pub fn completed_time(resource: &impl ResourceExt) -> Option<&str> {
    let time = resource.labels().get(COMPLETED_TIME)?;
    (!time.is_empty()).then_some(time)
}

/// What the label of an action reads that was over at this time.
pub fn completed_at(time: Timestamp) -> String {
    time.strftime(COMPLETED_TIME_FORMAT).to_string()
}

/// The action that a pod is of.
pub fn owner(pod: &Pod) -> Option<&OwnerReference> {
    pod.owner_references()
        .iter()
        .find(|owner| owner.kind == "TaskAction" && owner.api_version.starts_with("flyte.org/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_an_end_is_in_minutes_and_ordered_as_text() {
        let at = |text: &str| completed_at(text.parse().unwrap());
        assert_eq!(at("2026-01-02T03:04:59Z"), "2026-01-02.03-04");
        assert!(at("2026-01-02T03:04:00Z") < at("2026-01-02T12:00:00Z"));
        assert!(at("2026-12-31T23:59:00Z") < at("2027-01-01T00:00:00Z"));
        let labels = finished("2026-01-02T03:04:59Z".parse().unwrap());
        assert_eq!(labels["flyte.org/termination-status"], "terminated");
        assert_eq!(labels["flyte.org/completed-time"], "2026-01-02.03-04");
    }
}
