//! The state of each component, from its Deployment.

use std::{collections::BTreeMap, time::SystemTime};

use dataplane_api::{OperatorConfig, labels};
use dataplane_proto::dataplane::v1::{ComponentStatus, Health};
use futures::TryStreamExt;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use kube::{
    Api, Client, ResourceExt,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    channel,
    process::{Shared, chain},
};

/// Follows the Deployments of this operator, and tells of every change of what they say. The pod is ready from the first
/// complete list on.
pub async fn watch(
    client: Client,
    config: &OperatorConfig,
    report: watch::Sender<channel::States>,
    shared: &Shared,
) {
    let api: Api<Deployment> = Api::namespaced(client, config.namespace.as_str());
    let ours = format!(
        "{}={},{}={}",
        labels::MANAGED_BY,
        labels::DATAPLANE,
        labels::INSTANCE,
        config.name
    );
    let stream = watcher::watcher(api, watcher::Config::default().labels(&ours)).default_backoff();
    tokio::pin!(stream);
    let mut seen = Seen::default();
    shared
        .readiness
        .not_ready("the components' Deployments have not been listed yet");
    loop {
        let event = tokio::select! {
            event = stream.try_next() => event,
            () = shared.stop.cancelled() => return,
        };
        match event {
            Ok(Some(event)) => {
                seen.take(event);
                if seen.complete {
                    publish(&report, &seen.states, shared);
                    shared.readiness.ready();
                }
            }
            Ok(None) => return,
            // The stream goes on by itself, with backoff.
            Err(error) => warn!(
                error = chain(&error),
                "watching the components' Deployments"
            ),
        }
    }
}

fn publish(
    report: &watch::Sender<channel::States>,
    states: &BTreeMap<String, ComponentStatus>,
    shared: &Shared,
) {
    report.send_if_modified(|told| {
        let now: Vec<ComponentStatus> = states.values().cloned().collect();
        if told.as_ref() == Some(&now) {
            return false;
        }
        shared.metrics.components.reset();
        for status in &now {
            let (name, health) = (status.name.as_str(), status.health());
            info!(
                component = name,
                health = health.as_str_name(),
                reason = status.message,
                "component changed"
            );
            shared
                .metrics
                .components
                .with_label_values(&[name])
                .set((health == Health::Ready).into());
        }
        *told = Some(now);
        true
    });
}

/// What the watch has told so far.
#[derive(Default)]
struct Seen {
    states: BTreeMap<String, ComponentStatus>,
    /// The list that is being read again; the old one holds until it is complete.
    listing: BTreeMap<String, ComponentStatus>,
    /// Whether a whole list has been read.
    complete: bool,
}

impl Seen {
    fn take(&mut self, event: Event<Deployment>) {
        match event {
            Event::Init => self.listing.clear(),
            Event::InitApply(deployment) => {
                let status = self.status(&deployment);
                self.listing.insert(status.name.clone(), status);
            }
            Event::InitDone => {
                self.states = std::mem::take(&mut self.listing);
                self.complete = true;
            }
            Event::Apply(deployment) => {
                let status = self.status(&deployment);
                self.states.insert(status.name.clone(), status);
            }
            Event::Delete(deployment) => {
                self.states.remove(&component(&deployment));
            }
        }
    }

    /// The status with the time of its last change: while nothing changes it stays the same.
    fn status(&self, deployment: &Deployment) -> ComponentStatus {
        let name = component(deployment);
        let (health, message) = health(deployment);
        let since = match self.states.get(&name) {
            Some(known) if known.health() == health => known.since,
            _ => Some(SystemTime::now().into()),
        };
        ComponentStatus {
            name,
            health: health.into(),
            message,
            since,
        }
    }
}

fn component(deployment: &Deployment) -> String {
    deployment
        .labels()
        .get(labels::COMPONENT)
        .cloned()
        .unwrap_or_else(|| deployment.name_any())
}

fn health(deployment: &Deployment) -> (Health, String) {
    let wanted = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let available = status.available_replicas.unwrap_or(0);
    let updated = status.updated_replicas.unwrap_or(0);
    let observed = status.observed_generation >= deployment.metadata.generation;
    if observed && available >= wanted && updated >= wanted {
        return (Health::Ready, String::new());
    }
    let conditions = status.conditions.unwrap_or_default();
    let message = reason(&conditions).unwrap_or_else(|| match observed {
        true if available >= wanted => format!("{updated} of {wanted} pods run the new version"),
        true => format!("{available} of {wanted} pods are available"),
        false => "the change has not been seen by the deployment controller yet".to_owned(),
    });
    let health = if available == 0 && wanted > 0 {
        Health::Unavailable
    } else {
        Health::Degraded
    };
    (health, message)
}

/// What the deployment controller says is in the way.
fn reason(conditions: &[DeploymentCondition]) -> Option<String> {
    let bad = |condition: &&DeploymentCondition| match condition.type_.as_str() {
        "ReplicaFailure" => condition.status == "True",
        "Progressing" => condition.status == "False",
        _ => false,
    };
    conditions.iter().find(bad)?.message.clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(name: &str, wanted: i32, status: &serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "metadata": { "name": name, "generation": 2, "labels": { "app.kubernetes.io/component": name } },
            "spec": { "replicas": wanted, "selector": {}, "template": {} },
            "status": status,
        }))
        .unwrap()
    }

    #[track_caller]
    fn check(wanted: i32, status: &serde_json::Value, health: Health, message: &str) {
        assert_eq!(
            super::health(&deployment("operator", wanted, status)),
            (health, message.to_owned())
        );
    }

    #[test]
    fn health_is_what_the_deployment_says() {
        check(
            1,
            &json!({ "observedGeneration": 2, "availableReplicas": 1, "updatedReplicas": 1 }),
            Health::Ready,
            "",
        );
        check(
            2,
            &json!({ "observedGeneration": 2, "availableReplicas": 1, "updatedReplicas": 2 }),
            Health::Degraded,
            "1 of 2 pods are available",
        );
        check(
            1,
            &json!({ "observedGeneration": 2 }),
            Health::Unavailable,
            "0 of 1 pods are available",
        );
        check(
            1,
            &json!({ "observedGeneration": 2, "availableReplicas": 1, "updatedReplicas": 0 }),
            Health::Degraded,
            "0 of 1 pods run the new version",
        );
        check(0, &json!({ "observedGeneration": 2 }), Health::Ready, "");
        check(
            1,
            &json!({ "observedGeneration": 1, "availableReplicas": 1, "updatedReplicas": 1 }),
            Health::Degraded,
            "the change has not been seen by the deployment controller yet",
        );
        let failure = json!({ "observedGeneration": 2, "conditions": [
            { "type": "Available", "status": "False", "message": "Deployment does not have minimum availability." },
            { "type": "ReplicaFailure", "status": "True", "message": "exceeded quota" },
        ] });
        check(1, &failure, Health::Unavailable, "exceeded quota");
    }

    #[test]
    fn a_list_replaces_what_was_known_and_keeps_times() {
        let ready =
            json!({ "observedGeneration": 2, "availableReplicas": 1, "updatedReplicas": 1 });
        let mut seen = Seen::default();
        seen.take(Event::Init);
        seen.take(Event::InitApply(deployment("operator", 1, &ready)));
        assert!(!seen.complete && seen.states.is_empty());
        seen.take(Event::InitDone);
        assert!(seen.complete);
        let since = seen.states["operator"].since;
        seen.take(Event::Apply(deployment("gateway", 1, &json!({}))));
        seen.take(Event::Init);
        seen.take(Event::InitApply(deployment("operator", 1, &ready)));
        assert_eq!(seen.states.len(), 2, "the old list holds meanwhile");
        seen.take(Event::InitDone);
        assert_eq!(seen.states.keys().collect::<Vec<_>>(), ["operator"]);
        assert_eq!(seen.states["operator"].since, since);
        seen.take(Event::Apply(deployment(
            "operator",
            1,
            &json!({ "observedGeneration": 2 }),
        )));
        assert_eq!(seen.states["operator"].health(), Health::Unavailable);
        seen.take(Event::Delete(deployment("operator", 1, &ready)));
        assert!(seen.states.is_empty());
    }
}
