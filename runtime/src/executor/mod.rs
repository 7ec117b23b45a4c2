//! Mode `executor`: runs the actions of Flyte 2 as pods.
//!
//! One of the pods leads and does all the work. What it knows is in the cluster: the status of each action, and its pods.

mod action;
mod cache;
mod collect;
mod condition;
mod decide;
mod events;
#[cfg(test)]
mod example;
mod failure;
#[cfg(test)]
mod fake_api_server;
#[cfg(test)]
mod interleavings;
mod kept;
mod kubernetes;
mod labels;
mod leader;
mod memory;
mod metrics;
mod observe;
mod outcome;
mod ownership;
mod pod;
mod reconcile;
mod recovered;
mod resource;
mod results;
mod running_time;
mod settings;
mod state;
mod subject;
mod template;
mod transition;
mod watch;
mod work_queue;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use dataplane_api::{OperatorConfig, task_action::TaskAction};
use dataplane_proto::flyteidl2::workflow::ActionEvent;
use dataplane_store::{Environment, Store};
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Client, api::ListParams};
use tracing::warn;

use crate::{
    backoff::Backoff,
    channel::{self, TokenFile},
    lease::Election,
    process::{Shared, chain},
};
use cache::Cache;
use events::{EventMetrics, Events};
use leader::Leader;
use metrics::Metrics;
use reconcile::Sink;
use results::Results;
use settings::Settings;
use transition::Transition;
use watch::Scope;

/// The component whose Lease is held.
const COMPONENT: &str = "executor";
/// Bytes of objects that are held at once. Hundreds of tasks may end together, each with an error as long as one may be.
const OBJECTS: u32 = 64 << 20;

/// What the pod is given besides the configuration.
pub struct Pod {
    /// File with the token for the control plane.
    pub token: PathBuf,
    pub name: String,
    pub environment: Environment,
}

/// Runs until it is asked to stop.
pub async fn run(config: OperatorConfig, pod: Pod, shared: Shared) -> anyhow::Result<()> {
    let executor = config
        .components
        .executor
        .clone()
        .context("components.executor is not in the configuration")?;
    let endpoint = channel::connect_to(&config.control_plane)?;
    let store = Store::open(&config.storage, &pod.environment)?.with_memory(OBJECTS);
    let client = Client::try_default()
        .await
        .context("finding the Kubernetes API server")?;
    let registry = shared.metrics.registry();
    let metrics = Arc::new(Metrics::new(registry)?);
    let (channel, token) = (endpoint.connect_lazy(), TokenFile::new(pod.token));
    let metrics_of_events = EventMetrics::new(registry)?;
    let election = Election::new(
        Api::namespaced(client.clone(), config.namespace.as_str()),
        COMPONENT,
        pod.name,
    );
    let events = Events::start(
        channel.clone(),
        token.clone(),
        metrics_of_events,
        election.trust(),
        shared.stop.clone(),
    );
    let cache = Cache::new(channel, token, events.reachable());
    let settings = Arc::new(Settings::new(&config, executor));
    if !reads_actions(&client, &settings, &shared).await {
        return Ok(());
    }
    shared.readiness.ready();
    let leader = Leader {
        client,
        settings: Arc::clone(&settings),
        reachable: events.reachable(),
        sink: ControlPlane { events, settings },
        objects: Results::new(store, cache),
        metrics,
        trust: election.trust(),
    };
    election
        .lead(&shared.stop, |stop| Box::pin(leader.clone().work(stop)))
        .await;
    Ok(())
}

/// Waits until actions can be read: their definition is there, and this pod may. False when it is asked to stop before.
async fn reads_actions(client: &Client, settings: &Settings, shared: &Shared) -> bool {
    shared
        .readiness
        .not_ready("the TaskActions have not been read yet");
    let mut backoff = Backoff::default();
    let scopes = leader::scopes(&settings.executor);
    while let Err(error) = can_read(client, &scopes).await {
        warn!(
            error = chain(&error),
            "TaskActions can't be read yet, will try again"
        );
        if backoff.wait(&shared.stop).await.is_none() {
            return false;
        }
    }
    true
}

/// Whether actions can be read anywhere; a namespace that may not be read, or is gone, holds up no other.
async fn can_read(client: &Client, scopes: &[Scope]) -> kube::Result<()> {
    let one = ListParams::default().limit(1);
    let mut read = Ok(());
    for scope in scopes {
        let api: Api<TaskAction> = match scope {
            Some(namespace) => Api::namespaced(client.clone(), namespace),
            None => Api::all(client.clone()),
        };
        read = api.list_metadata(&one).await.map(drop);
        if read.is_ok() {
            break;
        }
    }
    read
}

/// The control plane, as the reconciler sees it.
#[derive(Clone)]
struct ControlPlane {
    events: Events,
    settings: Arc<Settings>,
}

impl Sink for ControlPlane {
    fn event(&self, transition: &Transition) -> ActionEvent {
        events::event(transition, &self.settings, Timestamp::now())
    }

    async fn deliver(&self, events: Vec<ActionEvent>) -> bool {
        // Why it is away is told where that is noticed, once and not for every action.
        self.events.deliver(events).await.is_ok()
    }

    fn away_for(&self) -> Option<Duration> {
        self.events.away_for()
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;
    use tower::BoxError;

    use super::*;

    /// A client that may read the namespace `free` only.
    fn client() -> Client {
        let service = tower::service_fn(|request: Request<Body>| async move {
            let (status, answer) = if request.uri().path().contains("/namespaces/free/") {
                let list = json!({ "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": [] });
                (200, list)
            } else {
                let status = json!({ "kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": "no" });
                (403, status)
            };
            let response = Response::builder()
                .status(status)
                .body(Body::from(answer.to_string().into_bytes()))?;
            Ok::<_, BoxError>(response)
        });
        Client::new(service, "default")
    }

    #[tokio::test]
    async fn a_namespace_that_may_not_be_read_holds_up_no_other() {
        let scope = |namespace: &str| Some(namespace.into());
        let client = client();
        let scopes = [scope("gone"), scope("free"), scope("forbidden")];
        can_read(&client, &scopes).await.unwrap();
        can_read(&client, &scopes[2..]).await.unwrap_err();
        can_read(&client, &[None]).await.unwrap_err();
    }
}
