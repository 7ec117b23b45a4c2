//! The main job: one `terraform apply` of `examples/complete/local` puts a whole data plane up.

use std::{sync::Arc, time::Duration};

use acceptance::{
    cluster::Needs,
    control_plane::ControlPlane,
    issuer::Issuer,
    operator::Operator,
    setup,
    shared::{Keep, Shared},
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::Bench;

pub const NAMESPACE: &str = "union";

/// An applied data plane.
pub struct DataPlane {
    pub bench: Bench,
    pub terraform: Terraform,
    pub control_plane: ControlPlane,
}

impl DataPlane {
    /// One that is only looked at, and shared by the tests that do.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Shared<DataPlane> = Shared::new();
        let keep = match setup::kubeconfig() {
            None => Keep::ToTheEnd,
            // Others wait for the user's cluster, and want it clean.
            Some(_) => Keep::WhileUsed,
        };
        SHARED
            .get(keep, || {
                let plane = Self::configure()?;
                plane.terraform.apply()?;
                Ok(plane)
            })
            .context("applying the shared data plane")
    }

    /// One with everything ready for the first apply.
    pub fn configure() -> Result<Self> {
        let bench = Bench::with_cluster(Needs::Pods)?;
        let cluster = bench.cluster()?;
        if cluster.is_ours() {
            bench.front.give_roles(cluster)?;
        }
        let control_plane = ControlPlane::start("127.0.0.1:0", Issuer::of(cluster)?)?;
        let channel = json!({
            "endpoint": control_plane.endpoint(),
            "ca_certificate": control_plane.ca_certificate(),
        });
        let terraform = Terraform::example("complete/local")?
            .with(bench.account.environment())
            .variable("aws_endpoint", &bench.account.endpoint)
            .variable("storage_endpoint", &bench.front.secure_endpoint().0)
            .variable("kubeconfig", &cluster.kubeconfig().display().to_string())
            .variable("issuer", cluster.issuer())
            .variable("operator_image", "localhost/dataplane-operator:0.1.0")
            .variable("control_plane", &channel.to_string());
        terraform.init()?;
        Ok(Self {
            bench,
            terraform,
            control_plane,
        })
    }
}

#[test]
fn is_applied_planned_empty_mended_and_destroyed_without_a_trace() -> Result<()> {
    let plane = DataPlane::configure()?;
    let kubectl = plane.bench.kubectl()?;
    let before = everything(&plane.bench)?;
    plane.terraform.apply_then_empty_plan()?;

    kubectl.run(&["delete", "deployment", "operator", "-n", NAMESPACE])?;
    let policy = json!({ "RoleName": "adminflyterole", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" });
    plane
        .bench
        .account
        .call("iam", "attach_role_policy", &policy)?;
    let mut changed: Vec<String> = plane
        .terraform
        .plan()?
        .changes()
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    changed.sort();
    assert_eq!(
        changed,
        [
            "module.aws.dataplane_role.this[\"admin\"]",
            "module.operator.dataplane_operator.this"
        ]
    );
    plane.terraform.apply_then_empty_plan()?;
    ensure!(kubectl.get("deployment", NAMESPACE, "operator")?.is_some());
    let attached = plane.bench.account.call(
        "iam",
        "list_attached_role_policies",
        &json!({ "RoleName": "adminflyterole" }),
    )?;
    assert_eq!(attached["AttachedPolicies"], json!([]));

    plane.terraform.destroy()?;
    assert_eq!(everything(&plane.bench)?, before);
    Ok(())
}

/// Names of all that a data plane could leave, in the cloud and in the cluster.
fn everything(bench: &Bench) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let lists = [
        ("s3", "list_buckets", "Buckets", "Name"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("iam", "list_policies", "Policies", "PolicyName"),
        (
            "iam",
            "list_open_id_connect_providers",
            "OpenIDConnectProviderList",
            "Arn",
        ),
        (
            "ecr",
            "describe_repositories",
            "repositories",
            "repositoryName",
        ),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("secretsmanager", "list_secrets", "SecretList", "Name"),
    ];
    for (service, operation, list, name) in lists {
        let parameters = match operation {
            "list_policies" => json!({ "Scope": "Local" }),
            _ => json!({}),
        };
        let answer = bench.account.call(service, operation, &parameters)?;
        let items = answer[list]
            .as_array()
            .with_context(|| format!("no {list} in {answer}"))?;
        found.extend(items.iter().map(|item| format!("{service}/{}", item[name])));
    }
    let kinds = [
        "namespaces",
        "crds",
        "clusterroles",
        "clusterrolebindings",
        "priorityclasses",
    ];
    for kind in kinds {
        let items = bench.kubectl()?.list(&[kind])?;
        found.extend(
            items
                .iter()
                .map(|item| format!("{kind}/{}", item["metadata"]["name"])),
        );
    }
    found.sort();
    Ok(found)
}

#[test]
fn nothing_is_planned_while_its_operator_works() -> Result<()> {
    let plane = DataPlane::configure()?;
    let cluster = plane.bench.cluster()?;
    plane.terraform.apply()?;
    let directory = setup::scratch()?;
    let audience = plane.control_plane.endpoint();
    let mut operator = Operator::start(cluster, NAMESPACE, &audience, directory.path())?;
    operator.until_leading(cluster, NAMESPACE)?;
    // What the first plan reads, the second compares with.
    plane.terraform.apply_then_empty_plan()?;
    let lease = plane
        .bench
        .kubectl()?
        .get("lease", NAMESPACE, "operator")?
        .context("the lease")?;
    ensure!(
        lease["spec"]["holderIdentity"] != Value::Null,
        "the apply took the lease away"
    );
    plane.terraform.destroy()?;
    Ok(())
}

#[test]
fn its_operator_registers_with_its_own_token_and_outlives_the_control_plane() -> Result<()> {
    let plane = DataPlane::shared()?;
    let directory = setup::scratch()?;
    let audience = plane.control_plane.endpoint();
    let mut operator = Operator::start(
        plane.bench.cluster()?,
        NAMESPACE,
        &audience,
        directory.path(),
    )?;
    let beats = || -> Result<Option<usize>> {
        let recorded = plane.control_plane.recorded();
        let up = !recorded.registrations.is_empty() && !recorded.heartbeats.is_empty();
        Ok(up.then_some(recorded.heartbeats.len()))
    };
    let first = wait::until(
        "a registration and a heartbeat",
        Duration::from_mins(1),
        beats,
    )?;
    let recorded = plane.control_plane.recorded();
    let (request, subject) = recorded
        .registrations
        .values()
        .next()
        .context("a registration")?;
    assert_eq!(subject, "system:serviceaccount:union:operator");
    let uid = plane
        .bench
        .kubectl()?
        .get("namespace", "", "kube-system")?
        .context("kube-system")?["metadata"]["uid"]
        .clone();
    let cluster = request.cluster.as_ref().context("a cluster")?;
    assert_eq!(Value::from(cluster.cluster_uid.clone()), uid);
    assert_eq!(
        (cluster.organization.as_str(), cluster.cluster_name.as_str()),
        ("acme", "demo")
    );

    plane.control_plane.restart()?;
    wait::until(
        "a registration after the outage",
        Duration::from_mins(1),
        || {
            operator.process.check()?;
            Ok(beats()?.filter(|count| *count > first))
        },
    )?;
    Ok(())
}

#[test]
fn plain_server_side_apply_of_its_manifests_is_what_the_operator_resource_makes() -> Result<()> {
    let bench = Bench::with_cluster(Needs::Objects)?;
    let kubectl = bench.kubectl()?;
    let example = "resources/dataplane_operator/resource.tf";
    let text = std::fs::read_to_string(setup::checkout().join("examples").join(example))?;
    let resource = &text[text
        .find("resource \"dataplane_operator\"")
        .context("the resource")?..];
    let arguments: Vec<&str> = resource
        .lines()
        .filter(|line| !line.trim_start().starts_with("cluster "))
        .collect();
    let data = arguments.join("\n").replacen(
        "resource \"dataplane_operator\"",
        "data \"dataplane_manifests\"",
        1,
    );
    let terraform = bench.example("resources/dataplane_operator")?;
    terraform.write(
        "manifests.tf",
        &format!("{data}\noutput \"yaml\" {{\n  value = data.dataplane_manifests.this.yaml\n}}\n"),
    )?;
    terraform.init()?;
    terraform.succeed(&[
        "apply",
        "-input=false",
        "-auto-approve",
        "-target=dataplane_crds.this",
        "-target=data.dataplane_manifests.this",
    ])?;
    terraform.succeed(&[
        "apply",
        "-input=false",
        "-auto-approve",
        "-target=output.yaml",
        "-target=data.dataplane_manifests.this",
    ])?;
    let yaml = terraform.attributes("data.dataplane_manifests.this")?["yaml"]
        .as_str()
        .context("YAML")?
        .to_owned();
    kubectl.apply(&yaml)?;
    let id = format!(
        "kubeconfig/{}/union/dataplane",
        bench.cluster()?.kubeconfig().display()
    );
    terraform.import("dataplane_operator.this", &id)?;
    let changes = terraform.plan()?.changes();
    ensure!(
        changes
            .iter()
            .all(|(address, _)| address != "dataplane_operator.this"),
        "the operator resource would change what its manifests made: {changes:?}"
    );
    Ok(())
}
