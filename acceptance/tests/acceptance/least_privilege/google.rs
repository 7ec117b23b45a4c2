//! Google Cloud, by a stand-in that asks for permissions and notes them.

use std::collections::BTreeSet;

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    Unused,
    steps::{Noting, Steps},
};
use crate::google::bench::{Bench, PROJECT, REGION};

const WAS_DELETED: &str = "one of this name was deleted a short time ago";

/// What happens to one kind of resource.
struct Life {
    kind: &'static str,
    made: &'static str,
    changed: &'static [&'static str],
    unused: &'static [Unused],
}

impl Noting for Bench {
    fn ready(&self, text: &str) -> Result<Terraform> {
        self.configuration(text)
    }

    fn listed(document: &Value) -> Result<BTreeSet<String>> {
        let listed = document["includedPermissions"].as_array();
        let listed = listed.context("a role")?.iter().filter_map(Value::as_str);
        Ok(listed.map(str::to_owned).collect())
    }

    fn let_in(&self, person: &str, documents: &[&Value]) -> Result<Vec<(String, String)>> {
        let mut permissions = BTreeSet::new();
        for document in documents {
            permissions.extend(Self::listed(document)?);
        }
        let permissions: Vec<_> = permissions.iter().collect();
        Ok(self.project.person(person, &permissions)?.environment())
    }

    fn took(&self, person: &str) -> Result<BTreeSet<String>> {
        self.project.used_by(person)
    }
}

fn lives(life: &Life) -> Result<()> {
    let bench = Bench::google()?;
    let mut steps = Steps::of(&bench, &[life.kind])?;
    steps.life(life.made, life.changed)?;
    steps.assert_needed(life.unused)
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

/// One that reads and writes a bucket and reads secrets, and one that pushes images.
#[test]
fn a_role() -> Result<()> {
    let bench = Bench::google()?;
    let bucket = json!({ "project": PROJECT, "body": { "name": "acme-prod-metadata", "location": REGION,
        "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true } } } });
    bench.call("storage.v1", "buckets.insert", bucket)?;
    let parent = format!("projects/{PROJECT}/locations/{REGION}");
    let repository =
        json!({ "parent": parent, "repositoryId": "acme-tasks", "body": { "format": "DOCKER" } });
    bench.call(
        "artifactregistry.v1",
        "projects.locations.repositories.create",
        repository,
    )?;
    let roles = |prefix: &str, registry: &str, subject: &str| {
        let role = |name: &str, profile: &str, more: &str| {
            format!(
                "resource \"dataplane_role\" \"{profile}\" {{
  name     = \"{name}\"
  profile  = \"{profile}\"
  trust    = {{ gke = {{ pool = \"{PROJECT}.svc.id.goog\" }} }}
  subjects = [{{ namespace = \"union\", service_account = \"{subject}\" }}]
  {more}
}}
"
            )
        };
        let buckets = format!(
            "buckets = {{ data = {{ id = \"acme-prod-metadata\", prefixes = [\"{prefix}/\"] }} }}\n  secrets = \"acme-prod-{prefix}-\""
        );
        role("adminflyterole", "admin", &buckets) + &role("acme-prod-builder", "builder", registry)
    };
    let registry = "registry = \"acme-tasks\"";
    let mut steps = Steps::of(&bench, &["role"])?;
    let mut terraform = steps.create(bench.ready(&roles("one", registry, "executor"))?)?;
    terraform = steps.plan(terraform)?;
    let name = format!(
        "projects/{PROJECT}/serviceAccounts/adminflyterole@{PROJECT}.iam.gserviceaccount.com"
    );
    let off = json!({ "name": name, "body": {} });
    bench.call("iam.v1", "projects.serviceAccounts.disable", off)?;
    let changed = roles("two", registry, "proxy");
    terraform = steps.change(terraform, &changed)?;
    // Somebody takes away what the builder has.
    let resource = format!("{parent}/repositories/acme-tasks");
    let method = "projects.locations.repositories.getIamPolicy";
    let found = bench.call(
        "artifactregistry.v1",
        method,
        json!({ "resource": resource }),
    )?;
    let nothing = json!({ "bindings": [], "etag": found["etag"] });
    let nothing = json!({ "resource": resource, "body": { "policy": nothing } });
    bench.call(
        "artifactregistry.v1",
        "projects.locations.repositories.setIamPolicy",
        nothing,
    )?;
    terraform = steps.change(terraform, &changed)?;
    steps.destroy(terraform)?;
    steps.assert_needed(&[
        (
            "update",
            "iam.serviceAccounts.update",
            "somebody changed the account's description",
        ),
        (
            "delete",
            "iam.serviceAccounts.setIamPolicy",
            "no account's policy but its own, which goes with it, names the role here",
        ),
    ])
}

#[test]
fn a_cluster() -> Result<()> {
    let lookup = |output: &str| {
        format!(
            "data \"dataplane_cluster\" \"it\" {{\n  cluster = {{ gke = {{ project = \"{PROJECT}\", location = \"{REGION}\", name = \"prod\" }} }}\n}}\n\n\
             output \"{output}\" {{\n  value = data.dataplane_cluster.it.issuer\n}}\n"
        )
    };
    let bench = Bench::google()?;
    let mut steps = Steps::of(&bench, &["cluster"])?;
    let terraform = steps.take(bench.ready(&lookup("issuer"))?, "read", |terraform| {
        terraform.apply_then_empty_plan()
    })?;
    drop(terraform);
    steps.assert_needed(&[(
        "read",
        "container.clusters.connect",
        "a cluster's DNS endpoint asks for it before the API server is reached, and the stand-in has none",
    )])
}
