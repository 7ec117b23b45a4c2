//! Google Cloud, by a stand-in that asks for permissions and notes them.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{STEPS, Unused, assert_needed};
use crate::google::bench::Bench;

const WAS_DELETED: &str = "one of this name was deleted a short time ago";

/// What happens to one kind of resource.
struct Life {
    kind: &'static str,
    made: &'static str,
    changed: &'static [&'static str],
    unused: &'static [Unused],
}

/// The permissions of the printed roles, by step.
fn printed(bench: &Bench, kind: &str) -> Result<BTreeMap<&'static str, BTreeSet<String>>> {
    let terraform = bench.configuration(&format!(
        "data \"dataplane_permissions\" \"this\" {{\n  resources = [\"{kind}\"]\n}}\n\n\
         output \"documents\" {{\n  value = data.dataplane_permissions.this.by_operation\n}}\n"
    ))?;
    terraform.apply()?;
    let documents = terraform.output("documents")?;
    let permissions = |step: &&'static str| {
        let text = documents[*step].as_str().context("a role")?;
        let role: Value = serde_json::from_str(text)?;
        let listed = role["includedPermissions"].as_array().context("a list")?;
        let listed = listed.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok((*step, listed.collect()))
    };
    STEPS.iter().map(permissions).collect()
}

fn lives(life: &Life) -> Result<()> {
    let bench = Bench::google()?;
    let printed = printed(&bench, life.kind)?;
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut steps = 0;
    let mut step =
        |terraform: Terraform, name: &'static str, act: &dyn Fn(&Terraform) -> Result<()>| {
            let permissions: Vec<_> = printed["read"].union(&printed[name]).collect();
            steps += 1;
            let person = format!("{name}{steps}");
            let runner = bench.project.person(&person, &permissions)?;
            let terraform = terraform.with(runner.environment());
            act(&terraform).with_context(|| format!("{name} with {permissions:?}"))?;
            let took = bench.project.used_by(&person)?;
            ensure!(!took.is_empty(), "{name} took nothing");
            used.entry(name).or_default().extend(took);
            anyhow::Ok(terraform)
        };
    let apply = |terraform: &Terraform| terraform.apply().map(drop);
    let mut terraform = bench.configuration(life.made)?;
    terraform = step(terraform, "create", &apply)?;
    terraform = step(terraform, "read", &|terraform| {
        let changes = terraform.plan()?.changes();
        ensure!(changes.is_empty(), "{changes:?}");
        Ok(())
    })?;
    for changed in life.changed {
        terraform.write("main.tf", changed)?;
        terraform = step(terraform, "update", &apply)?;
    }
    step(terraform, "delete", &|terraform| {
        terraform.destroy().map(drop)
    })?;
    let all: BTreeSet<String> = used.values().flatten().cloned().collect();
    let mut wrong = Vec::new();
    for step in STEPS {
        let used = if step == "read" { &all } else { &used[step] };
        let outcome = assert_needed(step, &printed[step], used, life.unused);
        wrong.extend(outcome.err().map(|error| error.to_string()));
    }
    ensure!(wrong.is_empty(), "{}: {}", life.kind, wrong.join("\n"));
    Ok(())
}

#[test]
fn a_bucket() -> Result<()> {
    lives(&Life {
        kind: "bucket",
        made: r#"
resource "dataplane_bucket" "it" {
  name         = "acme-prod-metadata"
  cors_origins = ["https://app.example.com"]
  expiration   = [{ prefix = "raw/", days = 90 }]
  tags         = { team = "data" }
}
"#,
        changed: &[r#"
resource "dataplane_bucket" "it" {
  name             = "acme-prod-metadata"
  soft_delete_days = 14
  force_destroy    = true
}
"#],
        unused: &[
            (
                "create",
                "storage.buckets.setIamPolicy",
                "a create that was interrupted may find the bucket opened to the public",
            ),
            (
                "update",
                "storage.buckets.setIamPolicy",
                "somebody opened the bucket to the public",
            ),
            (
                "delete",
                "storage.objects.delete",
                "the bucket is not empty",
            ),
            ("delete", "storage.objects.list", "the bucket is not empty"),
        ],
    })
}

#[test]
fn an_identity_provider() -> Result<()> {
    lives(&Life {
        kind: "identity_provider",
        made: r#"
resource "dataplane_identity_provider" "it" {
  name   = "acme-prod"
  issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
}
"#,
        changed: &[r#"
resource "dataplane_identity_provider" "it" {
  name      = "acme-prod"
  issuer    = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  audiences = ["acme.example"]
}
"#],
        unused: &[
            (
                "create",
                "iam.workloadIdentityPoolProviders.undelete",
                WAS_DELETED,
            ),
            (
                "create",
                "iam.workloadIdentityPoolProviders.update",
                WAS_DELETED,
            ),
            ("create", "iam.workloadIdentityPools.undelete", WAS_DELETED),
            (
                "update",
                "iam.workloadIdentityPools.update",
                "somebody switched the pool off",
            ),
        ],
    })
}

#[test]
fn a_registry() -> Result<()> {
    lives(&Life {
        kind: "registry",
        made: r#"
resource "dataplane_registry" "it" {
  name           = "acme-tasks"
  immutable_tags = false
  keep_last      = 500
}
"#,
        changed: &[r#"
resource "dataplane_registry" "it" {
  name           = "acme-tasks"
  immutable_tags = false
  tags           = { team = "data" }
}
"#],
        unused: &[(
            "create",
            "artifactregistry.repositories.get",
            "a create that was interrupted looks for what is there",
        )],
    })
}

#[test]
fn a_log_group() -> Result<()> {
    lives(&Life {
        kind: "log_group",
        made: r#"
resource "dataplane_log_group" "it" {
  name           = "acme-prod"
  retention_days = 60
}
"#,
        changed: &[r#"
resource "dataplane_log_group" "it" {
  name           = "acme-prod"
  retention_days = 90
}
"#],
        unused: &[("create", "logging.buckets.undelete", WAS_DELETED)],
    })
}

#[test]
fn a_secret() -> Result<()> {
    lives(&Life {
        kind: "secret",
        made: r#"
resource "dataplane_secret" "it" {
  name             = "acme-prod-warehouse"
  value_wo         = "one"
  value_wo_version = 1
}
"#,
        changed: &[r#"
resource "dataplane_secret" "it" {
  name             = "acme-prod-warehouse"
  value_wo         = "two"
  value_wo_version = 2
  tags             = { team = "data" }
}
"#],
        unused: &[(
            "create",
            "secretmanager.versions.get",
            "a create that was interrupted may find a version",
        )],
    })
}
