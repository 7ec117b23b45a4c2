//! A test's own place: emulators and, where asked for, a cluster that no other test shares, and Terraform's way to them.

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::{Cluster, Kubectl, Needs},
    issuer::Issuer,
    terraform::Terraform,
};
use anyhow::{Context as _, Result};

use crate::private::Network;

/// The owner mark of the tests.
pub const OWNER: &str = "acceptance";

/// Names in examples are fixed, so each test has emulators of its own: half a second each.
pub struct Bench {
    pub account: Account,
    pub front: Front,
    cluster: Option<Cluster>,
    variables: Vec<(&'static str, String)>,
    _emulators: Emulators,
    _directory: tempfile::TempDir,
}

impl Bench {
    pub fn aws() -> Result<Self> {
        let directory = acceptance::setup::scratch()?;
        let emulators = Emulators::start_in(directory.path())?;
        let front = Front::start(&emulators)?;
        Ok(Self {
            account: Account::new(&front),
            front,
            cluster: None,
            variables: Vec::new(),
            _emulators: emulators,
            _directory: directory,
        })
    }

    /// With a network, something to publish in it, and a service of somebody else who lets in.
    pub fn connected() -> Result<Self> {
        let bench = Self::aws()?;
        let (account, network) = (&bench.account, Network::make(&bench.account)?);
        let balancer = network.balancer(account, "api")?;
        let given = serde_json::json!({
            "id": network.vpc, "subnet_ids": network.subnets, "endpoint_security_group_id": network.groups[0],
        });
        let variables = vec![
            ("load_balancer", balancer),
            ("service_name", account.ec2().offer(false, &[])?),
            ("network", given.to_string()),
        ];
        Ok(Self { variables, ..bench })
    }

    /// With a cluster that has what is needed, perhaps the user's.
    pub fn with_cluster(needs: Needs) -> Result<Self> {
        Self::trusting(Cluster::exclusive(needs)?)
    }

    /// With a cluster of our own, for tests that stop its API server.
    pub fn with_own_cluster() -> Result<Self> {
        Self::trusting(Cluster::start()?)
    }

    fn trusting(cluster: Cluster) -> Result<Self> {
        let bench = Self::aws()?;
        bench.front.trust(Issuer::of(&cluster)?);
        Ok(bench.with(cluster))
    }

    pub fn with(self, cluster: Cluster) -> Self {
        Self {
            cluster: Some(cluster),
            ..self
        }
    }

    pub fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("this test has no cluster")
    }

    pub fn kubectl(&self) -> Result<Kubectl> {
        self.cluster()?.kubectl()
    }

    /// A copy of an example of one resource, with the provider block that such an example leaves out.
    pub fn example(&self, path: &str) -> Result<Terraform> {
        self.prepared(Terraform::example(path)?)
    }

    /// A configuration of the test's own, with a provider block.
    pub fn configuration(&self, text: &str) -> Result<Terraform> {
        let terraform = self.prepared(Terraform::new()?)?;
        terraform.write("main.tf", text)?;
        Ok(terraform)
    }

    fn prepared(&self, terraform: Terraform) -> Result<Terraform> {
        let mut terraform = terraform.with(self.account.environment());
        for (name, value) in &self.variables {
            terraform = terraform.variable(name, value);
        }
        if let Some(cluster) = &self.cluster {
            let kubeconfig = cluster.kubeconfig().display().to_string();
            terraform = terraform.variable("kubeconfig", &kubeconfig);
        }
        terraform.write("provider.tf", &self.provider(""))?;
        Ok(terraform)
    }

    /// The provider's configuration, with further arguments of `aws`.
    pub fn provider(&self, aws: &str) -> String {
        let endpoints: Vec<String> = ["ecr", "eks", "iam", "logs", "s3", "secretsmanager", "sts"]
            .iter()
            .map(|service| format!("      {service} = \"{}\"", self.account.endpoint))
            .collect();
        format!(
            "terraform {{
  required_providers {{
    dataplane = {{ source = \"dataplane/dataplane\" }}
  }}
}}

provider \"dataplane\" {{
  owner = \"{OWNER}\"
  aws = {{
    region = \"{}\"
    endpoints = {{
{}
    }}
    {aws}
  }}
}}
",
            self.account.region,
            endpoints.join("\n"),
        )
    }
}
