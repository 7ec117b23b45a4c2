//! Which cluster this is.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};

/// What the control plane is told of the cluster.
pub struct Cluster {
    pub uid: String,
    pub version: String,
}

/// Why the cluster can't be told.
#[derive(Debug, thiserror::Error)]
pub enum ReadClusterError {
    #[error("reading the namespace kube-system, whose uid is the identity of the cluster")]
    Namespace(#[source] kube::Error),
    #[error("the namespace kube-system has no uid")]
    NoUid,
    #[error("asking the API server for its version")]
    Version(#[source] kube::Error),
}

pub async fn read(client: &Client) -> Result<Cluster, ReadClusterError> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let uid = namespaces
        .get("kube-system")
        .await
        .map_err(ReadClusterError::Namespace)?
        .uid()
        .ok_or(ReadClusterError::NoUid)?;
    let version = client
        .apiserver_version()
        .await
        .map_err(ReadClusterError::Version)?
        .git_version;
    Ok(Cluster { uid, version })
}
