//! `examples/complete/byoc/gcp`: a customer and a vendor with a project, an identity and a state each. What hashicorp/google would make
//! is its schemas; of it the test makes what the vendor cannot do without: the accounts, and exactly the roles, conditions and
//! bindings that the customer's root says.
//!
//! No packet passes the endpoint: the API server is reached by its own address, and that DNS endpoints answer over Private Service
//! Connect is Google's documentation. This shows order, identities, rights and what one side tells the other; not the way.

use std::fs;

use acceptance::{
    google::{Caller, Project},
    setup,
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{
    bench::{Bench, PROJECT, REGION, endpoints_of},
    private,
};

const ACCOUNTS: &str = "projects.serviceAccounts";
const HOST: &str = "gke-0123456789abcdef-123456789012.europe-west4.gke.goog";
/// The accounts that the vendor's pipeline becomes, and what the customer's root binds each to.
const ACCESSES: [(&str, &[&str]); 3] = [
    (
        "provision",
        &["provision", "provision_creations", "provision_bindings"],
    ),
    ("maintain", &["maintain", "maintain_bindings"]),
    ("deprovision", &["deprovision", "deprovision_bindings"]),
];
/// The one that the vendor's root is applied as.
const EMAIL: &str = "acme-prod-provision@acme-prod-123456.iam.gserviceaccount.com";

/// Both sides, once the customer has applied.
struct Both {
    customer: Terraform,
    vendor: Project,
    bench: Bench,
    _folder: tempfile::TempDir,
}

impl Both {
    fn new() -> Result<Self> {
        let bench = Bench::on_gke()?;
        let vendor = bench.another_project()?;
        private::network(&vendor)?;
        let folder = setup::scratch()?;
        let answers = folder.path().join("answers.json");
        let control_plane = json!([{ "dns_endpoint_config": [{ "endpoint": HOST, "allow_external_traffic": true }] }]);
        let cluster = json!({ "control_plane_endpoints_config": control_plane });
        let asked = json!({ "name": "prod", "location": REGION, "project": PROJECT });
        let answered = json!([{ "type": "google_container_cluster", "arguments": asked, "attributes": cluster }]);
        fs::write(&answers, answered.to_string())?;
        let who = json!({ "principals": ["pipeline@vendor.iam.gserviceaccount.com"] });
        let customer = Terraform::example("complete/byoc/gcp/customer")?
            .with(bench.owner().environment())
            .with([(
                "DATAPLANE_SCHEMA_ANSWERS".to_owned(),
                answers.display().to_string(),
            )])
            .variable("project", PROJECT)
            .variable("region", REGION)
            .variable("cluster", "prod")
            .variable("location", REGION)
            .variable("vendor", &who.to_string());
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
        customer.apply_then_empty_plan()?;
        let both = Self {
            customer,
            vendor,
            bench,
            _folder: folder,
        };
        both.grant()?;
        Ok(both)
    }

    /// What the customer's root says of the vendor's accounts, and what its README has the customer do in the cluster.
    fn grant(&self) -> Result<()> {
        let owner = self.bench.owner();
        let project = format!("projects/{PROJECT}");
        for (access, _) in ACCESSES {
            let id = format!("acme-prod-{access}");
            let made = json!({ "name": project, "body": { "accountId": id } });
            let made = owner.call("iam.v1", &format!("{ACCOUNTS}.create"), &made)?;
            assert_eq!(made["email"], email(access));
        }
        self.set_pipelines(&[&self.pipeline()])?;

        let resource =
            json!({ "resource": project, "body": { "options": { "requestedPolicyVersion": 3 } } });
        let mut policy =
            self.bench
                .call("cloudresourcemanager.v3", "projects.getIamPolicy", resource)?;
        let bindings = policy["bindings"].as_array_mut().context("bindings")?;
        for key in ACCESSES.into_iter().flat_map(|(_, keys)| keys) {
            let of = |kind: &str| format!("module.vendor_access.{kind}.this[\"{key}\"]");
            let role = self
                .customer
                .attributes(&of("google_project_iam_custom_role"))?;
            let permissions: Vec<String> = serde_json::from_value(role["permissions"].clone())?;
            let name = role["role_id"].as_str().context("a role's id")?;
            // The custom role of a person who calls nothing.
            self.bench.project.person(name, &permissions)?;
            let member = self.customer.attributes(&of("google_project_iam_member"))?;
            let mut binding =
                json!({ "role": format!("{project}/roles/{name}"), "members": [member["member"]] });
            let condition = &member["condition"][0];
            if condition.is_object() {
                binding["condition"] =
                    json!({ "title": condition["title"], "expression": condition["expression"] });
            }
            bindings.push(binding);
        }
        policy["version"] = 3.into();
        let set = json!({ "resource": project, "body": { "policy": policy } });
        self.bench
            .call("cloudresourcemanager.v3", "projects.setIamPolicy", set)?;
        let kubectl = self.bench.kubectl()?;
        for (access, _) in ACCESSES {
            let (name, user) = (
                format!("acme-prod-{access}"),
                format!("--user={}", email(access)),
            );
            let binding = ["create", "clusterrolebinding", &name];
            let role = ["--clusterrole=cluster-admin", &user];
            kubectl.run(&[&binding[..], &role].concat())?;
        }
        Ok(())
    }

    /// As policies name the vendor's pipeline, which here is the owner of the vendor's project.
    fn pipeline(&self) -> String {
        format!("user:owner@{}.example.com", self.vendor.id)
    }

    /// The customer says who becomes the accounts.
    fn set_pipelines(&self, members: &[&str]) -> Result<()> {
        for (access, _) in ACCESSES {
            let name = format!("projects/{PROJECT}/serviceAccounts/{}", email(access));
            let asked = json!({ "resource": name });
            let mut policy =
                self.bench
                    .call("iam.v1", &format!("{ACCOUNTS}.getIamPolicy"), asked)?;
            policy["bindings"] =
                json!([{ "role": "roles/iam.serviceAccountTokenCreator", "members": members }]);
            let set = json!({ "resource": name, "body": { "policy": policy } });
            self.bench
                .call("iam.v1", &format!("{ACCOUNTS}.setIamPolicy"), set)?;
        }
        Ok(())
    }

    /// The vendor's root, told what the customer hands over.
    fn vendor(&self) -> Result<Terraform> {
        let told = self.customer.output("customer")?;
        for (access, _) in ACCESSES {
            assert_eq!(told["service_accounts"][access], email(access));
        }
        let network = json!({ "id": format!("projects/{}/global/networks/main", self.vendor.id) });
        let terraform = Terraform::example("complete/byoc/gcp/vendor")?
            .with(self.vendor.owner().environment())
            .variable("project", &self.vendor.id)
            .variable("customer", &told.to_string())
            .variable("network", &network.to_string())
            .variable("operator_image", "localhost/dataplane-operator:0.1.0")
            .variable("control_plane_endpoint", "https://acme.control.example.com");
        let endpoints = endpoints_of(self.vendor.owner());
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

fn email(access: &str) -> String {
    format!("acme-prod-{access}@{PROJECT}.iam.gserviceaccount.com")
}

/// Each side applies its own, and destroys it; the vendor has done each step as the account that is for it, with the rights and
/// under the conditions that the customer's root says.
#[test]
fn both_roots_are_applied_planned_empty_and_destroyed_without_a_trace() -> Result<()> {
    let both = Both::new()?;
    let before = both.made()?;
    let vendor = both.vendor()?;
    vendor.apply()?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    let refreshed = vendor.plan_refresh_only()?;
    refreshed.assert_no_difference("the vendor's refresh")?;
    let zone = vendor.attributes(&format!(
        "module.endpoint.google_dns_managed_zone.this[\"{HOST}\"]"
    ))?;
    assert_eq!(zone["dns_name"], format!("{HOST}."));
    let record = vendor.attributes(&format!(
        "module.endpoint.google_dns_record_set.apex[\"{HOST}\"]"
    ))?;
    assert_eq!(record["rrdatas"], vendor.output("endpoint")?);

    // The data plane is the customer's, in its project and its cluster.
    let made = both.made()?;
    for name in [
        format!("{PROJECT}-metadata"),
        format!("adminflyterole@{PROJECT}.iam.gserviceaccount.com"),
    ] {
        ensure!(made.contains(&name), "no {name}: {made:?}");
    }
    let kubectl = both.bench.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    assert_held(&both)?;

    let name = "cluster_name  = \"prod-eu\"";
    let unprotected = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    vendor.edit("main.tf", name, &unprotected)?;
    let vendor = vendor.variable("access", "maintain");
    vendor.apply()?;
    vendor.variable("access", "deprovision").destroy()?;
    assert_eq!(both.made()?, before);
    assert_eq!(private::inventory(&both.vendor)?, [""; 0]);
    both.customer.destroy().map(drop)
}

/// A token of the vendor's account cannot give the project away.
fn assert_held(both: &Both) -> Result<()> {
    let session = session(both)?;
    let project = format!("projects/{PROJECT}");
    let asked =
        json!({ "resource": project, "body": { "options": { "requestedPolicyVersion": 3 } } });
    let mut policy = session.call("cloudresourcemanager.v3", "projects.getIamPolicy", &asked)?;
    let bindings = policy["bindings"].as_array_mut().context("bindings")?;
    bindings.push(json!({ "role": "roles/owner", "members": [format!("serviceAccount:{EMAIL}")] }));
    let set = json!({ "resource": project, "body": { "policy": policy } });
    let refused = session.refused("cloudresourcemanager.v3", "projects.setIamPolicy", &set)?;
    assert_eq!(refused, 403);
    // Another bucket of the project is not the data plane's.
    let uniform = json!({ "uniformBucketLevelAccess": { "enabled": true } });
    let body = json!({ "name": "somebody-elses", "location": "EU", "iamConfiguration": uniform });
    let made = json!({ "project": PROJECT, "body": body });
    both.bench.call("storage.v1", "buckets.insert", made)?;
    let another = json!({ "bucket": "somebody-elses" });
    assert_eq!(session.refused("storage.v1", "buckets.get", &another)?, 403);
    both.bench.call("storage.v1", "buckets.delete", another)?;
    Ok(())
}

/// The vendor's pipeline as the customer's account.
fn session(both: &Both) -> Result<Caller> {
    let name = format!("projects/-/serviceAccounts/{EMAIL}");
    let scope = ["https://www.googleapis.com/auth/cloud-platform"];
    let asked = json!({ "name": name, "body": { "scope": scope } });
    let method = format!("{ACCOUNTS}.generateAccessToken");
    let owner = both.vendor.owner();
    let made = owner.call("iamcredentials.v1", &method, &asked)?;
    let token = made["accessToken"].as_str().context("a token")?;
    both.bench.project.caller(token.to_owned())
}

/// Without the customer's word nothing goes on, and nothing is lost by it.
#[test]
fn a_vendor_that_is_cut_off_is_refused_and_comes_back() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    vendor.apply()?;
    let made = both.made()?;

    both.set_pipelines(&[])?;
    let said = vendor.diagnostics("plan")?;
    let refused = |each: &Value| {
        let text = each.to_string();
        text.contains("iam.serviceAccounts.getAccessToken") && text.contains(EMAIL)
    };
    let texts = said.iter().map(|each| json!([each.summary, each.detail]));
    ensure!(texts.into_iter().any(|each| refused(&each)), "{said:?}");

    both.set_pipelines(&[&both.pipeline()])?;
    vendor
        .plan()?
        .assert_empty("the plan of who is let in again")?;
    assert_eq!(both.made()?, made);
    Ok(())
}
