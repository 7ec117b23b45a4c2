//! `dataplane_cluster`: where a cluster's API is, whose tokens it issues, and its network.

use clouds::{
    clusters::{ClusterId, ClusterStatus},
    error::Error,
};
use framework::{Context, DataSource, Diagnostic, Diagnostics, Model, Result, Value, path};

use crate::{
    client::Client,
    cluster::{ClusterModel, Coordinates},
};

/// The data source.
pub struct Cluster;

/// A Kubernetes cluster: where its API is, the issuer of its service accounts' tokens (for `dataplane_identity_provider`), its version and
/// its network. A cluster of EKS, GKE or AKS is looked up at its cloud, so its API need not be reachable unless a `private_endpoint` is given;
/// others are asked themselves.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ClusterDataModel {
    /// The cluster.
    #[attr(required)]
    pub cluster: Value<ClusterModel>,
    /// The cloud's full name of the cluster: its ARN, its resource name or its resource id; null where no cloud was asked.
    #[attr(computed)]
    pub id: Value<String>,
    /// Address of its API.
    #[attr(computed)]
    pub endpoint: Value<String>,
    /// Certificate authority of its API, in PEM; null where no cloud was asked, and where its certificate is one that every machine trusts.
    #[attr(computed)]
    pub ca_certificate: Value<String>,
    /// Issuer of the tokens of its service accounts; null where no cloud was asked.
    #[attr(computed)]
    pub issuer: Value<String>,
    /// Version of Kubernetes.
    #[attr(computed)]
    pub version: Value<String>,
    /// Uid of its kube-system namespace; null where its cloud was asked, and not its API. By a `private_endpoint` its API is asked too.
    #[attr(computed)]
    pub cluster_uid: Value<String>,
    /// Its network; null where no cloud was asked.
    #[attr(computed)]
    pub network: Value<NetworkModel>,
}

/// The network of a cluster.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct NetworkModel {
    /// Id of the VPC, network or virtual network.
    #[attr(computed)]
    pub id: Value<String>,
    /// Its subnets; on AWS those of the control plane's interfaces.
    #[attr(computed)]
    pub subnets: Value<Vec<String>>,
    /// Security groups, the cluster's own first. AWS only.
    #[attr(computed)]
    pub security_groups: Value<Vec<String>>,
    /// Address ranges of services, in CIDR notation.
    #[attr(computed)]
    pub service_ranges: Value<Vec<String>>,
    /// Whether the API answers on a public address.
    #[attr(computed)]
    pub public_endpoint: Value<bool>,
    /// Whether the API answers inside the network.
    #[attr(computed)]
    pub private_endpoint: Value<bool>,
}

impl DataSource for Cluster {
    const NAME: &'static str = "dataplane_cluster";
    type Client = Client;
    type Model = ClusterDataModel;

    fn validate(&self, config: &ClusterDataModel, diagnostics: &mut Diagnostics) {
        ClusterModel::validate(&config.cluster, &path!("cluster"), diagnostics);
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        config: ClusterDataModel,
    ) -> Result<ClusterDataModel> {
        let client = cx.client()?;
        if let Some(Coordinates::Cloud(id, route)) = ClusterModel::coordinates(&config.cluster) {
            let found = described(client, config, &id).await?;
            if route.is_none() {
                return Ok(found);
            }
            // Who gives a private endpoint wants to know whether the way is open.
            let connected = ClusterModel::open_same(client, &found.cluster, None).await?;
            return Ok(ClusterDataModel {
                cluster_uid: connected.uid.into(),
                ..found
            });
        }
        let connected = ClusterModel::open_same(client, &config.cluster, None).await?;
        Ok(ClusterDataModel {
            endpoint: connected.objects.host().into(),
            version: connected.objects.version().await?.into(),
            cluster_uid: connected.uid.into(),
            ..config
        })
    }
}

async fn described(
    client: &Client,
    config: ClusterDataModel,
    id: &ClusterId,
) -> Result<ClusterDataModel> {
    let cluster = match client.clouds_of(id)?.clusters.describe(id).await {
        Err(Error::NotFound(_)) => return Err(missing(id).into()),
        described => described?,
    };
    if cluster.status != ClusterStatus::Active {
        tracing::warn!(status = ?cluster.status, "the cluster is not active: what is not known yet is null");
    }
    let network = cluster.network;
    Ok(ClusterDataModel {
        id: cluster.id.into(),
        endpoint: cluster.endpoint.into(),
        ca_certificate: cluster.ca_certificate.into(),
        issuer: cluster.issuer.as_deref().map(str::to_owned).into(),
        version: cluster.version.into(),
        network: NetworkModel {
            id: network.network.into(),
            subnets: network.subnets.into(),
            security_groups: network.security_groups.into(),
            service_ranges: network.service_ranges.into(),
            public_endpoint: network.public_endpoint.into(),
            private_endpoint: network.private_endpoint.into(),
        }
        .into(),
        ..config
    })
}

fn missing(id: &ClusterId) -> Diagnostic {
    let (what, check, argument) = match id {
        ClusterId::Eks { name, region } => (
            match region {
                Some(region) => format!("EKS cluster {name} in {region}"),
                None => format!("EKS cluster {name}"),
            },
            "the name and the region, and that the provider's credentials are of the account that has it",
            "eks",
        ),
        ClusterId::Gke {
            project,
            location,
            name,
        } => (
            format!("GKE cluster {name} in {location} of the project {project}"),
            "the name and the location, which is the zone of a zonal cluster, and the project",
            "gke",
        ),
        ClusterId::Aks {
            resource_group,
            name,
        } => (
            format!("AKS cluster {name} in the resource group {resource_group}"),
            "the name and the resource group, and that the cluster is in the provider's subscription",
            "aks",
        ),
    };
    Diagnostic::error(format!("there is no {what}"), format!("Check {check}."))
        .at(path!("cluster", argument))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clouds::{
        clusters::{Cluster as Found, ClusterNetwork},
        memory::Memory,
    };
    use framework::testing::Harness;
    use serde_json::json;

    use super::*;
    use crate::{cluster::memory, provider::Dataplane};

    #[tokio::test]
    async fn a_cloud_s_cluster_is_looked_up_and_others_are_asked() {
        let clouds = Memory::default();
        let id = ClusterId::Eks {
            name: "prod".parse().unwrap(),
            region: Some("eu-west-1".parse().unwrap()),
        };
        clouds.change(|world| {
            world.clusters.insert(
                id.clone(),
                Found {
                    id: "arn:aws:eks:eu-west-1:123456789012:cluster/prod".to_owned(),
                    status: ClusterStatus::Active,
                    endpoint: Some("https://eks.example".to_owned()),
                    ca_certificate: Some("pem".to_owned()),
                    beside: None,
                    issuer: Some("https://oidc.example/id/1".parse().unwrap()),
                    version: Some("1.36".to_owned()),
                    network: ClusterNetwork::default(),
                },
            );
        });
        let clusters = memory::Clusters::of(
            "kubeconfig//nonexistent#a".parse().unwrap(),
            Arc::new(memory::Cluster::default()),
        );
        clusters.put(
            "eks/eu-west-1/prod@10.1.0.4:6443".parse().unwrap(),
            Some(Arc::new(memory::Cluster::default())),
        );
        let config = json!({ "owner": "acme", "aws": { "region": "eu-west-1" } });
        let harness = Harness::new(Dataplane::over(clouds.clouds(), clusters), config).await;
        let source = harness.data_source("dataplane_cluster");
        let read = |cluster| source.try_read(json!({ "cluster": cluster }));
        let found = read(json!({ "eks": { "name": "prod", "region": "eu-west-1" } }))
            .await
            .unwrap();
        assert_eq!(
            (&found["issuer"], &found["version"]),
            (&json!("https://oidc.example/id/1"), &json!("1.36"))
        );
        assert_eq!(found["cluster_uid"], json!(null));
        let by = |host: &str| {
            json!({
                "eks": { "name": "prod", "region": "eu-west-1" },
                "private_endpoint": { "host": host },
            })
        };
        let found = read(by("https://10.1.0.4:6443")).await.unwrap();
        assert_eq!(
            (&found["endpoint"], &found["cluster_uid"]),
            (&json!("https://eks.example"), &json!("5f0c0f4e-0001"))
        );
        let closed = read(by("https://10.1.0.5")).await.unwrap_err();
        assert!(
            closed[0]
                .to_string()
                .contains("eks/eu-west-1/prod@10.1.0.5"),
            "{closed:?}"
        );
        let found = read(json!({ "kubeconfig": { "path": "/nonexistent", "context": "a" } }))
            .await
            .unwrap();
        assert_eq!(
            (&found["version"], &found["cluster_uid"]),
            (&json!("v1.36.2"), &json!("5f0c0f4e-0001"))
        );
        let missing = read(json!({ "eks": { "name": "dev", "region": "eu-west-1" } }))
            .await
            .unwrap_err();
        assert!(
            missing[0]
                .to_string()
                .contains("no EKS cluster dev in eu-west-1"),
            "{missing:?}"
        );
    }

    #[tokio::test]
    async fn clusters_of_every_cloud_are_looked_up_by_their_own_provider() {
        let blocks = [
            (
                "gcp",
                json!({ "project": "acme-prod", "region": "europe-west4" }),
                "gke/acme-prod/europe-west4/prod",
                json!({ "gke": { "project": "acme-prod", "location": "europe-west4", "name": "prod" } }),
                "the project acme-prod",
            ),
            (
                "azure",
                json!({
                    "subscription_id": "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
                    "resource_group": "acme",
                    "location": "westeurope",
                }),
                "aks/acme/prod",
                json!({ "aks": { "resource_group": "acme", "name": "prod" } }),
                "the resource group acme",
            ),
        ];
        for (block, settings, coordinates, cluster, place) in blocks {
            let clouds = Memory::default();
            let over = Dataplane::over(clouds.clouds(), Arc::new(memory::Clusters::default()));
            let config = json!({ "owner": "acme", block: settings });
            let harness = Harness::new(over, config).await;
            let source = harness.data_source("dataplane_cluster");
            let read = |cluster: &serde_json::Value| source.try_read(json!({ "cluster": cluster }));
            let missing = read(&cluster).await.unwrap_err();
            assert!(missing[0].to_string().contains(place), "{missing:?}");
            let Ok(Coordinates::Cloud(id, None)) = coordinates.parse() else {
                panic!("{coordinates}");
            };
            clouds.change(|world| {
                let found = Found {
                    id: coordinates.to_owned(),
                    status: ClusterStatus::Active,
                    endpoint: Some("https://gke-1.europe-west4.gke.goog".to_owned()),
                    ca_certificate: None,
                    beside: None,
                    issuer: Some("https://issuer.example".to_owned()),
                    version: Some("1.36".to_owned()),
                    network: ClusterNetwork::default(),
                };
                world.clusters.insert(id, found);
            });
            let found = read(&cluster).await.unwrap();
            assert_eq!(
                (&found["issuer"], &found["ca_certificate"]),
                (&json!("https://issuer.example"), &json!(null))
            );
            let other = json!({ "eks": { "name": "prod", "region": "eu-west-1" } });
            let said = read(&other).await.unwrap_err();
            assert!(
                said[0]
                    .to_string()
                    .contains("the provider has no `aws` argument"),
                "{said:?}"
            );
        }
    }
}
