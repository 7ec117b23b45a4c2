//! A private cluster: customer, vendor, the cloud's private link and a stranger are network namespaces with routes to each other, and
//! firewalls decide who reaches whom. The vendor's Terraform gets to the API server by the private link and in no other way, and
//! the data plane works while nothing at all gets in.

mod parties;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use acceptance::{
    flyte::{Action, BUCKET, ExecutorSite, Flyte, Installation, Layout, Project, Site, Task},
    node::{
        firewall::{self, Flow},
        namespace::Namespace,
        network,
    },
    operator::Operator,
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

pub use self::parties::reach;
use self::parties::{API, BALANCER, ENDPOINT, LINK, Parties, STRANGER, VENDOR};

const NAMESPACE: &str = "union";

const LIMIT: Duration = Duration::from_mins(2);

/// What says that a part of the tests passed.
type Passed<'a> = &'a mut dyn FnMut(&str, Instant) -> Result<()>;

pub fn prove(directory: &Path, passed: Passed<'_>) -> Result<()> {
    let start = Instant::now();
    fs::create_dir_all(directory)?;
    let mut parties = Parties::start(directory)?;
    passed(
        "customer, vendor, private link and a stranger are up, each in a network of its own",
        start,
    )?;

    let start = Instant::now();
    let terraform = vendor(&parties)?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let by_the_link = BTreeSet::from([Flow::tcp(LINK, BALANCER)]);
    came(&parties.customer, &by_the_link, &by_the_link)?;
    passed(
        "the vendor's Terraform applied definitions and an operator by the private link, and the second plan is empty",
        start,
    )?;

    let start = Instant::now();
    nobody_else_gets_in(&parties)?;
    passed(
        "the stranger, and the vendor without the link, reach nothing of the customer's: all they sent was dropped",
        start,
    )?;

    let start = Instant::now();
    certificates_are_checked(&mut parties, &terraform)?;
    passed(
        "a wrong name, and a certificate of another authority, are refused by the private link",
        start,
    )?;

    let start = Instant::now();
    a_cut_link_is_told(&mut parties, &terraform)?;
    passed(
        "a link that is cut is told as that, the state stays, and the next plan by the link is empty",
        start,
    )?;

    let start = Instant::now();
    works_with_nothing_let_in(&mut parties, directory)?;
    passed(
        "with all inbound dropped the operator registers, its heart beats, and the executor runs an action, while vendor and stranger try in vain",
        start,
    )?;
    Ok(())
}

/// The vendor's configuration, run in the vendor's network.
fn vendor(parties: &Parties) -> Result<Terraform> {
    let control_plane = json!({
        "endpoint": parties.control_plane.endpoint(),
        "ca_certificate": parties.control_plane.ca_certificate(),
    });
    let endpoint = parties.front.endpoint();
    let terraform = Terraform::new()?
        .inside(&parties.vendor.path())
        .with(parties.account.environment())
        .variable("control_plane", &control_plane.to_string());
    let services = ["eks", "iam", "sts"].map(|service| format!("{service} = \"{endpoint}\""));
    terraform.write(
        "main.tf",
        &format!(
            r#"terraform {{
  required_providers {{
    dataplane = {{ source = "dataplane/dataplane" }}
  }}
}}

provider "dataplane" {{
  owner = "vendor"
  aws = {{
    region    = "{region}"
    endpoints = {{ {services} }}
  }}
}}

variable "control_plane" {{
  type = object({{ endpoint = string, ca_certificate = string }})
}}

variable "private_endpoint" {{
  type    = object({{ host = string, server_name = optional(string) }})
  default = null
}}

locals {{
  cluster = {{
    eks              = {{ name = "prod", region = "{region}" }}
    private_endpoint = var.private_endpoint
  }}
}}

resource "dataplane_crds" "this" {{
  cluster = local.cluster
}}

resource "dataplane_operator" "this" {{
  cluster          = dataplane_crds.this.cluster
  namespace        = "{NAMESPACE}"
  create_namespace = true
  organization     = "acme"
  cluster_name     = "prod"
  image            = "localhost/dataplane-operator:{version}"
  control_plane    = var.control_plane
  storage = {{
    metadata          = "s3://acme-metadata"
    fast_registration = "s3://acme-fast-registration"
    region            = "{region}"
  }}
}}
"#,
            region = parties.account.region,
            services = services.join(", "),
            version = env!("CARGO_PKG_VERSION"),
        ),
    )?;
    by_the_link(&terraform, "")?;
    Ok(terraform)
}

fn by_the_link(terraform: &Terraform, more: &str) -> Result<()> {
    let host = format!("https://{ENDPOINT}");
    let value = format!("private_endpoint = {{ host = \"{host}\"{more} }}\n");
    terraform.write("terraform.tfvars", &value)
}

/// What a plan that must fail says.
fn refusal(terraform: &Terraform) -> Result<String> {
    let found = terraform.diagnostics("plan")?;
    let said: Vec<_> = found
        .iter()
        .flat_map(|found| [found.summary.as_str(), &found.detail])
        .collect();
    Ok(said.join("\n"))
}

fn says(said: &str, parts: &[&str]) -> Result<()> {
    let missing: Vec<_> = parts.iter().filter(|part| !said.contains(**part)).collect();
    ensure!(missing.is_empty(), "{missing:?} is not in:\n{said}");
    Ok(())
}

/// The routes are there: what is in the way are the firewalls.
fn nobody_else_gets_in(parties: &Parties) -> Result<()> {
    let internet = parties
        .front
        .endpoint()
        .trim_start_matches("http://")
        .to_owned();
    parties.guard()?;
    for (party, name) in [
        (&parties.vendor, "the vendor"),
        (&parties.stranger, "the stranger"),
    ] {
        ends_as(party, &internet, "connected").with_context(|| format!("{name} and others"))?;
        for address in [API, BALANCER] {
            ends_as(party, &address.to_string(), "timed out")
                .with_context(|| format!("{name} and the customer"))?;
        }
    }
    // The endpoint is the vendor's alone.
    ends_as(&parties.stranger, &ENDPOINT.to_string(), "timed out")
        .context("the stranger and the vendor's endpoint")?;
    let stranger = BTreeSet::from([Flow::tcp(STRANGER, ENDPOINT)]);
    came(&parties.vendor, &stranger, &BTreeSet::new())?;
    came(&parties.customer, &foreign(), &BTreeSet::new())?;
    // The same configuration without the link.
    parties.guard()?;
    let straight = vendor(parties)?;
    straight.write("terraform.tfvars", "")?;
    straight.init()?;
    let found = straight.diagnostics("apply")?;
    let said: String = found.iter().map(|found| found.detail.as_str()).collect();
    says(
        &said,
        &[&format!("https://{API}"), "did not answer in time"],
    )?;
    let straight = BTreeSet::from([Flow::tcp(VENDOR, API)]);
    came(&parties.customer, &straight, &BTreeSet::new())
}

/// What vendor and stranger try when they go straight to the customer.
fn foreign() -> BTreeSet<Flow> {
    let to = |from| [API, BALANCER].map(|address| Flow::tcp(from, address));
    [VENDOR, STRANGER].into_iter().flat_map(to).collect()
}

/// That exactly these came to a party's firewall, and exactly these of them came in.
fn came(party: &Namespace, tried: &BTreeSet<Flow>, entered: &BTreeSet<Flow>) -> Result<()> {
    let found = firewall::entered(party)?;
    ensure!(found == *entered, "{found:?} came in, not {entered:?}");
    let found = firewall::tried(party)?;
    ensure!(found == *tried, "{found:?} tried, not {tried:?}");
    Ok(())
}

/// Vendor and stranger try at once to get to all that the customer has.
fn try_in_vain(parties: &Parties) -> Result<()> {
    std::thread::scope(|scope| {
        let trials: Vec<_> = [&parties.vendor, &parties.stranger]
            .into_iter()
            .flat_map(|party| [API, BALANCER].map(|address| (party, address)))
            .map(|(party, address)| {
                scope.spawn(move || ends_as(party, &address.to_string(), "timed out"))
            })
            .collect();
        for trial in trials {
            trial
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })
}

fn ends_as(party: &Namespace, address: &str, what: &str) -> Result<()> {
    let reached = parties::probe(party, address)?;
    ensure!(reached == what, "{address}: {reached}, not {what}");
    Ok(())
}

fn certificates_are_checked(parties: &mut Parties, terraform: &Terraform) -> Result<()> {
    by_the_link(terraform, ", server_name = \"wrong.example\"")?;
    terraform.write("look.tf", LOOK)?;
    says(
        &refusal(terraform)?,
        &["\"wrong.example\"", "kubernetes.default.svc"],
    )?;
    by_the_link(terraform, "")?;
    // The balancer now leads to a server of the internet.
    let elsewhere = parties
        .front
        .secure_endpoint()
        .0
        .trim_start_matches("https://")
        .parse()?;
    parties.balance_to(elsewhere)?;
    says(
        &refusal(terraform)?,
        &["not of this cluster's own authority"],
    )?;
    parties.balance_to(API)?;
    terraform.write("look.tf", "")?;
    terraform.plan()?.assert_empty("the plan by the right way")
}

/// A data source asks by what the configuration says, where resources ask by what the state says.
const LOOK: &str = "data \"dataplane_cluster\" \"this\" {\n  cluster = local.cluster\n}\n";

fn a_cut_link_is_told(parties: &mut Parties, terraform: &Terraform) -> Result<()> {
    let state = || {
        let file = terraform.directory().join("terraform.tfstate");
        fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
    };
    let before = state()?;
    parties.cut();
    let asked = format!("asked for {}: is the connection accepted?", API.ip());
    says(
        &refusal(terraform)?,
        &[&format!("https://{}", ENDPOINT.ip()), &asked],
    )?;
    ensure!(state()? == before, "the state was touched");
    parties.link()?;
    terraform.plan()?.assert_empty("the plan after the outage")
}

/// The customer drops all that comes in, and the vendor's link is gone for good.
fn works_with_nothing_let_in(parties: &mut Parties, directory: &Path) -> Result<()> {
    parties.cut();
    firewall::set(&parties.customer, firewall::Inbound::Nothing)?;
    let network = parties.customer.path();

    let audience = parties.control_plane.endpoint();
    let cluster = &parties.cluster;
    let operator = directory.join("operator");
    let mut operator =
        Operator::start_in(Some(&network), cluster, NAMESPACE, &audience, &operator)?;
    let recorded = wait::until("a registration and heartbeats", LIMIT, || {
        operator.process.check()?;
        let recorded = parties.control_plane.recorded();
        let up = !recorded.registrations.is_empty() && recorded.heartbeats.len() >= 2;
        Ok(up.then_some(recorded))
    })?;
    let (_, (_, subject)) = recorded
        .registrations
        .first_key_value()
        .context("no registration")?;
    ensure!(
        *subject == format!("system:serviceaccount:{NAMESPACE}:operator"),
        "the operator registered as {subject}"
    );

    let flyte = directory.join("flyte");
    fs::create_dir_all(&flyte)?;
    let flyte = Flyte::start_in(
        &flyte,
        &Site {
            cluster,
            account: &parties.account,
            address: network::ADDRESS,
            plays_pods: true,
            data_plane: Some(BUCKET),
            layout: Layout::Spec,
        },
    )?;
    let project = Project::new(&flyte);
    let namespace = project.namespace();
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace(&namespace)?;
    wait::until("the default service account", LIMIT, || {
        kubectl.get("serviceaccount", &namespace, "default")
    })?;
    let site = ExecutorSite {
        network: Some(&network),
        ..ExecutorSite::of(cluster, &flyte)
    };
    let settings = json!({ "namespaces": [namespace] });
    let installation = Installation::new(&site, "executor", &settings)?;
    let mut executor = installation.start("executor-0")?;
    let held = Task::new("private").returning("o0").attempt(&json!([
        { "run": true }, { "hold": "tried" }, { "outputs": { "o0": 42 } }, { "exit": 0 },
    ]));
    project.run("r1", &held)?;
    wait::until("the action to run", LIMIT, || {
        executor.process.check()?;
        let action = project.action("r1", "a0")?;
        Ok(action.filter(|action| action.phase == "RUNNING"))
    })?;
    try_in_vain(parties)?;
    flyte.open_gate("tried")?;
    wait::until("the end of the action", LIMIT, || {
        executor.process.check()?;
        let action = project.action("r1", "a0")?;
        Ok(action.filter(Action::is_ended))
    })?;
    let action = project.ended("r1", LIMIT)?;
    ensure!(action.phase == "SUCCEEDED", "{action:?}");

    came(&parties.customer, &foreign(), &BTreeSet::new())?;
    let listeners = parties.customer.listeners()?;
    ensure!(
        listeners == parties::expected_listeners(),
        "others listen: {listeners:?}"
    );
    Ok(())
}
