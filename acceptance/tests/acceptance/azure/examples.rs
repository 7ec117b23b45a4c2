//! The examples of resources for Azure: applied, planned again (nothing), changed from outside (shown and mended), imported,
//! destroyed (nothing left). What is left is looked up by Microsoft's clients and kubectl, never by our code.

use std::{collections::BTreeSet, fs};

use acceptance::{setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

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
    import_id: &'static str,
    /// Arguments that no API tells, so that an import leaves them to be set.
    untold: &'static [&'static str],
}

fn account() -> Value {
    json!({ "account_name": "acmeprodmeta" })
}

const BUCKET: Case = Case {
    resource: "dataplane_bucket",
    address: "dataplane_bucket.metadata",
    bench: Bench::azure,
    change: |bench| {
        let mut opened = account();
        opened["parameters"] = json!({ "properties": { "allowSharedKeyAccess": true } });
        bench.call("storage", "storage_accounts.update", opened)
    },
    remove: |bench| bench.call("storage", "storage_accounts.delete", account()),
    exists: |bench| bench.finds("storage", "storage_accounts.get_properties", account()),
    import_id: "acmeprodmeta/metadata",
    untold: &["force_destroy"],
};

fn workspace() -> Value {
    json!({ "workspace_name": "acme-prod" })
}

const LOG_GROUP: Case = Case {
    resource: "dataplane_log_group",
    address: "dataplane_log_group.tasks",
    bench: Bench::azure,
    change: |bench| {
        let mut longer = workspace();
        longer["parameters"] = json!({ "properties": { "retentionInDays": 90 } });
        bench.call("loganalytics", "workspaces.update", longer)
    },
    remove: |bench| bench.call("loganalytics", "workspaces.begin_delete", workspace()),
    exists: |bench| bench.finds("loganalytics", "workspaces.get", workspace()),
    import_id: "acme-prod",
    untold: &[],
};

fn registry() -> Value {
    json!({ "registry_name": "acmeprodimages" })
}

const REGISTRY: Case = Case {
    resource: "dataplane_registry",
    address: "dataplane_registry.images",
    bench: Bench::azure,
    change: |bench| {
        let mut tagged = registry();
        tagged["registry_update_parameters"] = json!({ "tags": { "by": "hand" } });
        bench.call("containerregistry", "registries.begin_update", tagged)
    },
    remove: |bench| bench.call("containerregistry", "registries.begin_delete", registry()),
    exists: |bench| bench.finds("containerregistry", "registries.get", registry()),
    import_id: "acmeprodimages",
    untold: &["force_destroy"],
};

fn identity() -> Value {
    json!({ "resource_name": "userflyterole" })
}

const ROLE: Case = Case {
    resource: "dataplane_role",
    address: "dataplane_role.user",
    bench: Bench::azure,
    change: |bench| {
        let mut more = identity();
        more["federated_identity_credential_resource_name"] = "by-hand".into();
        more["parameters"] = json!({ "properties": {
            "issuer": "https://elsewhere.example.com", "subject": "somebody", "audiences": [acceptance::azure::AUDIENCE] } });
        bench.call(
            "msi",
            "federated_identity_credentials.create_or_update",
            more,
        )
    },
    remove: |bench| bench.call("msi", "user_assigned_identities.delete", identity()),
    exists: |bench| bench.finds("msi", "user_assigned_identities.get", identity()),
    import_id: "userflyterole",
    // Azure keeps what they lead to, not what they were; and what a role may do is looked for where they say.
    untold: &["profile", "buckets", "policy"],
};

const SECRETS: &str = "secrets/acme-vault";

const SECRET: Case = Case {
    resource: "dataplane_secret",
    address: "dataplane_secret.warehouse",
    bench: || {
        let bench = Bench::azure()?;
        bench.make_vault("acme-vault")?;
        Ok(bench)
    },
    change: |bench| {
        let untagged = json!({ "name": "warehouse", "tags": {} });
        bench
            .owner()
            .call(SECRETS, "update_secret_properties", &untagged)
    },
    remove: |bench| {
        bench.owner().call(
            SECRETS,
            "begin_delete_secret",
            &json!({ "name": "warehouse" }),
        )
    },
    exists: |bench| {
        let all = bench
            .owner()
            .call(SECRETS, "list_properties_of_secrets", &json!({}))?;
        Ok(all != json!([]))
    },
    import_id: "acme-vault/warehouse",
    untold: &["value_wo_version", "recovery_window_days"],
};

const OPERATOR: Case = Case {
    resource: "dataplane_operator",
    address: "dataplane_operator.this",
    bench: Bench::on_aks,
    change: |bench| {
        let scale = [
            "scale",
            "deployment/operator",
            "-n",
            "union",
            "--replicas=5",
        ];
        bench.kubectl()?.run(&scale).map(Value::from)
    },
    remove: |bench| {
        let kubectl = bench.kubectl()?;
        kubectl.run(&["delete", "namespace", "union"])?;
        let kinds = "clusterroles,clusterrolebindings";
        let ours = "app.kubernetes.io/managed-by=dataplane";
        kubectl.run(&["delete", kinds, "-l", ours]).map(Value::from)
    },
    exists: |bench| Ok(bench.kubectl()?.get("namespace", "", "union")?.is_some()),
    import_id: "aks/acme-prod/prod/union/dataplane",
    untold: &["force_destroy"],
};

const WORKSPACE: Case = Case {
    resource: "dataplane_workspace",
    address: "dataplane_workspace.fraud",
    bench: Bench::on_aks,
    change: |bench| {
        let quotas = [
            "delete",
            "resourcequotas",
            "--all",
            "-n",
            "fraud-production",
        ];
        bench.kubectl()?.run(&quotas).map(Value::from)
    },
    remove: |bench| {
        let namespace = ["delete", "namespace", "fraud-production"];
        bench.kubectl()?.run(&namespace).map(Value::from)
    },
    exists: |bench| {
        Ok(bench
            .kubectl()?
            .get("namespace", "", "fraud-production")?
            .is_some())
    },
    import_id: "aks/acme-prod/prod/fraud-production",
    untold: &[],
};

const CASES: [&Case; 7] = [
    &BUCKET, &LOG_GROUP, &OPERATOR, &REGISTRY, &ROLE, &SECRET, &WORKSPACE,
];

impl Case {
    fn run(&self) -> Result<()> {
        let bench = (self.bench)()?;
        let terraform = bench.example(&format!("resources/{}/azure", self.resource))?;
        terraform.init()?;
        terraform
            .apply_then_empty_plan()
            .context("the first apply")?;
        ensure!((self.exists)(&bench)?, "nothing was made");

        (self.change)(&bench).context("changing it from outside")?;
        self.assert_drift(&terraform, "update")?;
        terraform
            .apply_then_empty_plan()
            .context("mending a change from outside")?;

        terraform.succeed(&["state", "rm", self.address])?;
        terraform.import(self.address, self.import_id)?;
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
        if entry.path().join("azure").is_dir() {
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
fn log_group() -> Result<()> {
    LOG_GROUP.run()
}

#[test]
fn registry_of_images() -> Result<()> {
    REGISTRY.run()
}

#[test]
fn role() -> Result<()> {
    ROLE.run()
}

#[test]
fn secret() -> Result<()> {
    SECRET.run()
}

#[test]
fn operator() -> Result<()> {
    OPERATOR.run()
}

#[test]
fn workspace_of_a_project() -> Result<()> {
    WORKSPACE.run()
}
