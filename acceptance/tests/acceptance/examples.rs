//! Every example: applied, planned again (nothing), changed from outside (shown and mended), imported, destroyed
//! (nothing left). What is left is looked up by boto3 and kubectl, never by our code.

use std::{collections::BTreeSet, fs};

use acceptance::{cluster::Needs, setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::Bench;

/// How the example of a resource is tried.
struct Case {
    resource: &'static str,
    address: &'static str,
    on: Place,
    /// What somebody changes by hand.
    change: fn(&Bench) -> Result<()>,
    /// Somebody deletes it by hand.
    remove: fn(&Bench) -> Result<()>,
    /// Whether it is still there.
    exists: fn(&Bench) -> Result<bool>,
    import_id: fn(&Bench) -> Result<String>,
    /// Arguments that no API tells, so that an import leaves them to be set.
    untold: &'static [&'static str],
}

enum Place {
    Aws,
    Cluster(Needs),
}

/// True when it is there, false when the service says by one of these codes that it is not.
fn there(answer: Result<Value>, gone: &[&str]) -> Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) => match error.downcast_ref::<acceptance::aws::Refused>() {
            Some(refused) if gone.contains(&refused.code.as_str()) => Ok(false),
            _ => Err(error),
        },
    }
}

fn provider_arn(bench: &Bench) -> String {
    format!(
        "arn:aws:iam::{}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        bench.account.id
    )
}

fn kubeconfig_id(bench: &Bench, rest: &str) -> Result<String> {
    let path = bench.cluster()?.kubeconfig();
    Ok(format!("kubeconfig/{}{rest}", path.display()))
}

const BUCKET: Case = Case {
    resource: "dataplane_bucket",
    address: "dataplane_bucket.metadata",
    on: Place::Aws,
    change: |bench| {
        let suspended = json!({ "Bucket": "acme-prod-metadata", "VersioningConfiguration": { "Status": "Suspended" } });
        bench
            .account
            .call("s3", "put_bucket_versioning", &suspended)
            .map(drop)
    },
    remove: |bench| {
        bench
            .account
            .call(
                "s3",
                "delete_bucket",
                &json!({ "Bucket": "acme-prod-metadata" }),
            )
            .map(drop)
    },
    exists: |bench| {
        let head = bench.account.call(
            "s3",
            "head_bucket",
            &json!({ "Bucket": "acme-prod-metadata" }),
        );
        there(head, &["404", "NoSuchBucket"])
    },
    import_id: |_| Ok("acme-prod-metadata".to_owned()),
    untold: &["force_destroy"],
};

const IDENTITY_PROVIDER: Case = Case {
    resource: "dataplane_identity_provider",
    address: "dataplane_identity_provider.cluster",
    on: Place::Aws,
    change: |bench| {
        let tags = json!({ "OpenIDConnectProviderArn": provider_arn(bench), "TagKeys": ["dataplane:resource"] });
        bench
            .account
            .call("iam", "untag_open_id_connect_provider", &tags)
            .map(drop)
    },
    remove: |bench| {
        let provider = json!({ "OpenIDConnectProviderArn": provider_arn(bench) });
        bench
            .account
            .call("iam", "delete_open_id_connect_provider", &provider)
            .map(drop)
    },
    exists: |bench| {
        let provider = json!({ "OpenIDConnectProviderArn": provider_arn(bench) });
        let found = bench
            .account
            .call("iam", "get_open_id_connect_provider", &provider);
        there(found, &["NoSuchEntity"])
    },
    import_id: |bench| Ok(provider_arn(bench)),
    untold: &[],
};

const LOG_GROUP: Case = Case {
    resource: "dataplane_log_group",
    address: "dataplane_log_group.tasks",
    on: Place::Aws,
    change: |bench| {
        let week = json!({ "logGroupName": "/dataplane/acme-prod", "retentionInDays": 7 });
        bench
            .account
            .call("logs", "put_retention_policy", &week)
            .map(drop)
    },
    remove: |bench| {
        bench
            .account
            .call(
                "logs",
                "delete_log_group",
                &json!({ "logGroupName": "/dataplane/acme-prod" }),
            )
            .map(drop)
    },
    exists: |bench| {
        let found = bench.account.call(
            "logs",
            "describe_log_groups",
            &json!({ "logGroupNamePrefix": "/dataplane/" }),
        )?;
        Ok(found["logGroups"] != json!([]))
    },
    import_id: |_| Ok("/dataplane/acme-prod".to_owned()),
    untold: &[],
};

const REGISTRY: Case = Case {
    resource: "dataplane_registry",
    address: "dataplane_registry.images",
    on: Place::Aws,
    change: |bench| {
        let off = json!({ "repositoryName": "acme/tasks", "imageScanningConfiguration": { "scanOnPush": false } });
        bench
            .account
            .call("ecr", "put_image_scanning_configuration", &off)
            .map(drop)
    },
    remove: |bench| {
        bench
            .account
            .call(
                "ecr",
                "delete_repository",
                &json!({ "repositoryName": "acme/tasks" }),
            )
            .map(drop)
    },
    exists: |bench| {
        let found = bench.account.call(
            "ecr",
            "describe_repositories",
            &json!({ "repositoryNames": ["acme/tasks"] }),
        );
        there(found, &["RepositoryNotFoundException"])
    },
    import_id: |_| Ok("acme/tasks".to_owned()),
    untold: &["force_destroy"],
};

const ROLE: Case = Case {
    resource: "dataplane_role",
    address: "dataplane_role.user",
    on: Place::Aws,
    change: |bench| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
        let more = json!({ "RoleName": "userflyterole", "PolicyName": "by-hand", "PolicyDocument": policy.to_string() });
        bench
            .account
            .call("iam", "put_role_policy", &more)
            .map(drop)
    },
    remove: |bench| {
        let policies = bench.account.call(
            "iam",
            "list_role_policies",
            &json!({ "RoleName": "userflyterole" }),
        )?;
        for name in policies["PolicyNames"].as_array().into_iter().flatten() {
            let policy = json!({ "RoleName": "userflyterole", "PolicyName": name });
            bench.account.call("iam", "delete_role_policy", &policy)?;
        }
        bench
            .account
            .call(
                "iam",
                "delete_role",
                &json!({ "RoleName": "userflyterole" }),
            )
            .map(drop)
    },
    exists: |bench| {
        let found = bench
            .account
            .call("iam", "get_role", &json!({ "RoleName": "userflyterole" }));
        there(found, &["NoSuchEntity"])
    },
    import_id: |_| Ok("userflyterole".to_owned()),
    // IAM keeps the policy that they lead to, not what they were.
    untold: &["profile", "buckets"],
};

const SECRET: Case = Case {
    resource: "dataplane_secret",
    address: "dataplane_secret.warehouse",
    on: Place::Aws,
    change: |bench| {
        let tags = json!({ "SecretId": "acme-prod/warehouse", "TagKeys": ["dataplane:owner"] });
        bench
            .account
            .call("secretsmanager", "untag_resource", &tags)
            .map(drop)
    },
    remove: |bench| {
        let secret =
            json!({ "SecretId": "acme-prod/warehouse", "ForceDeleteWithoutRecovery": true });
        bench
            .account
            .call("secretsmanager", "delete_secret", &secret)
            .map(drop)
    },
    exists: |bench| {
        let found = bench
            .account
            .call("secretsmanager", "list_secrets", &json!({}))?;
        Ok(found["SecretList"] != json!([]))
    },
    import_id: |_| Ok("acme-prod/warehouse".to_owned()),
    untold: &["value_wo_version", "recovery_window_days"],
};

const CRDS: Case = Case {
    resource: "dataplane_crds",
    address: "dataplane_crds.this",
    on: Place::Cluster(Needs::Objects),
    change: |bench| {
        let patch =
            r#"[{ "op": "replace", "path": "/spec/names/shortNames", "value": ["byhand"] }]"#;
        let kubectl = bench.kubectl()?;
        kubectl
            .run(&[
                "patch",
                "crd",
                "taskactions.flyte.org",
                "--type=json",
                "-p",
                patch,
            ])
            .map(drop)
    },
    remove: |bench| {
        bench
            .kubectl()?
            .run(&["delete", "crd", "taskactions.flyte.org"])
            .map(drop)
    },
    exists: |bench| {
        Ok(bench
            .kubectl()?
            .get("crd", "default", "taskactions.flyte.org")?
            .is_some())
    },
    import_id: |bench| kubeconfig_id(bench, ""),
    untold: &["prevent_deletion"],
};

const OPERATOR: Case = Case {
    resource: "dataplane_operator",
    address: "dataplane_operator.this",
    on: Place::Cluster(Needs::Pods),
    change: |bench| {
        let kubectl = bench.kubectl()?;
        kubectl
            .run(&[
                "scale",
                "deployment/operator",
                "-n",
                "union",
                "--replicas=5",
            ])
            .map(drop)
    },
    remove: |bench| {
        let kubectl = bench.kubectl()?;
        kubectl.run(&["delete", "namespace", "union"])?;
        let kinds = "clusterroles,clusterrolebindings";
        let ours = "app.kubernetes.io/managed-by=dataplane";
        kubectl.run(&["delete", kinds, "-l", ours]).map(drop)
    },
    exists: |bench| Ok(bench.kubectl()?.get("namespace", "", "union")?.is_some()),
    import_id: |bench| kubeconfig_id(bench, "/union/dataplane"),
    untold: &["force_destroy"],
};

const WORKSPACE: Case = Case {
    resource: "dataplane_workspace",
    address: "dataplane_workspace.fraud",
    on: Place::Cluster(Needs::Objects),
    change: |bench| {
        let kubectl = bench.kubectl()?;
        kubectl
            .run(&[
                "delete",
                "resourcequotas",
                "--all",
                "-n",
                "fraud-production",
            ])
            .map(drop)
    },
    remove: |bench| {
        bench
            .kubectl()?
            .run(&["delete", "namespace", "fraud-production"])
            .map(drop)
    },
    exists: |bench| {
        Ok(bench
            .kubectl()?
            .get("namespace", "", "fraud-production")?
            .is_some())
    },
    import_id: |bench| kubeconfig_id(bench, "/fraud-production"),
    untold: &[],
};

const CASES: [&Case; 9] = [
    &BUCKET,
    &CRDS,
    &IDENTITY_PROVIDER,
    &LOG_GROUP,
    &OPERATOR,
    &REGISTRY,
    &ROLE,
    &SECRET,
    &WORKSPACE,
];

impl Case {
    fn run(&self) -> Result<()> {
        let bench = match self.on {
            Place::Aws => Bench::aws()?,
            Place::Cluster(needs) => Bench::with_cluster(needs)?,
        };
        let terraform = bench.example(&format!("resources/{}", self.resource))?;
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
        terraform.import(self.address, &(self.import_id)(&bench)?)?;
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

        Self::destroy(&terraform)?;
        ensure!(!(self.exists)(&bench)?, "destroy left it");
        Ok(())
    }

    /// Definitions are protected unless told otherwise: that is refused first, as it should be.
    fn destroy(terraform: &Terraform) -> Result<()> {
        let text = fs::read_to_string(terraform.directory().join("resource.tf"))?;
        if let Some((_, definitions)) = text.split_once("resource \"dataplane_crds\" \"this\" {\n")
        {
            let refused = terraform.destroy().expect_err("deleting what is protected");
            ensure!(
                format!("{refused:#}").contains("prevent_deletion"),
                "{refused:#}"
            );
            let unprotected = if definitions.contains("prevent_deletion = true") {
                text.replace("prevent_deletion = true", "prevent_deletion = false")
            } else {
                text.replace(
                    "\"dataplane_crds\" \"this\" {\n",
                    "\"dataplane_crds\" \"this\" {\n  prevent_deletion = false\n",
                )
            };
            terraform.write("resource.tf", &unprotected)?;
            terraform.apply()?;
        }
        terraform.destroy().map(drop)
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
        for change in plan.json["resource_changes"]
            .as_array()
            .into_iter()
            .flatten()
        {
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
fn every_resource_has_a_case() -> Result<()> {
    let folder = setup::checkout().join("examples/resources");
    let examples: BTreeSet<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
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
fn secret() -> Result<()> {
    SECRET.run()
}

#[test]
fn crds() -> Result<()> {
    CRDS.run()
}

#[test]
fn operator() -> Result<()> {
    OPERATOR.run()
}

#[test]
fn workspace() -> Result<()> {
    WORKSPACE.run()
}
