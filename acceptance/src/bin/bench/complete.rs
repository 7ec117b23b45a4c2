//! The complete examples, whole: a data plane on emulated clouds and a real API server, beside what Terraform alone takes
//! for as many resources.

use std::time::{Duration, Instant};

use acceptance::{
    aws::{Account, Emulators, Front},
    azure,
    cluster::Cluster,
    control_plane::ControlPlane,
    google,
    issuer::Issuer,
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    calls::{self, OnAzure, OnGoogle, Substrate},
    table,
};

const IMAGE: &str = "localhost/dataplane-operator:bench";

struct Times {
    plan: Duration,
    apply: Duration,
    again: Duration,
    destroy: Duration,
}

pub fn measure() -> Result<String> {
    let sections = [
        local().context("examples/complete/local")?,
        gcp().context("examples/complete/gcp")?,
        azure().context("examples/complete/azure")?,
    ];
    Ok(format!(
        "## The complete examples\n\nOn stand-ins of the clouds and real API servers, whose simulated pods are ready within a second. \
         Terraform's own share is the same command for as many `terraform_data`.\n\n{}",
        sections.join("\n")
    ))
}

/// What is measured has to be the same on every machine: the clusters are ours.
fn local() -> Result<String> {
    let cluster = Cluster::start()?;
    let front = Front::start(Emulators::shared()?)?;
    let control_plane = ControlPlane::start("127.0.0.1:0", Issuer::of(&cluster)?)?;
    let account = Account::new(&front);
    let reach = json!({
        "endpoint": control_plane.endpoint(),
        "ca_certificate": control_plane.ca_certificate(),
    });
    let example = Terraform::example("complete/local")?
        .with(account.environment())
        .variable("aws_endpoint", &account.endpoint)
        .variable("kubeconfig", &cluster.kubeconfig().display().to_string())
        .variable("issuer", cluster.issuer())
        .variable("operator_image", IMAGE)
        .variable("control_plane", &reach.to_string());
    section("complete/local", &example)
}

fn gcp() -> Result<String> {
    let cloud = OnGoogle::fresh()?;
    let project = &cloud.project;
    let cluster = Cluster::start_on(project.gke_site(google::REGION, "prod"))?;
    project.host_on_gke(google::REGION, "prod", &cluster)?;
    let example = for_real("complete/gcp", &cloud)?
        .variable("project", &project.id)
        .variable("region", google::REGION);
    section("complete/gcp", &example)
}

fn azure() -> Result<String> {
    let cloud = OnAzure::fresh()?;
    let subscription = &cloud.subscription;
    let cluster = Cluster::start_on(cloud.azure.aks_site())?;
    subscription.host_on_aks("prod", &cluster)?;
    let example = for_real("complete/azure", &cloud)?
        .variable("subscription_id", &subscription.id)
        .variable("resource_group", &subscription.resource_group)
        .variable("location", azure::LOCATION)
        .variable("name_prefix", "bench")
        .variable("vault", &cloud.vault);
    section("complete/azure", &example)
}

/// An example for a real account and its cluster `prod`, led to a stand-in; it can be destroyed.
fn for_real(path: &str, cloud: &dyn Substrate) -> Result<Terraform> {
    let example = Terraform::example(path)?
        .with(cloud.environment())
        .variable("cluster", "prod")
        .variable("operator_image", IMAGE)
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    example.write("stand_in_override.tf", &calls::provider(cloud))?;
    let name = "cluster_name  = \"prod-eu\"\n";
    let open = format!("{name}  definitions   = {{ prevent_deletion = false }}\n");
    example.edit("main.tf", name, &open)?;
    Ok(example)
}

fn section(path: &str, example: &Terraform) -> Result<String> {
    example.init()?;
    let (whole, resources) = times(example)?;
    let alone = Terraform::new()?;
    alone.write(
        "main.tf",
        &format!("resource \"terraform_data\" \"this\" {{\n  count = {resources}\n  input = count.index\n}}\n"),
    )?;
    alone.init()?;
    let (share, _) = times(&alone)?;
    let row = |what: &str, whole: Duration, share: Duration| {
        vec![
            what.to_owned(),
            table::seconds(whole),
            table::seconds(share),
            table::ratio(share, whole),
        ]
    };
    Ok(format!(
        "### `examples/{path}`, {resources} resources\n\n{}",
        table::render(
            &["what", "measured", "Terraform alone", "its share"],
            &[
                row("plan of everything new", whole.plan, share.plan),
                row("apply", whole.apply, share.apply),
                row("plan with nothing to do", whole.again, share.again),
                row("destroy", whole.destroy, share.destroy),
            ]
        )
    ))
}

/// How long each command takes, and how many managed resources there are.
fn times(terraform: &Terraform) -> Result<(Times, usize)> {
    let timed = |arguments: &[&str]| -> Result<Duration> {
        let start = Instant::now();
        terraform.succeed(arguments)?;
        Ok(start.elapsed())
    };
    let plan = timed(&["plan", "-input=false"])?;
    let apply = timed(&["apply", "-input=false", "-auto-approve"])?;
    let resources = terraform.succeed(&["state", "list"])?;
    let resources = resources
        .lines()
        .filter(|address| !address.split('.').any(|part| part == "data"))
        .count();
    let again = timed(&["plan", "-input=false"])?;
    let destroy = timed(&["destroy", "-input=false", "-auto-approve"])?;
    Ok((
        Times {
            plan,
            apply,
            again,
            destroy,
        },
        resources,
    ))
}
