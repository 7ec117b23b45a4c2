//! Commands for the person at the terminal: kubectl, aws and terraform that reach the demo, and what to try.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use acceptance::setup::{self, Kubernetes};
use anyhow::Result;

use crate::{Folder, stack::Held};

/// Writes the commands, and answers with the text that tells of them.
pub fn write(folder: &Folder, held: &Held) -> Result<String> {
    let commands = folder.file("bin");
    fs::create_dir_all(&commands)?;
    let inside = held.node.as_ref().map(|_| {
        // The network of the demo is its own; its process is known by the file that `demo up` wrote.
        format!(
            "nsenter --net --target \"$(cat {})\" ",
            quoted(&folder.file("pid").display().to_string())
        )
    });
    let inside = inside.unwrap_or_default();
    let kubernetes = [
        ("KUBECONFIG", held.cluster.kubeconfig()),
        // Else it is left in the home of whoever looks around.
        ("KUBECACHEDIR", folder.file("kubectl-cache")),
    ]
    .map(|(name, path)| (name.to_owned(), path.display().to_string()));
    let aws = held.account.environment();
    command(
        &commands.join("kubectl"),
        &inside,
        None,
        &Kubernetes::Kubectl.path()?,
        &kubernetes,
    )?;
    command(
        &commands.join("aws"),
        &inside,
        None,
        &setup::python("aws")?,
        &aws,
    )?;
    command(
        &commands.join("terraform"),
        &inside,
        Some(held.terraform.directory()),
        &setup::terraform()?,
        &held.terraform.environment(),
    )?;
    let operator = match &held.operator {
        None => "Operator and executor run as pods on a real node.".to_owned(),
        Some(operator) => format!(
            "The operator runs as a process with its service account's token; kwok answers for its pods.\n\
             Its health: {0}/readyz   Its metrics: {0}/metrics",
            operator.endpoint()
        ),
    };
    Ok(format!(
        "
The data plane is up. {operator}

Look around. In a shell with this PATH, kubectl, aws and terraform reach the demo and nothing else:
  export PATH={path}:$PATH
  kubectl get deployments,pods,networkpolicies,serviceaccounts -n union
  kubectl describe pods -n union -l app.kubernetes.io/component=executor
  kubectl auth can-i --list -n fraud-development --as=system:serviceaccount:union:executor
  kubectl get sa -n union -o yaml | grep role-arn
  aws iam get-role --role-name adminflyterole
  aws iam list-role-policies --role-name userflyterole
  aws s3api list-buckets
  terraform plan
  terraform output

Kubeconfig: {kubeconfig}
Control plane: {control_plane}
Logs: {logs}

make demo-down destroys it and stops everything.",
        path = commands.display(),
        kubeconfig = held.cluster.kubeconfig().display(),
        control_plane = held.control_plane.endpoint(),
        logs = folder.0.display(),
    ))
}

fn command(
    file: &Path,
    inside: &str,
    directory: Option<&Path>,
    program: &Path,
    variables: &[(String, String)],
) -> Result<()> {
    let variables: Vec<String> = variables
        .iter()
        .map(|(name, value)| quoted(&format!("{name}={value}")))
        .collect();
    let variables = variables.join(" ");
    let enter = directory
        .map(|directory| format!("cd {}\n", quoted(&directory.display().to_string())))
        .unwrap_or_default();
    let text = format!(
        "#!/bin/sh\n{enter}exec {inside}env {variables} {} \"$@\"\n",
        quoted(&program.display().to_string())
    );
    fs::write(file, text)?;
    Ok(fs::set_permissions(
        file,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// A word that the shell takes literally.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
