//! Faults: the cloud answers wrongly, late or never, the API server goes away, Terraform is interrupted or killed. Then
//! apply again: everything is there once, and nothing is orphaned.

use std::time::Duration;

use acceptance::aws::{Answer, Fault};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{bench::Bench, data_plane::DataPlane};

const MINUTES: Duration = Duration::from_mins(3);

fn fault(
    service: &'static str,
    operation: &'static str,
    calls: std::ops::Range<usize>,
    answer: Answer,
) -> Fault {
    Fault {
        service,
        operation,
        calls,
        answer,
    }
}

fn names(
    bench: &Bench,
    service: &str,
    operation: &str,
    list: &str,
    name: &str,
) -> Result<Vec<Value>> {
    let answer = bench.account.call(service, operation, &json!({}))?;
    Ok(answer[list]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item[name].clone())
        .collect())
}

#[test]
fn passing_faults_of_the_cloud_are_no_faults_of_the_apply() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench.example("resources/dataplane_role")?;
    terraform.init()?;
    bench
        .front
        .fault(fault("s3", "PUT", 0..1, Answer::Unavailable));
    bench
        .front
        .fault(fault("s3", "PUT ?", 2..3, Answer::Throttled));
    bench
        .front
        .fault(fault("iam", "CreateRole", 0..1, Answer::Throttled));
    bench
        .front
        .fault(fault("iam", "PutRolePolicy", 0..1, Answer::Unavailable));
    let not_yet = Answer::Error {
        status: 404,
        code: "NoSuchEntity",
        message: "The role with name userflyterole cannot be found.",
    };
    bench.front.fault(fault("iam", "GetRole", 1..3, not_yet));
    terraform.apply()?;
    bench.front.clear_faults();
    terraform
        .plan()?
        .assert_empty("the plan after an apply with faults")
}

#[test]
fn an_object_whose_creation_was_never_answered_is_continued() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench.example("resources/dataplane_role")?;
    terraform.init()?;
    bench.front.fault(fault("s3", "PUT", 0..1, Answer::Lost));
    bench
        .front
        .fault(fault("iam", "CreateRole", 0..1, Answer::Lost));
    bench.front.fault(fault(
        "iam",
        "CreateOpenIDConnectProvider",
        0..1,
        Answer::Lost,
    ));
    terraform.apply()?;
    terraform
        .plan()?
        .assert_empty("the plan after an apply with lost answers")?;
    assert_eq!(
        names(&bench, "iam", "list_roles", "Roles", "RoleName")?,
        ["userflyterole"]
    );
    assert_eq!(
        names(&bench, "s3", "list_buckets", "Buckets", "Name")?,
        ["acme-prod-metadata"]
    );
    Ok(())
}

#[test]
fn a_refusal_in_the_middle_taints_and_the_next_apply_mends() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench.example("resources/dataplane_role")?;
    terraform.init()?;
    let denied = Answer::Error {
        status: 403,
        code: "AccessDenied",
        message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:PutRolePolicy",
    };
    bench
        .front
        .fault(fault("iam", "PutRolePolicy", 0..99, denied));
    let diagnostics = terraform.diagnostics("apply")?;
    let text = format!("{} {}", diagnostics[0].summary, diagnostics[0].detail);
    for expected in [
        "userflyterole",
        "PutRolePolicy",
        "AccessDenied",
        "acceptance-fault",
    ] {
        ensure!(text.contains(expected), "no {expected} in: {text}");
    }
    bench.front.clear_faults();
    terraform.apply_then_empty_plan()?;
    assert_eq!(
        names(&bench, "iam", "list_roles", "Roles", "RoleName")?,
        ["userflyterole"]
    );
    terraform.destroy()?;
    assert_eq!(
        names(&bench, "iam", "list_roles", "Roles", "RoleName")?,
        Vec::<Value>::new()
    );
    Ok(())
}

#[test]
fn terraform_killed_while_it_creates_finds_its_own_again() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench.example("resources/dataplane_role")?;
    terraform.init()?;
    // Both are made; neither answer comes before Terraform is gone.
    bench.front.fault(fault(
        "s3",
        "PUT",
        0..1,
        Answer::Held(Duration::from_mins(1)),
    ));
    bench.front.fault(fault(
        "iam",
        "CreateOpenIDConnectProvider",
        0..1,
        Answer::Held(Duration::from_mins(1)),
    ));
    let mut applying = terraform.start_apply()?;
    applying.until_printed("dataplane_bucket.metadata: Creating...", MINUTES)?;
    acceptance::wait::until("the bucket", MINUTES, || {
        let made = names(&bench, "s3", "list_buckets", "Buckets", "Name")?;
        Ok((!made.is_empty()).then_some(()))
    })?;
    applying.kill()?;
    bench.front.clear_faults();
    let _ = std::fs::remove_file(terraform.directory().join(".terraform.tfstate.lock.info"));
    terraform.apply_then_empty_plan()?;
    assert_eq!(
        names(&bench, "s3", "list_buckets", "Buckets", "Name")?,
        ["acme-prod-metadata"]
    );
    terraform.destroy()?;
    assert_eq!(
        names(&bench, "s3", "list_buckets", "Buckets", "Name")?,
        Vec::<Value>::new()
    );
    Ok(())
}

#[test]
fn an_interrupted_apply_keeps_what_it_made() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench.example("resources/dataplane_role")?;
    terraform.init()?;
    bench.front.fault(fault(
        "iam",
        "CreateRole",
        0..1,
        Answer::Held(Duration::from_secs(5)),
    ));
    let mut applying = terraform.start_apply()?;
    applying.until_printed("dataplane_role.user: Creating...", MINUTES)?;
    applying.interrupt()?;
    let (_, printed) = applying.finish(MINUTES)?;
    ensure!(printed.contains("Interrupt received"), "{printed}");
    ensure!(!printed.contains("panic"), "{printed}");
    bench.front.clear_faults();
    terraform.apply_then_empty_plan()?;
    terraform.destroy()?;
    assert_eq!(
        names(&bench, "iam", "list_roles", "Roles", "RoleName")?,
        Vec::<Value>::new()
    );
    Ok(())
}

#[test]
fn the_api_server_goes_away_in_the_middle() -> Result<()> {
    let plane = DataPlane::configure()?;
    let cluster = plane.bench.cluster()?;
    let mut applying = plane.terraform.start_apply()?;
    applying.until_printed(
        "module.operator.dataplane_operator.this: Creating...",
        MINUTES,
    )?;
    cluster.restart_api_server()?;
    let _ = applying.finish(MINUTES)?;
    plane.terraform.apply_then_empty_plan()?;
    let deployments = plane.bench.kubectl()?.list(&["deployments", "-A"])?;
    assert_eq!(deployments.len(), 1);
    plane.terraform.destroy()?;
    Ok(())
}
