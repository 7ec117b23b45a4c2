//! Mode `operator`: the channel to the control plane, fed with the state of the components.

mod cluster;
mod components;

use std::path::PathBuf;

use anyhow::Context as _;
use dataplane_api::OperatorConfig;
use dataplane_proto::dataplane::v1::{ClusterIdentity, RegisterRequest};
use kube::Client;
use tokio::sync::watch;
use tracing::warn;

use crate::{
    channel::{self, Backoff, Channel, TokenFile},
    process::{Shared, chain},
};

/// Runs until it is asked to stop.
pub async fn run(config: OperatorConfig, token: PathBuf, shared: Shared) -> anyhow::Result<()> {
    // What is wrong with the configuration ends the process at once, instead of leaving it up without its channel.
    let endpoint = channel::connect_to(&config.control_plane)?;
    let client = Client::try_default()
        .await
        .context("finding the Kubernetes API server")?;
    let (report, states) = watch::channel(None);
    let watching = components::watch(client.clone(), &config, report, &shared);
    let connecting = async {
        let Some(registration) = register_request(&client, &config, states.clone(), &shared).await
        else {
            return;
        };
        let channel = Channel {
            endpoint,
            token: TokenFile::new(token),
            registration,
            states,
            metrics: shared.metrics.clone(),
            stop: shared.stop.clone(),
        };
        channel.run(Backoff::default()).await;
    };
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{admin::Readiness, metrics::Metrics};

    const DOCUMENT: &str = "
organization: acme
cluster_name: acme-prod
image: registry.example/dataplane/operator:v0.1.0
control_plane:
  endpoint: https://acme.eu-west-1.example
  ca_certificate: |
    -----BEGIN CERTIFICATE-----
    !
    -----END CERTIFICATE-----
storage:
  metadata: s3://acme-metadata
  fast_registration: s3://acme-bundles
";

    #[tokio::test]
    async fn a_certificate_that_is_none_ends_the_process() {
        // As the process does before it runs a mode.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = OperatorConfig::parse(DOCUMENT).unwrap();
        let shared = Shared {
            stop: CancellationToken::new(),
            readiness: Readiness::default(),
            metrics: Arc::new(Metrics::new().unwrap()),
        };
        let error = run(config, PathBuf::new(), shared).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains("control_plane.ca_certificate"), "{said}");
        assert!(
            error.is::<channel::BadEndpointError>(),
            "the exit code depends on it"
        );
    }
}
