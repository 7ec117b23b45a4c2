//! Runs for some of the tenants: one that stops and goes on, one whose tool is killed in the middle, one that destroys a single
//! tenant. Nobody else of the fleet has anything done to it.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use acceptance::{
    aws::{Answer, Fault, Gate},
    process, setup,
    tenants::{ACTOR, Said, Tenants, delete_policy, name, put_policy},
    wait,
};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// Four: two of a run that stops, one whose run is killed, one that nobody names.
const TENANTS: usize = 4;

/// Longer than an apply of one tenant takes.
const LIMIT: Duration = Duration::from_mins(3);

fn buckets(tenants: &Tenants, tenant: usize) -> Result<usize> {
    let listed = tenants.accounts[tenant].call("s3", "list_buckets", &json!({}))?;
    Ok(listed["Buckets"].as_array().map_or(0, Vec::len))
}

#[track_caller]
fn assert(said: &Said, code: i32, outcomes: &[(usize, &str)]) {
    let tenants = said.printed["tenants"].as_array().expect("tenants");
    let found: Vec<(&str, &str)> = tenants
        .iter()
        .map(|one| {
            let text = |field: &str| one[field].as_str().expect("a text");
            (text("tenant"), text("outcome"))
        })
        .collect();
    let names: Vec<String> = outcomes.iter().map(|(tenant, _)| name(*tenant)).collect();
    let names = names.iter().map(String::as_str);
    let wanted: Vec<(&str, &str)> = names
        .zip(outcomes.iter().map(|(_, outcome)| *outcome))
        .collect();
    assert_eq!(
        (said.code, found),
        (Some(code), wanted),
        "{:#}\n{}",
        said.printed,
        said.progress
    );
}

fn run_of(said: &Said) -> Result<&str> {
    said.printed["run"].as_str().context("a run")
}

#[test]
fn a_run_is_for_whom_it_was_begun() -> Result<()> {
    let waves = "  - { name: all, tenants: [\"*\"], parallelism: 2, stop_after: 2 }\n";
    let tenants = Tenants::new(TENANTS, waves)?.without_checksums()?;
    without_a_backend(&tenants)?;
    of_two(&tenants)?;
    killed(&tenants)?;
    destroys_one(&tenants)?;
    assert_eq!(buckets(&tenants, 3)?, 0, "nobody named it");
    Ok(())
}

/// Terraform warns of that only, and all would share one state.
fn without_a_backend(tenants: &Tenants) -> Result<()> {
    let (there, gone) = ("backend \"local\" {}", "");
    tenants.terraform.edit("versions.tf", there, gone)?;
    let Err(error) = tenants.fleet(&["plan"]) else {
        bail!("a root without a backend is planned");
    };
    let said = format!("{error:#}");
    ensure!(said.contains("all tenants would share one state"), "{said}");
    ensure!(!tenants.terraform.directory().join(".fleet").exists());
    let (before, after) = ("terraform {\n", "terraform {\n  backend \"local\" {}\n");
    tenants.terraform.edit("versions.tf", before, after)
}

/// One of two fails, and the run goes on with that one.
fn of_two(tenants: &Tenants) -> Result<()> {
    let (one, other) = (name(0), name(1));
    let both = ["--tenant", one.as_str(), "--tenant", other.as_str()];
    assert(
        &tenants.fleet(&[["plan"].as_slice(), &both].concat())?,
        2,
        &[(0, "changed"), (1, "changed")],
    );
    shown_by_hand(tenants)?;
    let less = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": "logs:PutRetentionPolicy", "Resource": "*",
    }] });
    put_policy(&tenants.accounts[1], "less", &less)?;
    let stopped = tenants.fleet(&[["apply"].as_slice(), &both].concat())?;
    assert(&stopped, 1, &[(0, "applied"), (1, "failed")]);
    delete_policy(&tenants.accounts[1], "less")?;
    let resumed = tenants.fleet(&["apply", "--resume", run_of(&stopped)?])?;
    assert(&resumed, 0, &[(1, "applied")]);
    for tenant in [2, 3] {
        assert_eq!(buckets(tenants, tenant)?, 0);
    }
    Ok(())
}

/// The plan of a tenant in full, as the guide has it.
fn shown_by_hand(tenants: &Tenants) -> Result<()> {
    let root = tenants.terraform.directory();
    let folder = root.join(".fleet/tenants").join(name(0));
    let mut command = tenants.command(&setup::terraform()?);
    command
        .arg(format!("-chdir={}", root.display()))
        .args(["show", "-no-color"])
        .arg(folder.join("plan"))
        .env("TF_DATA_DIR", folder.join("data"))
        .stdout(Stdio::piped());
    let output = process::spawn(command)?.wait_with_output()?;
    let shown = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{shown}");
    ensure!(
        shown.contains("dataplane_bucket.metadata will be created"),
        "{shown}"
    );
    Ok(())
}

/// The tool is killed while Terraform applies, which ends by itself; nobody works beside it.
fn killed(tenants: &Tenants) -> Result<()> {
    let tenant = name(2);
    let plan = ["plan", "--tenant", tenant.as_str()];
    assert(&tenants.fleet(&plan)?, 2, &[(2, "changed")]);
    let gate = Gate::default();
    tenants.front.fault(Fault {
        service: "logs",
        operation: "CreateLogGroup",
        calls: 0..1,
        answer: Answer::Held(gate.clone()),
    });
    let mut command: Command = tenants.command(&setup::built("dataplane-fleet")?);
    command
        .args(["apply", "--tenant", &tenant, "--terraform"])
        .arg(setup::terraform()?)
        .env("FLEET_ACTOR", ACTOR)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut tool = process::spawn(command)?;
    let held = gate.until_held(1, LIMIT);
    tool.kill()?;
    tool.wait()?;
    held?;
    let Err(error) = tenants.fleet(&plan) else {
        bail!("two work in one folder");
    };
    let said = format!("{error:#}");
    ensure!(said.contains("still works in"), "{said}");
    gate.open();

    let journal = tenants.fleet(&["journal", "--tenant", &tenant])?.printed;
    assert_eq!(journal.as_array().map_or(0, Vec::len), 1, "{journal:#}");
    assert_eq!(journal[0]["outcome"], "started");
    let run = journal[0]["run"].as_str().context("a run")?;
    let resumed = wait::until("the end of what was left", LIMIT, || {
        match tenants.fleet(&["apply", "--resume", run]) {
            Err(error) if format!("{error:#}").contains("still works in") => Ok(None),
            said => said.map(Some),
        }
    })?;
    // It wrote its state; that its plan is still there misleads nobody.
    assert(&resumed, 0, &[(2, "unchanged")]);
    assert_eq!(buckets(tenants, 2)?, 1);
    assert_eq!(standing(tenants, 2)?, "current");
    Ok(())
}

/// A tenant leaves: the first attempt fails at a bucket that is not empty, and the run goes on destroying.
fn destroys_one(tenants: &Tenants) -> Result<()> {
    let (leaves, account) = (name(0), &tenants.accounts[0]);
    let bucket = format!("{leaves}-metadata");
    let object = json!({ "Bucket": bucket, "Key": "kept", "Body": "x" });
    account.call("s3", "put_object", &object)?;
    let allowed = format!("{leaves}:*");
    let who = [
        "--destroy",
        "--tenant",
        &leaves,
        "--allow-destroy",
        &allowed,
    ];
    let planned = tenants.fleet(&[["plan"].as_slice(), &who].concat())?;
    assert(&planned, 2, &[(0, "changed")]);
    let stopped = tenants.fleet(&[["apply"].as_slice(), &who].concat())?;
    assert(&stopped, 1, &[(0, "failed")]);
    assert_eq!(standing(tenants, 0)?, "broken");

    let versions = account.call("s3", "list_object_versions", &json!({ "Bucket": bucket }))?;
    for version in versions["Versions"].as_array().into_iter().flatten() {
        let version =
            json!({ "Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"] });
        account.call("s3", "delete_object", &version)?;
    }
    let run = run_of(&stopped)?;
    let refused = tenants.fleet(&["apply", "--resume", run])?;
    assert(&refused, 1, &[(0, "refused")]);
    let resumed = tenants.fleet(&["apply", "--resume", run, "--allow-destroy", &allowed])?;
    assert(&resumed, 0, &[(0, "applied")]);
    for (tenant, left) in [0, 1, 1, 0].into_iter().enumerate() {
        assert_eq!(buckets(tenants, tenant)?, left, "{}", name(tenant));
    }
    assert_eq!(standing(tenants, 0)?, "destroyed");
    let file = format!("tenants/{leaves}.tfvars.json");
    std::fs::remove_file(tenants.terraform.directory().join(file))?;
    assert_eq!(standing(tenants, 0)?, "destroyed", "the journal knows it");
    let verified = tenants.fleet(&["journal", "--verify"])?;
    assert_eq!(verified.printed["halves"], json!([]));
    Ok(())
}

/// Where `status` says that a tenant stands.
fn standing(tenants: &Tenants, tenant: usize) -> Result<Value> {
    let status = tenants.fleet(&["status"])?.printed;
    let mut all = status.as_array().into_iter().flatten();
    let own = all.find(|one| one["tenant"] == name(tenant));
    Ok(own.context("a standing")?["now"].clone())
}
