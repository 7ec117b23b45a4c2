//! What goes wrong on Google Cloud only: accounts and rights that are not known yet, names that are kept after a deletion,
//! APIs that are not enabled, quotas.

use acceptance::google::Answer;
use anyhow::{Result, ensure};
use serde_json::json;

use super::{answered, assert_nothing_left, assert_whole, fault, one_of_each, said_of};
use crate::{
    bad_input::{Expected, refuses},
    google::bench::{Bench, PROJECT},
};

const ACCOUNT: &str = "iam.projects.serviceAccounts";

#[test]
fn an_account_and_rights_on_it_that_are_not_known_yet_are_waited_for() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    bench.project.set_account_delay(2)?;
    let denied = Answer::Denied {
        permission: "iam.serviceAccounts.getIamPolicy",
    };
    fault(
        &bench,
        "iam.projects.serviceAccounts.getIamPolicy",
        0..2,
        &denied,
    )?;
    terraform.apply()?;
    let refused = answered(&bench, "iam.projects.serviceAccounts.getIamPolicy", 403)?;
    assert_eq!(refused, 2);
    bench.project.clear_faults()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn names_that_google_keeps_after_a_deletion_are_taken_back() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    terraform.apply()?;
    terraform.destroy()?;
    assert_nothing_left(&bench)?;
    let parent =
        json!({ "parent": format!("projects/{PROJECT}/locations/global"), "showDeleted": true });
    let pools = "projects.locations.workloadIdentityPools.list";
    let kept = bench.call("iam.v1", pools, parent)?;
    assert_eq!(kept["workloadIdentityPools"][0]["state"], "DELETED");
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_deleted_pool_of_somebody_else_is_not_taken_over() -> Result<()> {
    let bench = Bench::google()?;
    let parent = format!("projects/{PROJECT}/locations/global");
    let pools = "projects.locations.workloadIdentityPools";
    let made = json!({ "parent": parent, "workloadIdentityPoolId": "faults", "body": { "description": "by hand" } });
    bench.call("iam.v1", &format!("{pools}.create"), made)?;
    let name = format!("{parent}/workloadIdentityPools/faults");
    bench.call(
        "iam.v1",
        &format!("{pools}.delete"),
        json!({ "name": name }),
    )?;
    let terraform = bench.configuration(
        "resource \"dataplane_identity_provider\" \"this\" {\n  name   = \"faults\"\n  issuer = \"https://oidc.example.test/id/faults\"\n}\n",
    )?;
    let said = terraform.diagnostics("apply")?;
    let text = said_of(&said, "dataplane_identity_provider.this")?;
    ensure!(text.contains("faults") && text.contains("delete"), "{text}");
    let kept = bench.call("iam.v1", &format!("{pools}.get"), json!({ "name": name }))?;
    ensure!(
        kept["state"] == "DELETED" && kept["description"] == "by hand",
        "{kept:#}"
    );
    Ok(())
}

#[test]
fn an_api_that_is_not_enabled_is_told_with_the_command() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let host = "artifactregistry.googleapis.com";
    bench.project.disable(&[host])?;
    let said = terraform.diagnostics("apply")?;
    let text = said_of(&said, "dataplane_registry.this")?;
    let command = format!("gcloud services enable {host} --project {PROJECT}");
    ensure!(text.contains(&command), "{text}");
    bench.project.disable(&[])?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_full_quota_is_told_at_once() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let create = "iam.projects.serviceAccounts.create";
    let full = Answer::Error {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message: "Maximum number of service accounts on project reached.",
    };
    fault(&bench, create, 0..usize::MAX, &full)?;
    let said = terraform.diagnostics("apply")?;
    let text = said_of(&said, "dataplane_role.this")?;
    ensure!(
        text.contains("exceeds a quota") && text.contains("have the quota raised"),
        "{text}"
    );
    assert_eq!(answered(&bench, create, 429)?, 1);
    bench.project.clear_faults()?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

fn delete_account(bench: &Bench, account: &str) -> Result<()> {
    let name =
        format!("projects/{PROJECT}/serviceAccounts/{account}@{PROJECT}.iam.gserviceaccount.com");
    let deleted = json!({ "name": name });
    bench
        .call("iam.v1", "projects.serviceAccounts.delete", deleted)
        .map(drop)
}

fn policy(bench: &Bench) -> Result<String> {
    let resource = json!({ "resource": format!("projects/{PROJECT}"), "body": { "options": { "requestedPolicyVersion": 3 } } });
    let policy = bench.call("cloudresourcemanager.v3", "projects.getIamPolicy", resource)?;
    Ok(policy.to_string())
}

/// Of the account itself, or of the pods that have its rights directly, whoever finds the account gone.
#[test]
fn an_account_that_somebody_deleted_leaves_nothing_to_a_destroy() -> Result<()> {
    let bench = Bench::google()?;
    let role = |name: &str, direct: bool| {
        format!(
            "resource \"dataplane_role\" \"{name}\" {{
  name     = \"faults-{name}\"
  profile  = \"log_writer\"
  logs     = [\"faults\"]
  trust    = {{ gke = {{ pool = \"{PROJECT}.svc.id.goog\", direct = {direct} }} }}
  subjects = [{{ namespace = \"union\", service_account = \"{name}\" }}]
}}
"
        )
    };
    let roles = role("own", false) + &role("direct", true);
    let terraform = bench.configuration(&roles)?;
    terraform.apply()?;
    let before = policy(&bench)?;
    ensure!(before.contains("/sa/direct"), "{before}");
    for account in ["faults-own", "faults-direct"] {
        delete_account(&bench, account)?;
    }
    let left = policy(&bench)?;
    ensure!(
        left.contains("deleted:serviceAccount:faults-own@"),
        "{left}"
    );
    ensure!(left.contains("/sa/direct"), "{left}");
    terraform.succeed(&["destroy", "-auto-approve", "-refresh=false"])?;
    let left = policy(&bench)?;
    ensure!(
        !left.contains("faults-") && !left.contains("/sa/"),
        "{left}"
    );
    Ok(())
}

/// As the policy `gcp.restrictNonCmekServices` has it.
#[test]
fn an_organisation_that_wants_keys_gets_them_and_a_log_group_keeps_its_own() -> Result<()> {
    const LOG_GROUP: &str = "resource \"dataplane_log_group\" \"this\" {\n  name    = \"keys\"\n";
    let bench = Bench::google()?;
    let hosts = ["storage.googleapis.com", "logging.googleapis.com"];
    bench.project.require_keys(&hosts)?;
    let key = |name: &str| {
        format!("\"projects/{PROJECT}/locations/europe-west4/keyRings/r/cryptoKeys/{name}\"")
    };
    let written = |bucket: &str, group: &str| {
        format!(
            "resource \"dataplane_bucket\" \"this\" {{\n  name    = \"acme-keys\"\n  kms_key = {bucket}\n}}\n\n{LOG_GROUP}  kms_key = {group}\n}}\n"
        )
    };
    let terraform = bench.configuration(&written("null", &key("first")))?;
    let said = terraform.diagnostics("apply")?;
    let text = said_of(&said, "dataplane_bucket.this")?;
    ensure!(text.contains("gcp.restrictNonCmekServices"), "{text}");
    for group in ["first", "second"] {
        terraform.write("main.tf", &written(&key("first"), &key(group)))?;
        terraform.apply_then_empty_plan()?;
    }
    terraform.write("main.tf", &written(&key("first"), "null"))?;
    bench.project.take_calls()?;
    let says = ["can get another, but never none", "another name", "7 days"];
    let error = Expected::at("dataplane_log_group.this", &says).under("null");
    refuses(&terraform, "plan", &[error])?;
    let calls = bench.project.take_calls()?;
    ensure!(
        calls
            .iter()
            .all(|call| call.method.rsplit('.').next() == Some("get")),
        "{calls:?}"
    );
    // Terraform plans before it destroys, and says what is wrong then as well.
    terraform.write("main.tf", &written(&key("first"), &key("second")))?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn an_account_that_somebody_deleted_leaves_no_rights_to_its_successor() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    terraform.apply()?;
    delete_account(&bench, "faults")?;
    terraform.apply()?;
    let policy = policy(&bench)?;
    ensure!(!policy.contains("deleted:serviceAccount"), "{policy}");
    ensure!(policy.contains("serviceAccount:faults@"), "{policy}");
    ensure!(answered(&bench, ACCOUNT, 200)? > 0, "no account was made");
    assert_whole(&bench, &terraform)
}
