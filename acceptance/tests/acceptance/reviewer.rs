//! The commands of a security reviewer, as the specification has them, and what they are expected to show.

use std::{os::unix::fs::symlink, process::Command, sync::Arc};

use acceptance::setup::{self, Kubernetes};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::data_plane::{DataPlane, NAMESPACE};

/// A shell with `kubectl` and `aws` on its path, as the reviewer has it.
struct Shell {
    plane: Arc<DataPlane>,
    path: tempfile::TempDir,
}

impl Shell {
    fn open(plane: Arc<DataPlane>) -> Result<Self> {
        let path = setup::scratch()?;
        symlink(Kubernetes::Kubectl.path()?, path.path().join("kubectl"))?;
        symlink(setup::python("aws")?, path.path().join("aws"))?;
        Ok(Self { plane, path })
    }

    /// Exit code and standard output.
    fn run(&self, command: &str) -> Result<(i32, String)> {
        let mut search = vec![self.path.path().to_path_buf()];
        let own = setup::variable("PATH").context("PATH is not set")?;
        search.extend(std::env::split_paths(&own));
        let output = Command::new("bash")
            .args(["-c", command])
            .env("PATH", std::env::join_paths(search)?)
            .env("KUBECONFIG", self.plane.bench.cluster()?.kubeconfig())
            .env("KUBECACHEDIR", self.path.path().join("cache"))
            .envs(self.plane.bench.account.environment())
            .output()?;
        let code = output.status.code().context("ended by a signal")?;
        Ok((code, String::from_utf8(output.stdout)?))
    }

    fn shows(&self, command: &str) -> Result<String> {
        let (code, text) = self.run(command)?;
        ensure!(
            code == 0 && !text.trim().is_empty(),
            "{command} shows nothing ({code})"
        );
        Ok(text)
    }

    fn json(&self, command: &str) -> Result<Value> {
        serde_json::from_str(&self.shows(command)?).with_context(|| command.to_owned())
    }
}

#[test]
fn components_run_in_the_cluster() -> Result<()> {
    let shell = Shell::open(DataPlane::shared()?)?;
    let pods = shell.shows("kubectl get pods -n union")?;
    ensure!(
        pods.contains("operator-") && pods.contains("executor-") && pods.contains("Running"),
        "{pods}"
    );
    let deployments = shell.shows("kubectl get deployments -n union -o wide")?;
    ensure!(
        deployments.contains("localhost/dataplane-operator:0.1.0"),
        "{deployments}"
    );
    for component in ["operator", "executor"] {
        let pod = shell.shows(&format!(
            "kubectl describe $(kubectl get pods -n union -o name | grep {component} | head -n 1) -n union"
        ))?;
        let account = format!("Service Account:  {component}");
        for expected in [&account, "Limits:", "Requests:", "Liveness:", "Readiness:"] {
            ensure!(pod.contains(expected), "no {expected} in:\n{pod}");
        }
    }
    Ok(())
}

#[test]
fn the_executor_has_its_role_and_no_key() -> Result<()> {
    let plane = DataPlane::shared()?;
    let shell = Shell::open(Arc::clone(&plane))?;
    let pod =
        shell.shows("kubectl describe pods -n union -l app.kubernetes.io/component=executor")?;
    ensure!(!pod.contains("ACCESS_KEY"), "a static key in:\n{pod}");
    // What EKS' webhook adds; in a cluster of the user's there is none of ours.
    if plane.bench.cluster()?.is_ours() {
        let role = format!(
            "arn:aws:iam::{}:role/adminflyterole",
            plane.bench.account.id
        );
        let token = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
        for expected in [
            format!("AWS_ROLE_ARN:                 {role}"),
            format!("AWS_WEB_IDENTITY_TOKEN_FILE:  {token}"),
        ] {
            ensure!(pod.contains(&expected), "no {expected} in:\n{pod}");
        }
    }
    Ok(())
}

#[test]
fn the_executor_may_run_tasks_and_little_else() -> Result<()> {
    let shell = Shell::open(DataPlane::shared()?)?;
    let level = "kubectl get ns union -o jsonpath='{.metadata.labels.pod-security\\.kubernetes\\.io/enforce}'";
    assert_eq!(shell.shows(level)?, "restricted");
    let policies = shell.shows("kubectl describe networkpolicies -n union")?;
    for peer in ["kubernetes-api", "control-plane", "object-store"] {
        let policy = format!("Name:         executor-to-{peer}");
        ensure!(policies.contains(&policy), "no {policy} in:\n{policies}");
    }
    for (question, expected) in [
        ("create pods -n fraud-production", "yes"),
        ("delete pods -n fraud-production", "yes"),
        (
            "patch taskactions.flyte.org --subresource=status -n fraud-production",
            "yes",
        ),
        ("get leases/executor -n union", "yes"),
        ("patch pods -n fraud-production", "no"),
        ("create pods --subresource=exec -n fraud-production", "no"),
        ("create taskactions.flyte.org -n fraud-production", "no"),
        ("get secrets -n fraud-production", "no"),
        ("get secrets -n union", "no"),
        (
            "create serviceaccounts --subresource=token -n fraud-production",
            "no",
        ),
        ("get leases/operator -n union", "no"),
        ("create clusterrolebindings", "no"),
    ] {
        // It ends with 1 where it says no.
        let (_, answer) = shell.run(&format!(
            "kubectl auth can-i {question} --as=system:serviceaccount:union:executor 2>/dev/null"
        ))?;
        assert_eq!(answer.trim(), expected, "{question}");
    }
    Ok(())
}

#[test]
fn kubernetes_security_is_in_place() -> Result<()> {
    let shell = Shell::open(DataPlane::shared()?)?;
    let bindings = shell.shows("kubectl get clusterrolebindings | grep union")?;
    ensure!(!bindings.contains("cluster-admin"), "{bindings}");
    let policies = shell.shows("kubectl get networkpolicies -A")?;
    for namespace in ["union", "fraud-production", "fraud-development"] {
        ensure!(
            policies.lines().any(|line| line.starts_with(namespace)),
            "none in {namespace}:\n{policies}"
        );
    }
    let quotas = shell.shows("kubectl get resourcequotas -A")?;
    ensure!(!quotas.is_empty());
    let pods = shell.json("kubectl get pods -n union -o json")?;
    for pod in pods["items"].as_array().context("items")? {
        assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
        let container = &pod["spec"]["containers"][0]["securityContext"];
        assert_eq!(container["readOnlyRootFilesystem"], true);
        assert_eq!(container["allowPrivilegeEscalation"], false);
    }
    let services = shell.json("kubectl get svc -n union -o json")?;
    for service in services["items"].as_array().context("items")? {
        assert_eq!(service["spec"]["type"], "ClusterIP", "{service}");
    }
    Ok(())
}

#[test]
fn there_are_two_roles_with_the_documented_permissions() -> Result<()> {
    let shell = Shell::open(DataPlane::shared()?)?;
    for role in ["adminflyterole", "userflyterole"] {
        let found = shell.json(&format!("aws iam get-role --role-name {role}"))?;
        let statements = found["Role"]["AssumeRolePolicyDocument"]["Statement"]
            .as_array()
            .context("statements")?;
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0]["Action"], "sts:AssumeRoleWithWebIdentity");
        ensure!(
            statements[0]["Condition"]["StringLike"].is_null(),
            "a wildcard in {}",
            statements[0]
        );
        let attached = shell.json(&format!(
            "aws iam list-attached-role-policies --role-name {role}"
        ))?;
        assert_eq!(attached["AttachedPolicies"], Value::Array(Vec::new()));
    }
    let admin = actions(&shell, "adminflyterole")?;
    for needed in [
        "s3:GetObject",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "logs:GetLogEvents",
    ] {
        ensure!(
            admin.iter().any(|action| action == needed),
            "adminflyterole lacks {needed}: {admin:?}"
        );
    }
    let user = actions(&shell, "userflyterole")?;
    ensure!(
        user.iter().all(|action| action.starts_with("s3:")),
        "userflyterole has {user:?}"
    );
    Ok(())
}

/// The actions of all inline policies of a role.
fn actions(shell: &Shell, role: &str) -> Result<Vec<String>> {
    let names = shell.json(&format!("aws iam list-role-policies --role-name {role}"))?;
    let mut found = Vec::new();
    for name in names["PolicyNames"].as_array().context("PolicyNames")? {
        let name = name.as_str().context("a name")?;
        let policy = shell.json(&format!(
            "aws iam get-role-policy --role-name {role} --policy-name {name}"
        ))?;
        for statement in policy["PolicyDocument"]["Statement"]
            .as_array()
            .context("statements")?
        {
            match &statement["Action"] {
                Value::String(action) => found.push(action.clone()),
                list => found.extend(
                    list.as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .map(str::to_owned),
                ),
            }
        }
    }
    ensure!(!found.is_empty(), "{role} has no inline policy");
    Ok(found)
}

#[test]
fn service_accounts_are_bound_and_nothing_static_is_stored() -> Result<()> {
    let plane = DataPlane::shared()?;
    let shell = Shell::open(Arc::clone(&plane))?;
    let arns = shell.shows("kubectl get sa -n union -o yaml | grep role-arn")?;
    let expected = format!(
        "eks.amazonaws.com/role-arn: arn:aws:iam::{}:role/adminflyterole",
        plane.bench.account.id
    );
    ensure!(arns.contains(&expected), "{arns}");
    let (code, secrets) = shell.run("kubectl get secrets -n union -o name | grep -i aws")?;
    ensure!(
        code == 1 && secrets.is_empty(),
        "static credentials: {secrets}"
    );
    let all = plane.bench.kubectl()?.list(&["secrets", "-n", NAMESPACE])?;
    ensure!(all.is_empty(), "secrets of the data plane: {all:?}");
    let state = std::fs::read_to_string(plane.terraform.directory().join("terraform.tfstate"))?;
    ensure!(
        !state.contains("an example's secret"),
        "the secret's value is in the state"
    );
    Ok(())
}

#[test]
fn the_registry_is_the_customers() -> Result<()> {
    let plane = DataPlane::shared()?;
    let repositories = Shell::open(Arc::clone(&plane))?.json("aws ecr describe-repositories")?;
    let uri = repositories["repositories"][0]["repositoryUri"]
        .as_str()
        .context("a repository")?;
    ensure!(uri.starts_with(&plane.bench.account.id), "{uri}");
    assert_eq!(plane.terraform.output("registry")?, uri);
    Ok(())
}
