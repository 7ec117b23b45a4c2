//! The examples of resources for Google Cloud: applied, planned again (nothing), changed from outside (shown and mended),
//! imported, destroyed (nothing left). What is left is looked up by Google's clients and kubectl, never by our code.

mod cases;

use std::{collections::BTreeSet, fs};

use acceptance::{setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use self::cases::{
    BUCKET, IDENTITY_PROVIDER, LOG_GROUP, OPERATOR, REGISTRY, ROLE, SECRET, WORKSPACE,
};
use super::bench::Bench;

/// How the example of a resource is tried.
struct Case {
    resource: &'static str,
    address: &'static str,
    bench: fn() -> Result<Bench>,
    /// What somebody changes by hand.
    change: fn(&Bench) -> Result<Value>,
    /// Somebody deletes it by hand.
    remove: fn(&Bench) -> Result<Value>,
    /// Whether it is still there.
    exists: fn(&Bench) -> Result<bool>,
    import_id: fn(&Bench) -> String,
    /// Arguments that no API tells, so that an import leaves them to be set.
    untold: &'static [&'static str],
}

const CASES: [&Case; 8] = [
    &BUCKET,
    &IDENTITY_PROVIDER,
    &LOG_GROUP,
    &OPERATOR,
    &REGISTRY,
    &ROLE,
    &SECRET,
    &WORKSPACE,
];

/// The secret's value in its example.
const PASSWORD: &str = "correct horse battery staple";

impl Case {
    fn run(&self) -> Result<()> {
        let bench = (self.bench)()?;
        let terraform = bench.example(&format!("resources/{}/gcp", self.resource))?;
        terraform.init()?;
        terraform
            .apply_then_empty_plan()
            .context("the first apply")?;
        ensure!((self.exists)(&bench)?, "nothing was made");
        let state = fs::read_to_string(terraform.directory().join("terraform.tfstate"))?;
        ensure!(!state.contains(PASSWORD), "the state has the secret");

        (self.change)(&bench).context("changing it from outside")?;
        self.assert_drift(&terraform, "update")?;
        terraform
            .apply_then_empty_plan()
            .context("mending a change from outside")?;

        terraform.succeed(&["state", "rm", self.address])?;
        terraform.import(self.address, &(self.import_id)(&bench))?;
        self.assert_imported(&terraform)?;
        terraform
            .apply_then_empty_plan()
            .context("applying after the import")?;

        (self.remove)(&bench).context("deleting it from outside")?;
        self.assert_drift(&terraform, "create")?;
        terraform
            .apply_then_empty_plan()
            .context("making it again")?;
        ensure!((self.exists)(&bench)?, "it was not made again");

        Self::unprotect(&terraform)?;
        terraform.destroy()?;
        ensure!(!(self.exists)(&bench)?, "destroy left it");
        let left = bench.inventory()?;
        ensure!(left.is_empty(), "destroy left {left:?}");
        Ok(())
    }

    /// Definitions are protected unless told otherwise.
    fn unprotect(terraform: &Terraform) -> Result<()> {
        let definitions = "\"dataplane_crds\" \"this\" {\n";
        let text = fs::read_to_string(terraform.directory().join("resource.tf"))?;
        if text.contains(definitions) {
            let open = format!("{definitions}  prevent_deletion = false\n");
            terraform.edit("resource.tf", definitions, &open)?;
            terraform.apply()?;
        }
        Ok(())
    }

    fn assert_drift(&self, terraform: &Terraform, action: &str) -> Result<()> {
        let planned = terraform.plan()?.changes();
        let expected = (self.address.to_owned(), vec![action.to_owned()]);
        ensure!(
            planned == [expected],
            "planned after a change from outside: {planned:?}"
        );
        let drift = terraform.plan_refresh_only()?.drift();
        ensure!(
            drift.iter().any(|(address, _)| address == self.address),
            "a refresh shows no drift of {}: {drift:?}",
            self.address
        );
        Ok(())
    }

    /// Nothing but what no API tells differs, and that is no replacement.
    fn assert_imported(&self, terraform: &Terraform) -> Result<()> {
        let plan = terraform.plan()?;
        let changes = plan.json["resource_changes"].as_array();
        for change in changes.into_iter().flatten() {
            let actions = &change["change"]["actions"];
            if *actions == json!(["no-op"]) {
                continue;
            }
            ensure!(
                *actions == json!(["update"]),
                "an import leads to {actions}: {change:#}"
            );
            let (before, after) = (&change["change"]["before"], &change["change"]["after"]);
            let differs: Vec<&String> = after
                .as_object()
                .context("planned values")?
                .keys()
                .filter(|name| before[name.as_str()] != after[name.as_str()])
                .filter(|name| !self.untold.contains(&name.as_str()))
                .collect();
            ensure!(
                differs.is_empty(),
                "differs after import: {differs:?}\n{change:#}"
            );
        }
        Ok(())
    }
}

#[test]
fn every_example_has_a_case() -> Result<()> {
    let mut examples = BTreeSet::new();
    for entry in fs::read_dir(setup::checkout().join("examples/resources"))? {
        let entry = entry?;
        if entry.path().join("gcp").is_dir() {
            examples.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let cases: BTreeSet<String> = CASES.iter().map(|case| case.resource.to_owned()).collect();
    assert_eq!(examples, cases);
    Ok(())
}

#[test]
fn bucket() -> Result<()> {
    BUCKET.run()
}

#[test]
fn identity_provider() -> Result<()> {
    IDENTITY_PROVIDER.run()
}

#[test]
fn log_group() -> Result<()> {
    LOG_GROUP.run()
}

#[test]
fn registry() -> Result<()> {
    REGISTRY.run()
}

#[test]
fn role() -> Result<()> {
    ROLE.run()
}

#[test]
fn secret_of_the_warehouse() -> Result<()> {
    SECRET.run()
}

#[test]
fn operator() -> Result<()> {
    OPERATOR.run()
}

#[test]
fn workspace() -> Result<()> {
    WORKSPACE.run()
}
