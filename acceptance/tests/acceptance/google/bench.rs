//! A test's own place on Google Cloud: a stand-in and a project in it, and Terraform's way to them.

use acceptance::{
    cluster::{Cluster, Kubectl},
    google::{Caller, Google, Project, Refused},
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::private;
use crate::bench::OWNER;

/// The project of the examples.
pub const PROJECT: &str = "acme-prod-123456";

/// The region of the examples, and their cluster's location.
pub const REGION: &str = "europe-west4";

/// The services that the provider calls.
const SERVICES: [&str; 10] = [
    "artifactregistry",
    "cloudresourcemanager",
    "compute",
    "container",
    "iam",
    "iamcredentials",
    "logging",
    "oauth2",
    "secretmanager",
    "storage",
];

/// Names in examples are fixed, and those of buckets everybody's, so each test has a stand-in of its own.
pub struct Bench {
    pub project: Project,
    /// Whose service an endpoint leads to.
    other: Option<Project>,
    cluster: Option<Cluster>,
    /// Ends last: a project asks it for violations when it is dropped.
    google: Google,
}

impl Bench {
    /// A project that has a cluster on GKE by its record, so that its workload identity pool is there.
    pub fn google() -> Result<Self> {
        let bench = Self::empty()?;
        bench.project.register_gke_cluster(REGION, "prod")?;
        Ok(bench)
    }

    /// With a cluster that GKE knows as `prod`. It is always one of ours, as its API server has to ask Google who a token is.
    pub fn on_gke() -> Result<Self> {
        let bench = Self::empty()?;
        let cluster = Cluster::start_on(bench.project.gke_site(REGION, "prod"))?;
        bench.project.host_on_gke(REGION, "prod", &cluster)?;
        Ok(Self {
            cluster: Some(cluster),
            ..bench
        })
    }

    fn empty() -> Result<Self> {
        let google = Google::start()?;
        Ok(Self {
            project: Project::named(&google, PROJECT)?,
            other: None,
            cluster: None,
            google,
        })
    }

    /// With a network, and somebody else's service that lets in everybody.
    pub fn connected() -> Result<Self> {
        let bench = Self::empty()?;
        let other = bench.another_project()?;
        private::network(&bench.project)?;
        private::network(&other)?;
        private::publish(&other, "api", "ACCEPT_AUTOMATIC")?;
        Ok(Self {
            other: Some(other),
            ..bench
        })
    }

    /// The service of somebody else that lets in everybody.
    pub fn offered(&self) -> Result<String> {
        let other = self.other.as_ref().context("nobody offers a service")?;
        Ok(private::service_name(other, "api"))
    }

    /// Somebody else's project.
    pub fn another_project(&self) -> Result<Project> {
        Project::new(&self.google)
    }

    /// Lets Google see the keys of a cluster that is not its own.
    pub fn trust(&self, cluster: &Cluster) -> Result<()> {
        self.google.trust(cluster)
    }

    /// Says how late it is for tokens and conditions: `2026-03-01T08:00:00Z`.
    pub fn set_clock(&self, now: &str) -> Result<()> {
        self.google.set_clock(now)
    }

    /// A token of an issuer that is the test's own.
    pub fn token(&self, issuer: &str, claims: &Value) -> Result<String> {
        self.google.token(issuer, claims)
    }

    pub fn owner(&self) -> &Caller {
        self.project.owner()
    }

    pub fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("this test has no cluster")
    }

    pub fn kubectl(&self) -> Result<Kubectl> {
        self.cluster()?.kubectl()
    }

    /// A call of the owner's by Google's clients.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "parameters are written where they are given"
    )]
    pub fn call(&self, service: &str, method: &str, parameters: Value) -> Result<Value> {
        self.owner().call(service, method, &parameters)
    }

    /// Whether such a call finds what it names.
    pub fn finds(&self, service: &str, method: &str, parameters: Value) -> Result<bool> {
        match self.call(service, method, parameters) {
            Ok(_) => Ok(true),
            Err(error) => match error.downcast_ref::<Refused>() {
                Some(refused) if refused.code == 404 => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// Name and marks (labels, or the description of what has none) of all that such a call lists and that is not deleted.
    pub fn list(&self, kind: &Listed) -> Result<Vec<(String, String)>> {
        let Listed {
            service,
            method,
            parent,
            regional,
            items,
            name,
        } = kind;
        let (parameter, parent) = parent;
        let parent = parent.replace("PROJECT", PROJECT).replace("REGION", REGION);
        let mut parameters = json!({ *parameter: parent });
        if *regional {
            parameters["region"] = REGION.into();
        }
        let answer = self.call(service, method, parameters)?;
        let all = answer[*items].as_array().into_iter().flatten();
        all.filter(|item| {
            item["lifecycleState"] != "DELETE_REQUESTED"
                && item["state"] != "DELETED"
                && item["loadBalancingScheme"] != "INTERNAL"
        })
        .map(|item| {
            let name = item[*name]
                .as_str()
                .with_context(|| format!("no {name}: {item}"))?;
            let marks = format!("{}{}", item["labels"], item["description"]);
            Ok((name.to_owned(), marks.replace(':', "-")))
        })
        .collect()
    }

    /// All that a data plane could leave in the cloud, with its marks.
    pub fn inventory(&self) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for kind in &LISTED {
            found.extend(self.list(kind)?);
        }
        Ok(found)
    }

    /// A copy of an example of one resource, with the provider block that such an example leaves out.
    pub fn example(&self, path: &str) -> Result<Terraform> {
        self.example_as(self.owner(), path)
    }

    /// The same, run by somebody else.
    pub fn example_as(&self, caller: &Caller, path: &str) -> Result<Terraform> {
        self.prepared(Terraform::example(path)?, caller)
    }

    /// An initialised configuration of the test's own, with a provider block.
    pub fn configuration(&self, text: &str) -> Result<Terraform> {
        self.configuration_as(self.owner(), text)
    }

    /// The same, run by somebody else.
    pub fn configuration_as(&self, caller: &Caller, text: &str) -> Result<Terraform> {
        let terraform = self.prepared(Terraform::new()?, caller)?;
        terraform.write("main.tf", text)?;
        terraform.init()?;
        Ok(terraform)
    }

    fn prepared(&self, terraform: Terraform, caller: &Caller) -> Result<Terraform> {
        let terraform = terraform.with(caller.environment());
        terraform.write("provider.tf", &self.provider(""))?;
        let here =
            |kind: &str, name: &str| format!("projects/{PROJECT}/regions/{REGION}/{kind}/{name}");
        let network = json!({ "id": format!("projects/{PROJECT}/global/networks/main"), "subnet_id": here("subnetworks", "one") });
        let service = self
            .other
            .as_ref()
            .map(|other| private::service_name(other, "api"));
        // Variables of the examples of private connectivity; others have none of these names.
        Ok(terraform
            .variable("forwarding_rule", &here("forwardingRules", "one"))
            .variable("nat_subnet", &here("subnetworks", "nat"))
            .variable("network", &network.to_string())
            .variable("service_name", &service.unwrap_or_default()))
    }

    /// The provider's configuration, with further arguments of `gcp`.
    pub fn provider(&self, gcp: &str) -> String {
        provider_of(self.owner(), gcp)
    }
}

/// The provider's configuration for a caller's project, with further arguments of `gcp`.
pub fn provider_of(caller: &Caller, gcp: &str) -> String {
    format!(
        "terraform {{
  required_providers {{
    dataplane = {{ source = \"dataplane/dataplane\" }}
  }}
}}

provider \"dataplane\" {{
  owner = \"{OWNER}\"
  gcp = {{
    project = \"{}\"
    region  = \"{REGION}\"
    endpoints = {}
    {gcp}
  }}
}}
",
        caller.project,
        endpoints_of(caller),
    )
}

/// The provider's `endpoints`.
pub fn endpoints_of(caller: &Caller) -> Value {
    let of = |service: &&str| ((*service).to_owned(), caller.endpoint_of(service).into());
    Value::Object(SERVICES.iter().map(of).collect())
}

/// How a kind of object is listed by Google's clients.
pub struct Listed {
    service: &'static str,
    method: &'static str,
    /// The parameter that says where, and its value.
    parent: (&'static str, &'static str),
    /// Whether it takes the region as a parameter of its own.
    regional: bool,
    items: &'static str,
    name: &'static str,
}

const LISTED: [Listed; 11] = [
    Listed {
        service: "storage.v1",
        method: "buckets.list",
        parent: ("project", "PROJECT"),
        regional: false,
        items: "items",
        name: "name",
    },
    Listed {
        service: "iam.v1",
        method: "projects.locations.workloadIdentityPools.list",
        parent: ("parent", "projects/PROJECT/locations/global"),
        regional: false,
        items: "workloadIdentityPools",
        name: "name",
    },
    Listed {
        service: "logging.v2",
        method: "projects.locations.buckets.list",
        parent: ("parent", "projects/PROJECT/locations/REGION"),
        regional: false,
        items: "buckets",
        name: "name",
    },
    Listed {
        service: "artifactregistry.v1",
        method: "projects.locations.repositories.list",
        parent: ("parent", "projects/PROJECT/locations/REGION"),
        regional: false,
        items: "repositories",
        name: "name",
    },
    Listed {
        service: "iam.v1",
        method: "projects.serviceAccounts.list",
        parent: ("name", "projects/PROJECT"),
        regional: false,
        items: "accounts",
        name: "email",
    },
    Listed {
        service: "secretmanager.v1",
        method: "projects.secrets.list",
        parent: ("parent", "projects/PROJECT"),
        regional: false,
        items: "secrets",
        name: "name",
    },
    compute("serviceAttachments.list", true),
    compute("addresses.list", true),
    compute("forwardingRules.list", true),
    compute("globalAddresses.list", false),
    compute("globalForwardingRules.list", false),
];

const fn compute(method: &'static str, regional: bool) -> Listed {
    Listed {
        service: "compute.v1",
        method,
        parent: ("project", "PROJECT"),
        regional,
        items: "items",
        name: "name",
    }
}
