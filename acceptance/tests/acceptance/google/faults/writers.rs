//! Others write a policy while we do: nobody's members are lost.

use acceptance::google::Answer;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{LIMIT, fault};
use crate::google::{
    bench::{Bench, PROJECT},
    bound,
};

const BUCKET: &str = "acme-writers";

const TWO_ROLES: &str = r#"
resource "dataplane_bucket" "this" {
  name = "acme-writers"
}

resource "dataplane_role" "this" {
  for_each = toset(["writer-one", "writer-two"])

  name     = each.key
  profile  = "user"
  buckets  = { data = { id = dataplane_bucket.this.id } }
  trust    = { gke = { pool = "acme-prod-123456.svc.id.goog" } }
  subjects = [{ namespace = "fraud-production", service_account = each.key }]
}
"#;

const SOMEBODY: &str = "user:somebody@example.com";

fn policy(bench: &Bench) -> Result<Value> {
    let read = json!({ "bucket": BUCKET, "optionsRequestedPolicyVersion": 3 });
    bench.call("storage.v1", "buckets.getIamPolicy", read)
}

/// Somebody gives themselves a right, as the console would: read, change, write with the etag.
fn add_somebody(bench: &Bench) -> Result<()> {
    let changed = bound(policy(bench)?, "roles/storage.objectViewer", SOMEBODY);
    let write = json!({ "bucket": BUCKET, "body": changed });
    bench
        .call("storage.v1", "buckets.setIamPolicy", write)
        .map(drop)
}

fn assert_all_in(bench: &Bench) -> Result<()> {
    let text = policy(bench)?.to_string();
    let roles = ["writer-one", "writer-two"]
        .map(|name| format!("serviceAccount:{name}@{PROJECT}.iam.gserviceaccount.com"));
    for member in roles.iter().map(String::as_str).chain([SOMEBODY]) {
        ensure!(text.contains(member), "{member} was lost: {text}");
    }
    Ok(())
}

#[test]
fn a_policy_that_somebody_changed_meanwhile_is_read_again() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = bench.configuration(TWO_ROLES)?;
    let gate = bench.project.gate();
    let write = "storage.buckets.setIamPolicy";
    fault(&bench, write, 0..1, &Answer::Held(gate.clone()))?;
    let applying = terraform.start_apply()?;
    gate.until_held(1, LIMIT)?;
    add_somebody(&bench)?;
    gate.open()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    let calls = bench.project.take_calls()?;
    let stale = |call: &&acceptance::google::Call| call.method == write && call.status == 412;
    assert_eq!(calls.iter().filter(stale).count(), 1);
    assert_all_in(&bench)?;
    terraform.plan()?.assert_empty("the plan after")?;

    terraform.succeed(&[
        "destroy",
        "-input=false",
        "-auto-approve",
        "-target=dataplane_role.this[\"writer-one\"]",
        "-target=dataplane_role.this[\"writer-two\"]",
    ])?;
    let text = policy(&bench)?.to_string();
    ensure!(
        text.contains(SOMEBODY) && !text.contains("serviceAccount:writer"),
        "{text}"
    );
    Ok(())
}

#[test]
fn conflicts_that_pass_are_not_noticed() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = bench.configuration(TWO_ROLES)?;
    let aborted = Answer::Error {
        code: 409,
        status: "ABORTED",
        message: "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
    };
    fault(
        &bench,
        "iam.projects.serviceAccounts.setIamPolicy",
        0..2,
        &aborted,
    )?;
    let stale = Answer::Error {
        code: 412,
        status: "FAILED_PRECONDITION",
        message: "At least one of the pre-conditions you specified did not hold.",
    };
    fault(&bench, "storage.buckets.setIamPolicy", 0..2, &stale)?;
    terraform.apply_then_empty_plan()?;
    let calls = bench.project.take_calls()?;
    let conflicts = calls
        .iter()
        .filter(|call| [409, 412].contains(&call.status));
    assert_eq!(conflicts.count(), 4);
    add_somebody(&bench)?;
    assert_all_in(&bench)?;
    terraform
        .plan()?
        .assert_empty("the plan after somebody came")
}
