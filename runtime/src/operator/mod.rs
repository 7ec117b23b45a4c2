//! Mode `operator`: the channel to the control plane, fed with the state of the components.

mod cluster;
mod components;

use std::path::PathBuf;

use anyhow::Context as _;
use dataplane_api::OperatorConfig;
use dataplane_proto::dataplane::v1::{ClusterIdentity, RegisterRequest};
use kube::{Api, Client};
use tokio::sync::watch;
use tracing::warn;

use crate::{
    backoff::Backoff,
    channel::{self, Channel, TokenFile},
    lease::Election,
    process::{Shared, chain},
};

/// The component whose Lease is held.
const COMPONENT: &str = "operator";

/// Runs until it is asked to stop.
pub async fn run(
    config: OperatorConfig,
    token: PathBuf,
    pod_name: String,
    shared: Shared,
) -> anyhow::Result<()> {
    // What is wrong with the configuration ends the process at once, instead of leaving it up without its channel.
    let endpoint = channel::connect_to(&config.control_plane)?;
    let client = Client::try_default()
        .await
        .context("finding the Kubernetes API server")?;
    let (report, states) = watch::channel(None);
    let watching = components::watch(client.clone(), &config, report, &shared);
    let election = Election::new(
        Api::namespaced(client.clone(), config.namespace.as_str()),
        COMPONENT,
        pod_name,
    );
    // Only one of the pods: the control plane knows the cluster, not its pods.
    let connecting = election.lead(&shared.stop, |stop| {
        let shared = Shared {
            stop,
            ..shared.clone()
        };
        let (client, config, states) = (&client, &config, states.clone());
        let (endpoint, token) = (endpoint.clone(), TokenFile::new(token.clone()));
        // The largest part of what this mode is: on the heap, and only while it leads.
        Box::pin(async move {
            let Some(registration) =
                register_request(client, config, states.clone(), &shared).await
            else {
                return;
            };
            let channel = Channel {
                endpoint,
                token,
                registration,
                states,
                metrics: shared.metrics,
                stop: shared.stop,
            };
            channel.run(Backoff::default()).await;
        })
    });
    tokio::join!(watching, connecting);
    Ok(())
}

/// Who this is. None when the process is asked to stop before the API server has told.
async fn register_request(
    client: &Client,
    config: &OperatorConfig,
    mut states: watch::Receiver<channel::States>,
    shared: &Shared,
) -> Option<RegisterRequest> {
    let mut backoff = Backoff::default();
    let cluster = loop {
        match cluster::read(client).await {
            Ok(cluster) => break cluster,
            Err(error) => warn!(error = chain(&error), "not registered yet, will try again"),
        }
        backoff.wait(&shared.stop).await?;
    };
    // The first list of components makes the registration complete.
    tokio::select! {
        changed = states.wait_for(Option::is_some) => { changed.ok()?; }
        () = shared.stop.cancelled() => return None,
    }
    let components = states
        .borrow()
        .iter()
        .flatten()
        .map(|status| status.name.clone())
        .collect();
    Some(RegisterRequest {
        cluster: Some(ClusterIdentity {
            organization: config.organization.to_string(),
            cluster_name: config.cluster_name.to_string(),
            cluster_uid: cluster.uid,
        }),
        operator_version: env!("CARGO_PKG_VERSION").to_owned(),
        kubernetes_version: cluster.version,
        components,
        labels: config
            .labels
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
    })
}
