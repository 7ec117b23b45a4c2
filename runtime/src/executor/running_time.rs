//! When the task's container of a pod began and ended.

use k8s_openapi::{
    api::core::v1::{ContainerState, Pod},
    jiff::Timestamp,
};

use super::pod::PRIMARY_CONTAINER_ANNOTATION;

/// When the task's container began, and when it ended. Where none is named it is all of them together.
pub fn of(pod: &Pod) -> (Option<Timestamp>, Option<Timestamp>) {
    let primary = pod
        .metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(PRIMARY_CONTAINER_ANNOTATION))
        .filter(|name| !name.is_empty());
    let states: Vec<&ContainerState> = pod
        .status
        .iter()
        .flat_map(|status| status.container_statuses.iter().flatten())
        .filter(|container| primary.is_none_or(|primary| container.name == *primary))
        .filter_map(|container| container.state.as_ref())
        .collect();
    let began = states
        .iter()
        .filter_map(|state| match (&state.running, &state.terminated) {
            (Some(running), _) => running.started_at.as_ref(),
            (None, Some(terminated)) => terminated.started_at.as_ref(),
            (None, None) => None,
        })
        .map(|time| time.0)
        .min();
    let ended = states
        .iter()
        .map(|state| Some(state.terminated.as_ref()?.finished_at.as_ref()?.0))
        .collect::<Option<Vec<_>>>()
        .and_then(|ends| ends.into_iter().max());
    (began, ended)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_pod(primary: Option<&str>) -> (Option<String>, Option<String>) {
        let annotations = primary.map(|primary| json!({ PRIMARY_CONTAINER_ANNOTATION: primary }));
        let pod: Pod = serde_json::from_value(json!({
            "metadata": { "annotations": annotations },
            "status": { "containerStatuses": [
                { "name": "task", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": { "terminated": {
                    "exitCode": 0, "startedAt": "2026-01-02T03:00:00Z", "finishedAt": "2026-01-02T04:00:00Z" } } },
                { "name": "proxy", "image": "i", "imageID": "", "ready": true, "restartCount": 0, "state": { "running": {
                    "startedAt": "2026-01-02T02:59:00Z" } } },
            ] },
        }))
        .unwrap();
        let (began, ended) = of(&pod);
        (
            began.map(|at| at.to_string()),
            ended.map(|at| at.to_string()),
        )
    }

    #[test]
    fn it_is_that_of_the_primary_container() {
        let at = |text: &str| Some(format!("2026-01-02T{text}Z"));
        assert_eq!(of_pod(Some("task")), (at("03:00:00"), at("04:00:00")));
        assert_eq!(of_pod(Some("proxy")), (at("02:59:00"), None));
        assert_eq!(of_pod(None), (at("02:59:00"), None));
        assert_eq!(of(&Pod::default()).0, None);
    }
}
