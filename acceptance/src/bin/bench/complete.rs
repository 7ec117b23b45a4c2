//! The complete example, whole: a data plane on emulated AWS and a real API server, beside what Terraform alone takes for
//! as many resources.

use std::time::{Duration, Instant};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::Cluster,
    control_plane::ControlPlane,
    issuer::Issuer,
    terraform::Terraform,
};
use anyhow::Result;
use serde_json::json;

use crate::table;

struct Times {
    plan: Duration,
    apply: Duration,
    again: Duration,
    destroy: Duration,
}

pub fn measure() -> Result<String> {
    // What is measured has to be the same on every machine.
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
        .variable("operator_image", "localhost/dataplane-operator:bench")
        .variable("control_plane", &reach.to_string());
    example.init()?;
    let (whole, resources) = times(&example)?;

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
        "## The complete example\n\n`examples/complete/local`, {resources} resources; simulated pods, which are ready within a second. Terraform's own \
         share is the same command for as many `terraform_data`.\n\n{}",
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
