//! The life of an example on whichever cloud: applied, planned again (nothing), changed from outside (shown and mended), imported,
//! destroyed (nothing left). What is left is looked up by the cloud's own clients and kubectl, never by our code.

use std::{collections::BTreeSet, fs};

use acceptance::{cluster::Kubectl, setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// A cloud and perhaps a cluster of a test's own.
pub trait Place: Sized + 'static {
    /// Where the examples for it are, in the folder of their resource.
    const FOLDER: &'static str;

    /// A copy of an example, with the provider block that it leaves out.
    fn example(&self, path: &str) -> Result<Terraform>;

    fn kubectl(&self) -> Result<Kubectl>;

    /// The calls since the last time this was asked that changed something, as far as the cloud tells them.
    fn changes(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// What there is in the cloud, as far as it can be listed.
    fn inventory(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// How the example of a resource is tried.
pub struct Case<P: Place> {
    pub resource: &'static str,
    pub address: &'static str,
    pub place: fn() -> Result<P>,
    /// What somebody changes by hand.
    pub change: fn(&P) -> Result<Value>,
    /// Somebody deletes it by hand.
    pub remove: fn(&P) -> Result<Value>,
    /// Whether it is still there.
    pub exists: fn(&P) -> Result<bool>,
    pub import_id: fn(&P) -> Result<String>,
    /// Arguments that no API tells, so that an import leaves them to be set.
    pub untold: &'static [&'static str],
}

const ROLE: &str = "dataplane_role";

/// The secret's value in its examples.
const PASSWORD: &str = "correct horse battery staple";

impl<P: Place> Case<P> {
    /// The example of the operator, in a cluster of this place.
    pub const fn operator(place: fn() -> Result<P>, import_id: fn(&P) -> Result<String>) -> Self {
        Self {
            resource: "dataplane_operator",
            address: "dataplane_operator.this",
            place,
            change: |place| {
                let scale = [
                    "scale",
                    "deployment/operator",
                    "-n",
                    "union",
                    "--replicas=5",
                ];
                place.kubectl()?.run(&scale).map(Value::from)
            },
            remove: |place| {
                let kubectl = place.kubectl()?;
                kubectl.run(&["delete", "namespace", "union"])?;
                let kinds = "clusterroles,clusterrolebindings";
                let ours = "app.kubernetes.io/managed-by=dataplane";
                kubectl.run(&["delete", kinds, "-l", ours]).map(Value::from)
            },
            exists: |place| Ok(place.kubectl()?.get("namespace", "", "union")?.is_some()),
            import_id,
            untold: &["force_destroy"],
        }
    }

    /// The same of a workspace.
    pub const fn workspace(place: fn() -> Result<P>, import_id: fn(&P) -> Result<String>) -> Self {
        Self {
            resource: "dataplane_workspace",
            address: "dataplane_workspace.fraud",
            place,
            change: |place| {
                let quotas = [
                    "delete",
                    "resourcequotas",
                    "--all",
                    "-n",
                    "fraud-production",
                ];
                place.kubectl()?.run(&quotas).map(Value::from)
            },
            remove: |place| {
                let namespace = ["delete", "namespace", "fraud-production"];
                place.kubectl()?.run(&namespace).map(Value::from)
            },
            exists: |place| {
                Ok(place
                    .kubectl()?
                    .get("namespace", "", "fraud-production")?
                    .is_some())
            },
            import_id,
            untold: &[],
        }
    }

    pub fn run(&self) -> Result<()> {
        let place = (self.place)()?;
        let path = format!("resources/{}/{}", self.resource, P::FOLDER);
        let terraform = place.example(path.trim_end_matches('/'))?;
        terraform.init()?;
        terraform
            .apply_then_empty_plan()
            .context("the first apply")?;
        ensure!((self.exists)(&place)?, "nothing was made");
        let state = fs::read_to_string(terraform.directory().join("terraform.tfstate"))?;
        ensure!(!state.contains(PASSWORD), "the state has the secret");

        (self.change)(&place).context("changing it from outside")?;
        self.assert_drift(&terraform, "update")?;
        terraform
            .apply_then_empty_plan()
            .context("mending a change from outside")?;

        self.import(&place, &terraform)
            .context("taking it in by an import")?;

        (self.remove)(&place).context("deleting it from outside")?;
        self.assert_drift(&terraform, "create")?;
        terraform
            .apply_then_empty_plan()
            .context("making it again")?;
        ensure!((self.exists)(&place)?, "it was not made again");

        unprotect(&terraform)?;
        terraform.destroy()?;
        ensure!(!(self.exists)(&place)?, "destroy left it");
        let left = place.inventory()?;
        ensure!(left.is_empty(), "destroy left {left:?}");
        Ok(())
    }

    fn import(&self, place: &P, terraform: &Terraform) -> Result<()> {
        terraform.succeed(&["state", "rm", self.address])?;
        terraform.import(self.address, &(self.import_id)(place)?)?;
        self.assert_imported(terraform)?;
        place.changes()?;
        terraform.apply_then_empty_plan()?;
        // Of a role only the state learns: its policy is as it was.
        let wrote = place.changes()?;
        ensure!(
            self.resource != ROLE || wrote.is_empty(),
            "taken in, it was written: {wrote:?}"
        );
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
            let Some(differs) = differing(change)? else {
                continue;
            };
            let untold: BTreeSet<&str> = self.untold.iter().copied().collect();
            ensure!(
                differs.is_subset(&untold),
                "differs after import: {differs:?}\n{change:#}"
            );
            // What a role may do is told whole, or not at all.
            ensure!(
                self.resource != ROLE || differs == untold,
                "differs after import: {differs:?}, and not {untold:?}"
            );
        }
        Ok(())
    }
}

/// What an import leaves to be set, from its planned change; none where nothing is to be done. It is no replacement.
pub fn differing(change: &Value) -> Result<Option<BTreeSet<&str>>> {
    let actions = &change["change"]["actions"];
    if *actions == json!(["no-op"]) {
        return Ok(None);
    }
    ensure!(
        *actions == json!(["update"]),
        "an import leads to {actions}: {change:#}"
    );
    let (before, planned) = (&change["change"]["before"], &change["change"]["after"]);
    let names = planned.as_object().context("planned values")?.keys();
    let differs = names.map(String::as_str);
    Ok(Some(
        differs
            .filter(|name| before[*name] != planned[*name])
            .collect(),
    ))
}

/// Definitions are protected unless told otherwise: that is refused first, as it should be.
fn unprotect(terraform: &Terraform) -> Result<()> {
    const DEFINITIONS: &str = "resource \"dataplane_crds\" \"this\" {\n";
    const PROTECTED: &str = "prevent_deletion = true";
    let text = fs::read_to_string(terraform.directory().join("resource.tf"))?;
    let Some((_, definitions)) = text.split_once(DEFINITIONS) else {
        return Ok(());
    };
    let refused = terraform.destroy().expect_err("deleting what is protected");
    ensure!(
        format!("{refused:#}").contains("prevent_deletion"),
        "{refused:#}"
    );
    let open = if definitions.contains(PROTECTED) {
        text.replace(PROTECTED, "prevent_deletion = false")
    } else {
        text.replace(
            DEFINITIONS,
            &format!("{DEFINITIONS}  prevent_deletion = false\n"),
        )
    };
    terraform.write("resource.tf", &open)?;
    terraform.apply().map(drop)
}

/// No resource that has an example for this cloud goes untried.
pub fn every_example_has_a_case<P: Place>(cases: &[&Case<P>]) -> Result<()> {
    let mut examples = BTreeSet::new();
    for entry in fs::read_dir(setup::checkout().join("examples/resources"))? {
        let entry = entry?;
        if entry.path().join(P::FOLDER).is_dir() {
            examples.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let cases: BTreeSet<String> = cases.iter().map(|case| case.resource.to_owned()).collect();
    assert_eq!(examples, cases);
    Ok(())
}
