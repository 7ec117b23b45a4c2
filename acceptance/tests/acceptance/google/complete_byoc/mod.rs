//! `examples/complete/byoc/gcp`: a customer with two projects and a vendor with one, an identity and a state each. What hashicorp/google
//! would make is its schemas; of it the test makes what the vendor cannot do without: the accounts, who becomes them, and exactly the
//! roles, conditions and bindings that the customer's root says.
//!
//! No packet passes the endpoint: the API server is reached by its own address, and that DNS endpoints answer over Private Service
//! Connect is Google's documentation. This shows order, identities, rights and what one side tells the other; not the way.

mod ends;
mod life;

use std::fs;

use acceptance::{
    google::{Caller, Project},
    setup,
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    bench::{Bench, PROJECT, REGION, endpoints_of},
    private,
    vendor_access::grants::Grants,
};

const HOST: &str = "gke-0123456789abcdef-123456789012.europe-west4.gke.goog";
/// The accounts that the vendor's pipeline becomes.
const ACCESSES: [&str; 3] = ["provision", "maintain", "deprovision"];
/// What holds the vendor's account for this customer.
const VENDOR_ACCOUNTS: &str = "projects.serviceAccounts";

/// Both sides, once the customer has applied.
struct Both {
    customer: Terraform,
    /// The customer's project that the accounts lie in.
    identities: Project,
    vendor: Project,
    /// The vendor's account for this customer.
    pipeline: Caller,
    bench: Bench,
    _folder: tempfile::TempDir,
}

impl Both {
    fn new() -> Result<Self> {
        let bench = Bench::on_gke()?;
        let identities = bench.another_project()?;
        let vendor = bench.another_project()?;
        private::network(&vendor)?;
        let pipeline = pipeline(&vendor)?;
        let folder = setup::scratch()?;
        let answers = folder.path().join("answers.json");
        let control_plane = json!([{ "dns_endpoint_config": [{ "endpoint": HOST, "allow_external_traffic": true }] }]);
        let cluster = json!({ "control_plane_endpoints_config": control_plane });
        let asked = json!({ "name": "prod", "location": REGION, "project": PROJECT });
        let answered = json!([{ "type": "google_container_cluster", "arguments": asked, "attributes": cluster }]);
        fs::write(&answers, answered.to_string())?;
        let customer = Terraform::example("complete/byoc/gcp/customer")?
            .with(bench.owner().environment())
            .with([(
                "DATAPLANE_SCHEMA_ANSWERS".to_owned(),
                answers.display().to_string(),
            )])
            .variable("project", PROJECT)
            .variable("identities_project", &identities.id)
            .variable("region", REGION)
            .variable("cluster", "prod")
            .variable("location", REGION);
        let emulated = format!(
            "provider \"dataplane\" {{
  gcp = {{
    project          = var.project
    region           = var.region
    allowed_projects = [var.project]
    endpoints        = {}
  }}
}}
",
            endpoints_of(bench.owner())
        );
        customer.write("emulated_override.tf", &emulated)?;
        customer.init()?;
        let both = Self {
            customer,
            identities,
            vendor,
            pipeline,
            bench,
            _folder: folder,
        };
        both.let_in("pipeline")?;
        both.bind_in_the_cluster()?;
        Ok(both)
    }

    /// The customer says which of the vendor's accounts becomes its own, and applies.
    fn let_in(&self, account: &str) -> Result<()> {
        let who = json!({ "vendor": { "principals": [vendors(&self.vendor, account)] } });
        self.customer
            .write("vendor.auto.tfvars.json", &who.to_string())?;
        self.customer.apply_then_empty_plan()?;
        self.grants().make()
    }

    fn grants(&self) -> Grants<'_> {
        Grants {
            root: &self.customer,
            data_plane: &self.bench.project,
            identities: &self.identities,
        }
    }

    /// What the example's README has the customer do in the cluster.
    fn bind_in_the_cluster(&self) -> Result<()> {
        let kubectl = self.bench.kubectl()?;
        for access in ACCESSES {
            let (name, user) = (
                format!("acme-prod-{access}"),
                format!("--user={}", self.grants().email(access)),
            );
            let binding = ["create", "clusterrolebinding", &name];
            let role = ["--clusterrole=cluster-admin", &user];
            kubectl.run(&[&binding[..], &role].concat())?;
        }
        Ok(())
    }

    /// The vendor's root, told what the customer hands over.
    fn vendor(&self) -> Result<Terraform> {
        let told = self.customer.output("customer")?;
        for access in ACCESSES {
            assert_eq!(
                told["service_accounts"][access],
                self.grants().email(access)
            );
        }
        let network = json!({ "id": format!("projects/{}/global/networks/main", self.vendor.id) });
        let terraform = Terraform::example("complete/byoc/gcp/vendor")?
            .with(self.pipeline.environment())
            .variable("project", &self.vendor.id)
            .variable("customer", &told.to_string())
            .variable("network", &network.to_string())
            .variable("operator_image", "localhost/dataplane-operator:0.1.0")
            .variable("control_plane_endpoint", "https://acme.control.example.com");
        let endpoints = endpoints_of(&self.pipeline);
        let emulated = format!(
            "provider \"dataplane\" {{
  alias = \"vendor\"
  gcp = {{
    project          = var.project
    region           = var.customer.region
    allowed_projects = [var.project]
    endpoints        = {endpoints}
  }}
}}

provider \"dataplane\" {{
  gcp = {{
    project                     = var.customer.project
    region                      = var.customer.region
    allowed_projects            = [var.customer.project]
    impersonate_service_account = var.customer.service_accounts[var.access]
    endpoints                   = {endpoints}
  }}
}}
"
        );
        terraform.write("emulated_override.tf", &emulated)?;
        terraform.init()?;
        Ok(terraform)
    }

    /// Names of what the vendor made in the customer's project.
    fn made(&self) -> Result<Vec<String>> {
        let all = self.bench.inventory()?.into_iter();
        Ok(all.map(|(name, _)| name).collect())
    }
}

/// The address of an account of the vendor's.
fn vendors(vendor: &Project, account: &str) -> String {
    format!("{account}@{}.iam.gserviceaccount.com", vendor.id)
}

/// The vendor's account for this customer, which makes endpoints in the vendor's project, and one that is for another customer.
fn pipeline(vendor: &Project) -> Result<Caller> {
    let owner = vendor.owner();
    let project = format!("projects/{}", vendor.id);
    for id in ["pipeline", "another"] {
        let made = json!({ "name": project, "body": { "accountId": id } });
        owner.call("iam.v1", &format!("{VENDOR_ACCOUNTS}.create"), &made)?;
    }
    let email = vendors(vendor, "pipeline");
    let name = format!("{project}/serviceAccounts/{email}");
    let itself = json!([{ "role": "roles/iam.serviceAccountTokenCreator", "members": [format!("user:owner@{}.example.com", vendor.id)] }]);
    let method = |verb: &str| format!("{VENDOR_ACCOUNTS}.{verb}");
    let mut policy = owner.call(
        "iam.v1",
        &method("getIamPolicy"),
        &json!({ "resource": name }),
    )?;
    policy["bindings"] = itself;
    let set = json!({ "resource": name, "body": { "policy": policy } });
    owner.call("iam.v1", &method("setIamPolicy"), &set)?;

    let projects = "cloudresourcemanager.v3";
    let asked = json!({ "resource": project, "body": {} });
    let mut policy = owner.call(projects, "projects.getIamPolicy", &asked)?;
    let networks = json!({ "role": "roles/compute.networkAdmin", "members": [format!("serviceAccount:{email}")] });
    let bindings = policy["bindings"].as_array_mut().context("bindings")?;
    bindings.push(networks);
    let set = json!({ "resource": project, "body": { "policy": policy } });
    owner.call(projects, "projects.setIamPolicy", &set)?;

    let scope = ["https://www.googleapis.com/auth/cloud-platform"];
    let asked = json!({ "name": format!("projects/-/serviceAccounts/{email}"), "body": { "scope": scope } });
    let made = owner.call("iamcredentials.v1", &method("generateAccessToken"), &asked)?;
    let token = made["accessToken"].as_str().context("a token")?;
    vendor.caller(token.to_owned())
}
