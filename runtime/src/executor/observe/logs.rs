//! Where the logs of an attempt are: its pod, its containers, and when they ran.

use dataplane_proto::flyteidl2::core::{
    ContainerContext, LogContext, PodLogContext, container_context::ProcessContext,
};
use k8s_openapi::{
    api::core::v1::{ContainerStatus, Pod},
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::ResourceExt;

use super::annotated_primary;

/// Where the logs of an attempt are.
pub fn log_context(pod: &Pod) -> LogContext {
    let status = pod.status.as_ref();
    let name = pod.name_any();
    LogContext {
        primary_pod_name: name.clone(),
        pods: vec![PodLogContext {
            namespace: pod.namespace().unwrap_or_default(),
            primary_container_name: primary(pod),
            pod_name: name,
            containers: contexts(status.and_then(|status| status.container_statuses.as_deref())),
            init_containers: contexts(
                status.and_then(|status| status.init_container_statuses.as_deref()),
            ),
        }],
        ..LogContext::default()
    }
}

/// The container whose logs people mean.
fn primary(pod: &Pod) -> String {
    let containers = pod.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
    pod.annotations()
        .get("kubectl.kubernetes.io/default-container")
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .or_else(|| annotated_primary(pod))
        .or_else(|| {
            let named = containers
                .iter()
                .find(|container| Some(&container.name) == pod.metadata.name.as_ref());
            named
                .or_else(|| containers.first())
                .map(|container| container.name.as_str())
        })
        .unwrap_or_default()
        .to_owned()
}

fn contexts(statuses: Option<&[ContainerStatus]>) -> Vec<ContainerContext> {
    statuses
        .unwrap_or_default()
        .iter()
        .map(|status| ContainerContext {
            container_name: status.name.clone(),
            process: Some(process(status)),
        })
        .collect()
}

fn process(status: &ContainerStatus) -> ProcessContext {
    let Some(state) = &status.state else {
        return ProcessContext::default();
    };
    if let Some(terminated) = &state.terminated {
        return ProcessContext {
            container_start_time: terminated.started_at.as_ref().map(timestamp),
            container_end_time: terminated.finished_at.as_ref().map(timestamp),
        };
    }
    ProcessContext {
        container_start_time: state
            .running
            .as_ref()
            .and_then(|running| running.started_at.as_ref())
            .map(timestamp),
        container_end_time: None,
    }
}

fn timestamp(time: &Time) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.0.as_second(),
        nanos: time.0.subsec_nanosecond(),
    }
}
