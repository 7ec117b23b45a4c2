//! What somebody leaves behind who deletes a service account: told as soon as Terraform drops it, and what is told to do about it
//! does it.

use acceptance::terraform::Terraform;
use anyhow::{Result, ensure};
use serde_json::json;

use super::bench::{Bench, PROJECT};

fn configuration() -> String {
    format!(
        "resource \"dataplane_role\" \"this\" {{
  name     = \"leavers\"
  profile  = \"log_writer\"
  logs     = [\"leavers\"]
  trust    = {{ gke = {{ pool = \"{PROJECT}.svc.id.goog\", direct = true }} }}
  subjects = [{{ namespace = \"union\", service_account = \"leaver\" }}]
}}
"
    )
}

fn policy(bench: &Bench) -> Result<String> {
    let resource = json!({ "resource": format!("projects/{PROJECT}"), "body": { "options": { "requestedPolicyVersion": 3 } } });
    let policy = bench.call("cloudresourcemanager.v3", "projects.getIamPolicy", resource)?;
    Ok(policy.to_string())
}

fn delete_account(bench: &Bench) -> Result<()> {
    let name =
        format!("projects/{PROJECT}/serviceAccounts/leavers@{PROJECT}.iam.gserviceaccount.com");
    bench
        .call(
            "iam.v1",
            "projects.serviceAccounts.delete",
            json!({ "name": name }),
        )
        .map(drop)
}

/// What a command prints, without the lines that Terraform breaks it into. A destroy keeps the warnings of its refresh to itself.
fn printed(terraform: &Terraform, command: &str) -> Result<String> {
    let printed = terraform.succeed(&[command, "-no-color"])?;
    let words = printed.split_whitespace().filter(|word| *word != "│");
    Ok(words.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_plan_after_somebody_deleted_the_account_tells_who_keeps_rights() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = bench.configuration(&configuration())?;
    terraform.apply()?;
    delete_account(&bench)?;
    let planned = printed(&terraform, "plan")?;
    let told = [
        "Warning: role leavers is gone, and not all that belonged to it",
        "system:serviceaccount:union:leaver themselves",
        "which keep their rights",
        "`terraform destroy -refresh=false` removes them",
    ];
    for part in told {
        ensure!(planned.contains(part), "{part:?} is not in: {planned}");
    }
    terraform.destroy()?;
    ensure!(
        policy(&bench)?.contains("/sa/leaver"),
        "nothing of Terraform's came by here"
    );

    terraform.apply()?;
    delete_account(&bench)?;
    let applied = terraform.apply()?;
    let told = "role leavers is gone, and not all that belonged to it";
    ensure!(applied.contains(told), "{applied}");
    terraform
        .plan()?
        .assert_empty("the plan after it was made again")?;
    terraform.destroy()?;
    ensure!(
        !policy(&bench)?.contains("/sa/leaver"),
        "{}",
        policy(&bench)?
    );

    terraform.apply()?;
    delete_account(&bench)?;
    printed(&terraform, "plan")?;
    terraform.succeed(&["destroy", "-auto-approve", "-refresh=false"])?;
    ensure!(
        !policy(&bench)?.contains("/sa/leaver"),
        "{}",
        policy(&bench)?
    );
    Ok(())
}
