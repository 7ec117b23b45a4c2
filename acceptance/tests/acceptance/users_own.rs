//! The user's own cluster (`DATAPLANE_KUBECONFIG`) and test assets (`KUBEBUILDER_ASSETS`) are used in place of ours. The
//! tests of this program are run again with such an environment; what they are told to use is one of ours.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use acceptance::{
    cluster::{Cluster, Kubectl},
    process,
    setup::{self, Kubernetes},
};
use anyhow::{Result, ensure};

/// Runs tests of this program with a variable more in their environment; all of them must pass.
fn run(tests: &[&str], variables: &[(&str, &Path)]) -> Result<()> {
    let mut command = process::command(std::env::current_exe()?);
    command
        .arg("--exact")
        .args(tests)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = process::spawn(command)?.wait_with_output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let passed = format!("test result: ok. {} passed", tests.len());
    ensure!(
        output.status.success() && printed.contains(&passed),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// A folder of test assets, as Go's envtest has them, where a shell runs `script` in place of each program.
fn assets(folder: &Path, script: impl Fn(&Path) -> String) -> Result<()> {
    for program in [Kubernetes::Etcd, Kubernetes::ApiServer] {
        let file = folder.join(program.name());
        fs::write(&file, format!("#!/bin/sh\n{}\n", script(&program.path()?)))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// What is in no namespace, by kind and name.
fn everything(kubectl: &Kubectl) -> Result<String> {
    let kinds = "namespaces,nodes,crds,clusterroles,clusterrolebindings,priorityclasses";
    kubectl.run(&["get", kinds, "-o", "name"])
}

#[test]
fn cluster_is_used_and_left_as_it_was() -> Result<()> {
    let theirs = Cluster::start()?;
    let kubectl = theirs.kubectl()?;
    kubectl.run(&["create", "namespace", "theirs"])?;
    let before = everything(&kubectl)?;
    let home = setup::scratch()?;
    // A cluster of ours cannot be started: whatever passes has used theirs.
    assets(home.path(), |_| "exit 1".to_owned())?;
    run(
        &[
            "bad_input::clusters::where_others_have_something_in_the_way_are_left_as_they_are",
            "data_plane::is_applied_planned_empty_mended_and_destroyed_without_a_trace",
            "data_plane::its_operator_registers_with_its_own_token_and_outlives_the_control_plane",
            "examples::crds",
            "substrate::pod_security_is_enforced_and_pods_run",
        ],
        &[
            ("DATAPLANE_KUBECONFIG", &theirs.kubeconfig()),
            ("KUBEBUILDER_ASSETS", home.path()),
        ],
    )?;
    assert_eq!(everything(&kubectl)?, before);

    kubectl.run(&[
        "label",
        "namespace",
        "theirs",
        "app.kubernetes.io/managed-by=dataplane",
    ])?;
    let refused = run(
        &["examples::crds"],
        &[("DATAPLANE_KUBECONFIG", &theirs.kubeconfig())],
    )
    .expect_err("a cluster that holds a data plane");
    ensure!(
        format!("{refused:#}").contains(
            "holds a data plane already, or the rest of an ended test: namespaces/theirs"
        ),
        "{refused:#}"
    );
    kubectl.run(&["get", "namespace", "theirs"]).map(drop)
}

#[test]
fn test_assets_are_what_is_started() -> Result<()> {
    let folder = setup::scratch()?;
    let started = folder.path().join("started");
    assets(folder.path(), |program| {
        format!(
            "echo \"$0\" >> '{}'\nexec '{}' \"$@\"",
            started.display(),
            program.display()
        )
    })?;
    run(
        &["substrate::the_api_server_keeps_its_objects_over_a_crash"],
        &[("KUBEBUILDER_ASSETS", folder.path())],
    )?;
    let started = fs::read_to_string(started)?;
    let started: Vec<&str> = started.lines().collect();
    let program = |program: Kubernetes| folder.path().join(program.name()).display().to_string();
    // The API server twice, as that test kills the first.
    assert_eq!(
        started,
        [
            program(Kubernetes::Etcd),
            program(Kubernetes::ApiServer),
            program(Kubernetes::ApiServer)
        ]
    );
    Ok(())
}
