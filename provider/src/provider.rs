//! The provider block: which cloud, how to reach clusters and the control plane, who owns what is made.

use std::{collections::BTreeMap, sync::Arc};

use clouds::{Clouds, account::Region};
use dataplane_api::identity::Cloud;
use framework::{
    AnyDataSource, AnyEphemeralResource, AnyFunction, AnyResource, Diagnostics, Model, Provider,
    Result, Text, Value, path,
};

use crate::{
    aws::AwsModel,
    azure::AzureModel,
    client::Client,
    cluster::{self, Connect},
    data_sources, endpoints, ephemeral, functions,
    gcp::GcpModel,
    ownership::Owner,
    resources, tags,
};

/// The `dataplane` provider.
#[derive(Default)]
pub struct Dataplane {
    given: Option<Given>,
}

struct Given {
    clouds: Clouds,
    clusters: Arc<dyn Connect>,
}

impl Dataplane {
    /// The provider over clouds and clusters that exist already, whatever the configuration's credentials say.
    pub fn over(clouds: Clouds, clusters: Arc<dyn Connect>) -> Self {
        Self {
            given: Some(Given { clouds, clusters }),
        }
    }
}

/// The Dataplane provider puts a data plane into your own cloud account: buckets, roles bound by workload identity,
/// a registry, log groups, secrets, and on your Kubernetes cluster the operator that registers it with the control
/// plane. The resources are the same on AWS, Google Cloud and Azure; which cloud it is, the block `aws`, `gcp` or `azure` says.
///
/// Credentials come from the cloud's own chain (environment, profile, instance or pod identity). Nothing is called
/// until the first resource needs it. Values that are not known while planning are fine: what depends on them is planned
/// as unknown.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ProviderModel {
    /// Mark that everything made by this configuration carries (as the tag `dataplane:owner`, on Google Cloud the label `dataplane-owner`), so that nothing that
    /// belongs to somebody else is ever changed. A lower-case letter, then up to 62 lower-case letters, digits or hyphens.
    #[attr(required)]
    pub owner: Value<Text<Owner>>,
    /// Tags (labels, on Google Cloud) for everything that has tags. A resource's own tags win over these.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// Amazon Web Services, where buckets, roles, registries, log groups and secrets are made. At most one cloud may be configured.
    #[attr(optional)]
    pub aws: Value<AwsModel>,
    /// Google Cloud, where all of these are made. At most one cloud may be configured.
    #[attr(optional)]
    pub gcp: Value<GcpModel>,
    /// Microsoft Azure, where all of these are made. At most one cloud may be configured.
    #[attr(optional)]
    pub azure: Value<AzureModel>,
    /// How to authenticate to clusters where the cloud's own credentials cannot. May come from an ephemeral resource.
    #[attr(optional)]
    pub kubernetes: Value<KubernetesModel>,
    /// The control plane that data planes register with.
    #[attr(optional)]
    pub control_plane: Value<ControlPlaneModel>,
}

/// How to authenticate to clusters where the cloud's own credentials cannot.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct KubernetesModel {
    /// Bearer token.
    #[attr(optional, sensitive)]
    pub token: Value<String>,
    /// Command that prints an `ExecCredential` with a token or a client certificate.
    #[attr(optional)]
    pub exec: Value<ExecModel>,
    /// Certificate authority of the API server, in PEM, where neither the cloud nor the `cluster` argument gives it.
    #[attr(optional)]
    pub ca_certificate: Value<String>,
}

/// Command that prints an `ExecCredential`.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ExecModel {
    /// Version of the `ExecCredential`, for example `client.authentication.k8s.io/v1`.
    #[attr(required)]
    pub api_version: Value<String>,
    /// Program to run.
    #[attr(required)]
    pub command: Value<String>,
    /// Arguments of the program.
    #[attr(optional)]
    pub args: Value<Vec<String>>,
    /// Environment variables of the program, added to those of Terraform.
    #[attr(optional, sensitive)]
    pub env: Value<BTreeMap<String, String>>,
}

/// The control plane that data planes register with.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ControlPlaneModel {
    /// Address of the control plane, for example `https://acme.eu-west-1.example.com`.
    #[attr(required)]
    pub endpoint: Value<String>,
    /// Token that may register data planes.
    #[attr(optional, sensitive)]
    pub token: Value<String>,
}

impl Provider for Dataplane {
    const NAME: &'static str = "dataplane";
    const ADDRESS: &'static str = "registry.terraform.io/dataplane/dataplane";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = ProviderModel;
    type Client = Client;

    fn validate(&self, config: &ProviderModel, diags: &mut Diagnostics) {
        let ProviderModel {
            aws, gcp, azure, ..
        } = config;
        // What is not known yet may turn out null.
        let given = [
            ("aws", aws.is_known()),
            ("gcp", gcp.is_known()),
            ("azure", azure.is_known()),
        ];
        let configured: Vec<_> = given
            .iter()
            .filter(|(_, known)| *known)
            .map(|(name, _)| *name)
            .collect();
        if let [_, second, ..] = configured[..] {
            diags.error_at(
                path!(second),
                "more than one cloud is configured",
                format!(
                    "A provider works in one cloud, and this one has {}. For a second cloud add another provider block with an \
                     `alias`, and choose it in the resources by `provider = dataplane.<alias>`.",
                    configured.join(" and ")
                ),
            );
        }
        if let Some(aws) = aws.known() {
            let services = ("AWS", &clouds_aws::Service::ALL[..]);
            let at = path!("aws", "endpoints");
            endpoints::validate(services, &aws.endpoints, &at, diags);
            if let Some(Err(wrong)) = config.tags.known().map(clouds_aws::check_tags) {
                diags.error_at(path!("tags"), "Invalid value of tags", wrong.to_string());
            }
        }
        if let Some(gcp) = gcp.known() {
            let services = ("Google Cloud", &clouds_gcp::Service::ALL[..]);
            let at = path!("gcp", "endpoints");
            endpoints::validate(services, &gcp.endpoints, &at, diags);
        }
        if let Some(azure) = azure.known() {
            let services = ("Azure", &clouds_azure::Service::ALL[..]);
            let at = path!("azure", "endpoints");
            endpoints::validate(services, &azure.endpoints, &at, diags);
        }
        if let Some(kubernetes) = config.kubernetes.known()
            && kubernetes.token.is_known()
            && kubernetes.exec.is_known()
        {
            diags.error_at(
                path!("kubernetes", "exec"),
                "two ways to authenticate",
                "`kubernetes` has both `token` and `exec`: leave one of them out.",
            );
        }
    }

    async fn configure(&self, config: ProviderModel) -> Result<Option<Client>> {
        let ProviderModel {
            owner,
            tags,
            aws,
            gcp,
            azure,
            kubernetes,
            control_plane,
        } = config;
        if owner.is_unknown() || tags.is_unknown() {
            return Ok(None);
        }
        let block = match (aws, gcp, azure) {
            (Value::Null, Value::Null, Value::Null) => None,
            (Value::Known(aws), ..) => Some(Block::Aws(aws)),
            (_, Value::Known(gcp), _) => Some(Block::Gcp(gcp)),
            (.., Value::Known(azure)) => Some(Block::Azure(azure)),
            _ => return Ok(None),
        };
        let cloud = block.as_ref().map(Block::cloud);
        let region = block.as_ref().and_then(Block::region);
        let clouds = match (block, &self.given) {
            (None, _) => None,
            (Some(_), Some(given)) => Some(given.clouds.clone()),
            (Some(block), None) => match block.connect()? {
                Some(clouds) => Some(clouds),
                None => return Ok(None),
            },
        };
        let clusters = match &self.given {
            Some(given) => Arc::clone(&given.clusters),
            None => cluster::live(cloud.zip(clouds.as_ref()), &kubernetes),
        };
        Ok(Some(Client {
            cloud,
            clouds,
            region,
            clusters,
            control_plane,
            owner: Owner::clone(owner.get()?),
            tags: tags.into_known().unwrap_or_default(),
        }))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Client>>> {
        resources::all()
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Client>>> {
        data_sources::all()
    }

    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource<Client>>> {
        ephemeral::all()
    }

    fn functions(&self) -> Vec<Box<dyn AnyFunction>> {
        functions::all()
    }
}

/// The block of the one cloud that is configured.
enum Block {
    Aws(AwsModel),
    Gcp(GcpModel),
    Azure(AzureModel),
}

impl Block {
    fn cloud(&self) -> Cloud {
        match self {
            Self::Aws(_) => Cloud::Aws,
            Self::Gcp(_) => Cloud::Gcp,
            Self::Azure(_) => Cloud::Azure,
        }
    }

    fn region(&self) -> Option<Region> {
        match self {
            Self::Aws(aws) => aws.region.known().map(|region| Region::clone(region)),
            Self::Gcp(gcp) => gcp.region.known().map(|region| Region::clone(region)),
            Self::Azure(azure) => azure.location.known().map(|at| at.region().clone()),
        }
    }

    /// The cloud, without calling it; none while one of the settings is unknown.
    fn connect(self) -> Result<Option<Clouds>> {
        match self {
            Self::Aws(aws) => aws.connect(),
            Self::Gcp(gcp) => gcp.connect(),
            Self::Azure(azure) => azure.connect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use framework::testing::{Harness, UNKNOWN};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::testing::text;

    async fn configured(config: Json) -> std::result::Result<Harness<Dataplane>, String> {
        let provider = Dataplane::over(
            Memory::default().clouds(),
            Arc::new(cluster::memory::Clusters::default()),
        );
        Harness::try_new(provider, config)
            .await
            .map_err(|said| text(&said))
    }

    #[track_caller]
    fn says(outcome: std::result::Result<Harness<Dataplane>, String>, parts: &[&str]) {
        let said = outcome.map(|_| ()).unwrap_err();
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in: {said}");
        }
    }

    #[tokio::test]
    async fn two_clouds_at_once_are_refused() {
        let config = json!({ "owner": "acme", "aws": { "region": "eu-west-1" }, "gcp": gcp() });
        says(
            configured(config).await,
            &[
                "error at gcp: more than one cloud is configured",
                "this one has aws and gcp",
                "alias",
            ],
        );
    }

    fn gcp() -> Json {
        json!({ "project": "acme-prod", "region": "europe-west4" })
    }

    fn azure() -> Json {
        json!({
            "subscription_id": "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
            "resource_group": "acme-prod",
            "location": "westeurope",
        })
    }

    #[tokio::test]
    async fn each_cloud_is_configured_by_its_block() {
        for (block, settings) in [("gcp", gcp()), ("azure", azure())] {
            let harness = configured(json!({ "owner": "acme", block: settings })).await;
            let harness = harness.unwrap();
            let bucket = harness.resource("dataplane_bucket");
            let planned = bucket.plan_create(json!({ "name": "acme-metadata" })).await;
            assert_eq!(planned.values["tags_all"]["dataplane:owner"], "acme");
        }
    }

    #[tokio::test]
    async fn what_is_misspelt_of_another_cloud_is_named_too() {
        for (block, settings, argument, value, part) in [
            ("gcp", gcp(), "project", json!("Acme"), "PROJECT_ID"),
            ("gcp", gcp(), "project", json!("123456789012"), "PROJECT_ID"),
            ("gcp", gcp(), "region", json!("europe-west4-a"), "is a zone"),
            (
                "gcp",
                gcp(),
                "impersonate_service_account",
                json!("admin@acme.com"),
                "iam.gserviceaccount.com",
            ),
            ("gcp", gcp(), "allowed_projects", json!([]), "no project"),
            (
                "gcp",
                gcp(),
                "endpoints",
                json!({ "s3": "http://localhost" }),
                "container, iam, iamcredentials",
            ),
            (
                "azure",
                azure(),
                "subscription_id",
                json!("Acme production"),
                "az account show",
            ),
            ("azure", azure(), "tenant_id", json!("acme"), "its domains"),
            (
                "azure",
                azure(),
                "resource_group",
                json!("acme prod"),
                "resource group",
            ),
            (
                "azure",
                azure(),
                "location",
                json!("West Europe"),
                "like westeurope",
            ),
            (
                "azure",
                azure(),
                "endpoints",
                json!({ "s3": "http://localhost" }),
                "management, login",
            ),
            (
                "azure",
                azure(),
                "allowed_subscriptions",
                json!([]),
                "no subscription",
            ),
        ] {
            let mut settings = settings;
            settings[argument] = value;
            let at = format!("error at {block}.{argument}");
            says(
                configured(json!({ "owner": "acme", block: settings })).await,
                &[&at, part],
            );
        }
    }

    #[tokio::test]
    async fn what_is_misspelt_is_named_with_what_would_be_right() {
        let aws = |aws: Json| json!({ "owner": "acme", "aws": aws });
        says(
            configured(aws(json!({ "region": "eu-wst-1" }))).await,
            &["error at aws.region", "eu-west-1"],
        );
        let config = json!({ "region": "eu-west-1", "allowed_account_ids": ["12345"] });
        says(
            configured(aws(config)).await,
            &["error at aws.allowed_account_ids", "12 digits"],
        );
        let config = json!({ "region": "eu-west-1", "allowed_account_ids": [] });
        says(
            configured(aws(config)).await,
            &[
                "error at aws.allowed_account_ids",
                "allows no account at all",
            ],
        );
        let config = json!({ "region": "eu-west-1", "endpoints": { "s4": "http://localhost" } });
        says(
            configured(aws(config)).await,
            &[
                "error at aws.endpoints[\"s4\"]",
                "ec2, ecr, eks, iam, logs, s3, secretsmanager, sts",
            ],
        );
        let config = json!({ "region": "eu-west-1", "assume_role": { "role_arn": "admin" } });
        says(
            configured(aws(config)).await,
            &["error at aws.assume_role.role_arn", "arn:aws"],
        );
        for (argument, value, part) in [
            ("duration", json!("13h"), "must be 15m to 12h, not 13h"),
            ("duration", json!("60"), "is not a duration"),
            (
                "source_identity",
                json!("alice smith"),
                "alice@acme.example",
            ),
            ("tags", json!({ "aws:x": "" }), "aws:"),
        ] {
            let mut role = json!({ "role_arn": "arn:aws:iam::123456789012:role/vendor" });
            role[argument] = value;
            let config = json!({ "region": "eu-west-1", "assume_role": role });
            let at = format!("error at aws.assume_role.{argument}");
            says(configured(aws(config)).await, &[&at, part]);
        }
        for owner in ["Acme", "1acme", "acme_prod", "", &"a".repeat(64)] {
            says(
                configured(json!({ "owner": owner })).await,
                &["error at owner", "for example acme-prod"],
            );
        }
        says(
            configured(json!({ "owner": "acme", "tags": { "dataplane:x": "" } })).await,
            &["error at tags", "dataplane:"],
        );
        let config =
            json!({ "owner": "acme", "tags": { "aws:x": "" }, "aws": { "region": "eu-west-1" } });
        says(configured(config).await, &["error at tags", "aws:"]);
    }

    #[tokio::test]
    async fn a_real_cloud_is_guarded_before_anything_is_called() {
        let gke = json!({ "gke": { "project": "acme-prod", "location": "europe-west4", "name": "prod" } });
        let aks = json!({ "aks": { "resource_group": "acme", "name": "prod" } });
        let other = "11111111-2222-3333-4444-555555555555";
        for (block, mut settings, allowed, value, cluster) in [
            ("gcp", gcp(), "allowed_projects", "acme-test", gke),
            ("azure", azure(), "allowed_subscriptions", other, aks),
        ] {
            settings[allowed] = json!([value]);
            let config = json!({ "owner": "acme", block: settings });
            let harness = Harness::new(Dataplane::default(), config).await;
            let source = harness.data_source("dataplane_cluster");
            let read = source.try_read(json!({ "cluster": cluster })).await;
            let said = text(&read.unwrap_err());
            assert!(said.contains(value), "{said}");
        }
    }

    #[tokio::test]
    async fn without_a_cloud_its_resources_say_what_to_add() {
        let harness = configured(json!({ "owner": "acme" })).await.unwrap();
        let bucket = harness.resource("dataplane_bucket");
        let failed = bucket
            .try_create(json!({ "name": "acme-metadata" }))
            .await
            .unwrap_err();
        let said = text(&failed.diagnostics);
        assert!(
            said.contains("no cloud is configured")
                && said.contains("Add `aws = {")
                && said.contains("`gcp = {")
                && said.contains("`azure = {"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn what_is_not_known_yet_stays_unknown() {
        for config in [
            json!({ "owner": "acme", "aws": { "region": UNKNOWN } }),
            json!({ "owner": UNKNOWN, "aws": { "region": "eu-west-1" } }),
            json!({ "owner": "acme", "aws": UNKNOWN }),
            json!({ "owner": "acme", "aws": UNKNOWN, "gcp": UNKNOWN, "azure": UNKNOWN }),
            json!({ "owner": "acme", "tags": { "team": UNKNOWN }, "aws": { "region": "eu-west-1" } }),
        ] {
            let harness = Harness::try_new(Dataplane::default(), config)
                .await
                .map_err(|said| text(&said))
                .unwrap();
            let bucket = harness.resource("dataplane_bucket");
            let planned = bucket.plan_create(json!({ "name": "acme-metadata" })).await;
            assert_eq!(planned.values["tags_all"], UNKNOWN);
        }
    }

    #[tokio::test]
    async fn changed_tags_of_the_provider_are_planned_for_everything() {
        let memory = Memory::default();
        let over = |tags: Json| {
            let provider = Dataplane::over(
                memory.clouds(),
                Arc::new(cluster::memory::Clusters::default()),
            );
            Harness::new(
                provider,
                json!({ "owner": "acme", "tags": tags, "aws": { "region": "eu-west-1" } }),
            )
        };
        let bucket = json!({ "name": "acme-metadata" });
        let before = over(json!({ "team": "ml" })).await;
        let state = before
            .resource("dataplane_bucket")
            .create(bucket.clone())
            .await;
        let after = over(json!({ "team": "data" })).await;
        let subject = after.resource("dataplane_bucket");
        let found = subject.read(&state).await.unwrap();
        let planned = subject.plan(&found, bucket.clone()).await;
        assert_eq!(planned.values["tags_all"]["team"], "data");
        let state = subject.apply(&planned, bucket.clone()).await;
        subject.settled(&state, bucket).await;
    }
}
