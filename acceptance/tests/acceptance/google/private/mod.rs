//! Private connectivity on Google Cloud: a customer who publishes a service and a vendor who connects to it, in two projects, each
//! with a state of its own. What there is, is asked of the cloud by Google's clients.

mod changes;
mod ends;
mod faults;
mod life;

use std::time::Duration;

use acceptance::{
    google::{Caller, Google, Project},
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::{REGION, provider_of};

/// How long a step of Terraform may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(3);

const SERVICE: &str = "dataplane_private_service.api";
const ENDPOINT: &str = "dataplane_private_endpoint.api";
const ATTACHMENTS: &str = "serviceAttachments";

/// One side: a project with a network, and a configuration.
pub struct Side {
    pub project: Project,
    pub terraform: Terraform,
}

/// Both, who know of each other what people would tell each other.
pub struct Sides {
    pub customer: Side,
    pub vendor: Side,
    /// Ends last: projects ask it for violations when they are dropped.
    google: Google,
}

/// A network with two internal load balancers, two subnets for endpoints and two for the addresses of consumers.
pub fn network(project: &Project) -> Result<()> {
    let subnet = |name: &str, number: usize, purpose: &str| {
        let range = format!("10.7.{number}.0/24");
        json!({ "name": name, "region": REGION, "range": range, "purpose": purpose })
    };
    let nat = "PRIVATE_SERVICE_CONNECT";
    let subnets = [
        subnet("one", 0, "PRIVATE"),
        subnet("two", 1, "PRIVATE"),
        subnet("nat", 2, nat),
        subnet("nat-two", 3, nat),
    ];
    let balancers = ["one", "two"].map(|name| json!({ "name": name, "region": REGION }));
    let network = json!({ "name": "main", "subnetworks": subnets, "forwardingRules": balancers });
    project.network(&network)
}

/// Something in a project's region.
fn at(project: &Project, kind: &str, name: &str) -> String {
    format!("projects/{}/regions/{REGION}/{kind}/{name}", project.id)
}

/// By what consumers name a service of a project.
pub fn service_name(project: &Project, name: &str) -> String {
    at(project, ATTACHMENTS, name)
}

/// Publishes a load balancer by Google's client.
pub fn publish(project: &Project, name: &str, preference: &str) -> Result<()> {
    let body = json!({
        "name": name, "connectionPreference": preference, "reconcileConnections": true,
        "targetService": at(project, "forwardingRules", "one"), "natSubnets": [at(project, "subnetworks", "nat")],
    });
    compute(
        project.owner(),
        "serviceAttachments.insert",
        json!({ "body": body }),
    )
    .map(drop)
}

/// Names of what our resources made in a project, by Google's client.
pub fn inventory(project: &Project) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for method in [
        "serviceAttachments.list",
        "addresses.list",
        "forwardingRules.list",
        "globalAddresses.list",
        "globalForwardingRules.list",
    ] {
        let listed = compute(project.owner(), method, json!({}))?;
        let items = listed["items"].as_array().into_iter().flatten();
        let ours = items.filter(|item| item["loadBalancingScheme"] != "INTERNAL");
        for item in ours {
            found.push(format!("{} {}", method, text(&item["name"])?));
        }
    }
    Ok(found)
}

/// A call of Compute Engine in the caller's project and the region.
#[expect(
    clippy::needless_pass_by_value,
    reason = "parameters are written where they are given"
)]
fn compute(caller: &Caller, method: &str, parameters: Value) -> Result<Value> {
    let mut asked = json!({ "project": caller.project });
    if !method.starts_with("global") {
        asked["region"] = REGION.into();
    }
    for (name, value) in parameters.as_object().into_iter().flatten() {
        asked[name] = value.clone();
    }
    caller.call("compute.v1", method, &asked)
}

/// A text of an answer.
fn text(value: &Value) -> Result<String> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no text"))?;
    Ok(text.to_owned())
}

impl Side {
    fn new(google: &Google) -> Result<Self> {
        let project = Project::new(google)?;
        network(&project)?;
        let terraform = configuration(project.owner(), "")?;
        Ok(Self { project, terraform })
    }

    fn compute(&self, method: &str, parameters: Value) -> Result<Value> {
        compute(self.project.owner(), method, parameters)
    }

    fn write(&self, text: &str) -> Result<()> {
        self.terraform.write("main.tf", text)
    }

    /// An endpoint's configuration.
    fn endpoint(&self, service: &str, arguments: &str) -> String {
        format!(
            "resource \"dataplane_private_endpoint\" \"api\" {{
  name         = \"acme-api\"
  service_name = \"{service}\"
  network      = \"projects/{}/global/networks/main\"
  subnets      = [\"{}\"]
  {arguments}
}}
",
            self.project.id,
            at(&self.project, "subnetworks", "one"),
        )
    }

    /// A service's configuration.
    fn service(&self, arguments: &str) -> String {
        format!(
            "resource \"dataplane_private_service\" \"api\" {{
  name          = \"acme-api\"
  load_balancer = \"{}\"
  subnets       = [\"{}\"]
  {arguments}
}}
",
            at(&self.project, "forwardingRules", "one"),
            at(&self.project, "subnetworks", "nat"),
        )
    }

    /// The service as it is now, by Google's client.
    fn attachment(&self) -> Result<Value> {
        self.compute(
            "serviceAttachments.get",
            json!({ "serviceAttachment": "acme-api" }),
        )
    }

    /// Somebody of this side changes the service by hand.
    fn patch(&self, mut body: Value) -> Result<()> {
        body["fingerprint"] = self.attachment()?["fingerprint"].clone();
        let asked = json!({ "serviceAttachment": "acme-api", "body": body });
        self.compute("serviceAttachments.patch", asked).map(drop)
    }

    /// Waits for somebody who asks for a connection to the service of this side: the endpoint's path, with its number.
    fn asked(&self) -> Result<String> {
        wait::until("a request for a connection", LIMIT, || {
            let found = self.attachment()?;
            let asked = found["connectedEndpoints"].as_array().into_iter().flatten();
            let mut asked = asked.filter(|one| one["status"] == "PENDING");
            let url = asked.next().and_then(|one| one["endpointWithId"].as_str());
            Ok(url.map(|url| url[url.find("projects/").unwrap_or(0)..].to_owned()))
        })
    }

    fn inventory(&self) -> Result<Vec<String>> {
        inventory(&self.project)
    }

    fn assert_nothing_left(&self) -> Result<()> {
        let left = self.inventory()?;
        ensure!(left.is_empty(), "left: {left:?}");
        Ok(())
    }

    /// The endpoint, whole and once.
    fn assert_one_endpoint(&self) -> Result<()> {
        let expected = ["addresses.list acme-api", "forwardingRules.list acme-api"];
        assert_eq!(self.inventory()?, expected);
        let rule = self.compute(
            "forwardingRules.get",
            json!({ "forwardingRule": "acme-api" }),
        )?;
        let labels = &rule["labels"];
        ensure!(labels["dataplane-owner"].is_string(), "{rule}");
        ensure!(labels["dataplane-creating"].is_null(), "{rule}");
        Ok(())
    }
}

impl Sides {
    fn new() -> Result<Self> {
        let google = Google::start()?;
        Ok(Self {
            customer: Side::new(&google)?,
            vendor: Side::new(&google)?,
            google,
        })
    }

    /// Somebody of a third project.
    fn stranger(&self) -> Result<Side> {
        Side::new(&self.google)
    }

    /// The customer publishes, and the vendor is told the service's name.
    fn published(&self, arguments: &str) -> Result<String> {
        let customer = &self.customer;
        customer.write(&customer.service(arguments))?;
        customer.terraform.apply()?;
        text(&customer.terraform.attributes(SERVICE)?["service_name"])
    }

    /// The same, of a service that lets in the vendor without asking.
    fn open(&self) -> Result<String> {
        self.published(&self.named(""))
    }

    /// The vendor's project, let in by name.
    fn named(&self, arguments: &str) -> String {
        let vendor = &self.vendor.project.id;
        format!("auto_accept = true\n  allowed_principals = [\"projects/{vendor}\"]\n  {arguments}")
    }

    /// The customer accepts by an apply, beside what else there is.
    fn accept(&self, id: &str) -> Result<()> {
        let customer = &self.customer;
        let accepted = format!("accepted_connections = [\"{id}\"]");
        customer.write(&customer.service(&accepted))?;
        customer.terraform.apply_then_empty_plan()
    }
}

/// An initialised configuration of somebody's, with nothing in it but the provider block.
fn configuration(caller: &Caller, gcp: &str) -> Result<Terraform> {
    let terraform = Terraform::new()?.with(caller.environment());
    terraform.write("provider.tf", &provider_of(caller, gcp))?;
    terraform.write("main.tf", "")?;
    terraform.init()?;
    Ok(terraform)
}

/// What a plan would do: `[("…", "update")]`.
fn planned(terraform: &Terraform) -> Result<Vec<(String, String)>> {
    let changes = terraform.plan()?.changes().into_iter();
    Ok(changes
        .map(|(address, actions)| (address, actions.join(" ")))
        .collect())
}

fn assert_planned(terraform: &Terraform, address: &str, action: &str) -> Result<()> {
    let expected = [(address.to_owned(), action.to_owned())];
    assert_eq!(planned(terraform)?, expected);
    Ok(())
}
