//! Azure, by a stand-in that asks for actions and notes them.

use std::collections::BTreeSet;

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    Unused,
    steps::{Noting, Steps},
};
use crate::azure::bench::Bench;

/// Printed for each step, since whatever is read may ask it.
pub const WHOSE: [Unused; 4] = [
    ("create", SUBSCRIPTION, NOT_ASKED),
    ("read", SUBSCRIPTION, NOT_ASKED),
    ("update", SUBSCRIPTION, NOT_ASKED),
    ("delete", SUBSCRIPTION, NOT_ASKED),
];
const SUBSCRIPTION: &str = "Microsoft.Resources/subscriptions/read";
const NOT_ASKED: &str = "only who asks for the identity of the caller looks at the subscription";
const AT_ONCE: &str = "the stand-in changes a registry at once";

fn texts(list: &Value) -> Result<BTreeSet<String>> {
    let list = list.as_array().context("a list")?.iter();
    Ok(list.filter_map(Value::as_str).map(str::to_owned).collect())
}

impl Noting for Bench {
    fn ready(&self, text: &str) -> Result<Terraform> {
        let terraform = self.configuration(text)?;
        terraform.init()?;
        Ok(terraform)
    }

    fn listed(document: &Value) -> Result<BTreeSet<String>> {
        let mut listed = texts(&document["Actions"])?;
        listed.extend(texts(&document["DataActions"])?);
        Ok(listed)
    }

    fn let_in(&self, person: &str, documents: &[&Value]) -> Result<Vec<(String, String)>> {
        let mut parts = [BTreeSet::new(), BTreeSet::new()];
        for document in documents {
            for (part, name) in parts.iter_mut().zip(["Actions", "DataActions"]) {
                part.extend(texts(&document[name])?);
            }
        }
        let [actions, data] = parts.map(|part| part.into_iter().collect::<Vec<_>>());
        let person = self.subscription.person(person, &actions, &data, &[""; 0]);
        Ok(person?.environment())
    }

    fn took(&self, person: &str) -> Result<BTreeSet<String>> {
        self.subscription.used_by(person)
    }
}

fn lives(bench: &Bench, kind: &str, texts: [&str; 2], unused: &[Unused]) -> Result<()> {
    let mut steps = Steps::of(bench, &[kind])?;
    let [made, changed] = texts;
    steps.life(made, &[changed])?;
    steps.assert_needed(&[&WHOSE[..], unused].concat())
}

/// With a vault that has two keys.
fn with_keys() -> Result<Bench> {
    let bench = Bench::azure()?;
    bench.make_vault("acme-vault")?;
    for key in ["one", "two"] {
        let key = json!({ "vault_name": "acme-vault", "key_name": key, "parameters": { "properties": { "kty": "RSA" } } });
        bench.call("keyvault", "keys.create_if_not_exist", key)?;
    }
    Ok(bench)
}

/// What somebody does to the account by hand.
fn by_hand(bench: &Bench, method: &str, mut parameters: Value) -> Result<()> {
    parameters["account_name"] = "acmeprodmeta".into();
    bench.call("storage", method, parameters).map(drop)
}

#[test]
fn a_bucket() -> Result<()> {
    let bench = with_keys()?;
    let bucket = |key: &str, subnet: &str, more: &str| {
        format!(
            "resource \"dataplane_bucket\" \"it\" {{
  account          = \"acmeprodmeta\"
  name             = \"metadata\"
  kms_key          = \"https://acme-vault.vault.azure.net/keys/{key}\"
  allowed_networks = {{ subnets = [\"{}/providers/Microsoft.Network/virtualNetworks/nodes/subnets/{subnet}\"] }}
  {more}
}}
",
            bench.subscription.scope()
        )
    };
    let mut steps = Steps::of(&bench, &["bucket"])?;
    let made = bucket(
        "one",
        "a",
        "versioning = true\n  cors_origins = [\"https://app.example.com\"]\n  expiration = [{ prefix = \"raw/\", days = 90 }]\n  tags = { team = \"data\" }",
    );
    let mut terraform = steps.create(bench.ready(&made)?)?;
    terraform = steps.plan(terraform)?;
    let opened = json!({ "properties": { "allowBlobPublicAccess": true } });
    by_hand(
        &bench,
        "storage_accounts.update",
        json!({ "parameters": opened }),
    )?;
    let changed = bucket(
        "two",
        "b",
        "versioning = true\n  soft_delete_days = 14\n  force_destroy = true",
    );
    terraform = steps.change(terraform, &changed)?;
    let share = json!({ "share_name": "home", "file_share": { "properties": {} } });
    by_hand(&bench, "file_shares.create", share)?;
    by_hand(
        &bench,
        "queue.create",
        json!({ "queue_name": "jobs", "queue": {} }),
    )?;
    by_hand(
        &bench,
        "table.create",
        json!({ "table_name": "Runs", "parameters": {} }),
    )?;
    for data in ["older", "newer"] {
        let blob = json!({ "name": "raw/1", "data": data, "overwrite": true });
        let owner = bench.owner();
        owner.call("blob/acmeprodmeta/metadata", "upload_blob", &blob)?;
    }
    steps.destroy(terraform)?;
    let left_over = "a create that was interrupted may find it with what is not wanted any more";
    let unused = [
        (
            "create",
            "Microsoft.Authorization/roleAssignments/delete",
            left_over,
        ),
        (
            "create",
            "Microsoft.Storage/storageAccounts/managementPolicies/delete",
            left_over,
        ),
        (
            "update",
            "Microsoft.Storage/storageAccounts/managementPolicies/write",
            "rules that come to a bucket later are written as those of a new one",
        ),
        (
            "delete",
            "Microsoft.Authorization/roleAssignments/write",
            "the right on the key is given back where the account stays after all",
        ),
    ];
    steps.assert_needed(&[&WHOSE[..], &unused[..]].concat())
}

#[test]
fn a_registry() -> Result<()> {
    let bench = Bench::azure()?;
    let registry = "resource \"dataplane_registry\" \"it\" {\n  name = \"acmeprodimages\"\n}\n";
    let mut steps = Steps::of(&bench, &["registry"])?;
    let mut terraform = steps.create(bench.ready(registry)?)?;
    terraform = steps.plan(terraform)?;
    let opened = json!({ "registry_name": "acmeprodimages", "registry_update_parameters": { "properties": { "adminUserEnabled": true } } });
    bench.call("containerregistry", "registries.begin_update", opened)?;
    let tagged = registry.replace("images\"\n", "images\"\n  tags = { team = \"data\" }\n");
    terraform = steps.change(terraform, &tagged)?;
    steps.destroy(terraform)?;
    let unused = [
        (
            "update",
            "Microsoft.ContainerRegistry/registries/operationStatuses/read",
            AT_ONCE,
        ),
        (
            "delete",
            "Microsoft.ContainerRegistry/registries/metadata/read",
            "the stand-in asks for pull/read where a registry may ask for either",
        ),
    ];
    steps.assert_needed(&[&WHOSE[..], &unused[..]].concat())
}

#[test]
fn a_log_group() -> Result<()> {
    let group = |more: &str| {
        format!(
            "resource \"dataplane_log_group\" \"it\" {{\n  name = \"acme-prod\"\n  retention_days = {more}\n}}\n"
        )
    };
    let changed = group("90\n  tags = { team = \"data\" }");
    lives(&Bench::azure()?, "log_group", [&group("60"), &changed], &[])
}

#[test]
fn a_secret() -> Result<()> {
    let bench = with_keys()?;
    let secret = |more: &str| {
        format!(
            "resource \"dataplane_secret\" \"it\" {{\n  name = \"acme-vault/warehouse\"\n  value_wo = \"hidden\"\n  {more}\n}}\n"
        )
    };
    let mut steps = Steps::of(&bench, &["secret"])?;
    let changed = secret("value_wo_version = 2\n  tags = { team = \"data\" }");
    steps.life(&secret("value_wo_version = 1"), &[&changed])?;
    // What was deleted is brought back, and then goes for good.
    let brief = secret("value_wo_version = 1\n  recovery_window_days = 0");
    steps.life(&brief, &[])?;
    steps.assert_needed(&WHOSE)
}

#[test]
fn a_role() -> Result<()> {
    let bench = with_keys()?;
    bench.make_account("acmeprodmeta")?;
    let role = |namespace: &str, more: &str| {
        format!(
            "resource \"dataplane_role\" \"it\" {{
  name     = \"adminflyterole\"
  profile  = \"admin\"
  secrets  = \"acme-vault/\"
  trust    = {{ azure = {{ issuer = \"https://oidc.example.test/acme\" }} }}
  subjects = [{{ namespace = \"{namespace}\", service_account = \"default\" }}]
  {more}
}}
"
        )
    };
    let writes = "buckets = { data = { id = \"acmeprodmeta/data\" } }";
    let mut steps = Steps::of(&bench, &["role"])?;
    let mut terraform = steps.create(bench.ready(&role("a", writes))?)?;
    terraform = steps.plan(terraform)?;
    terraform = steps.change(terraform, &role("b", "tags = { team = \"data\" }"))?;
    terraform = steps.change(terraform, &role("b", writes))?;
    // Somebody deletes the identity, and Azure keeps what it was given.
    let identity = json!({ "resource_name": "adminflyterole" });
    bench.call("msi", "user_assigned_identities.delete", identity)?;
    terraform = steps.create(terraform)?;
    steps.destroy(terraform)?;
    steps.assert_needed(&WHOSE)
}

#[test]
fn a_cluster() -> Result<()> {
    let bench = Bench::azure()?;
    bench.subscription.describe_on_aks("prod")?;
    let lookup = |output: &str| {
        format!(
            "data \"dataplane_cluster\" \"it\" {{\n  cluster = {{ aks = {{ resource_group = \"acme-prod\", name = \"prod\" }} }}\n}}\n\n\
             output \"{output}\" {{\n  value = data.dataplane_cluster.it.issuer\n}}\n"
        )
    };
    lives(
        &bench,
        "cluster",
        [&lookup("issuer"), &lookup("other")],
        &[],
    )
}
