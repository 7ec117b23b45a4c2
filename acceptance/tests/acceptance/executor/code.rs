//! Tasks whose code is fetched before they begin, through a URL that was signed for them.

use std::{fs, process::Command};

use acceptance::{flyte::Task, setup};
use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{LIMIT, World, condition};

/// With the one right more that the executor has when it signs: to make Secrets, not to read them.
fn signing_world() -> Result<World> {
    let world = World::with(&json!({ "code_bundles": "signed" }))?;
    let namespace = world.project.namespace();
    let metadata = json!({ "name": "signs-code", "namespace": namespace });
    let account = json!({
        "kind": "ServiceAccount", "name": "executor", "namespace": format!("executor-{}", world.project.name),
    });
    let rights = json!({ "apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["create"] }],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "signs-code" },
            "subjects": [account],
        },
    ] });
    world.kubectl.apply(&rights.to_string())?;
    Ok(world)
}

fn with_code(at: &str) -> Task {
    let args = json!(["a0", "--outputs-path", "{{.outputPrefix}}", "--tgz", at]);
    Task::succeeding("coded").container("args", &args)
}

#[test]
fn code_comes_through_a_url_that_the_pod_does_not_show() -> Result<()> {
    let world = signing_world()?;
    let _executor = world.executor()?;
    world.project.run("r1", &Task::succeeding("first"))?;
    ensure!(world.project.ended("r1", LIMIT)?.phase == "SUCCEEDED");
    // Any object of the project's can be code.
    let project = &world.project.name;
    let key = format!("acme/{project}/development/r1/a0/1/outputs.pb");
    world
        .project
        .run("r2", &with_code(&format!("s3://executor-metadata/{key}")))?;
    let ended = world.project.ended("r2", LIMIT)?;
    ensure!(ended.phase == "SUCCEEDED", "{ended:?}");

    let pod = world.pod("r2-a0-0")?.context("the pod")?;
    ensure!(
        !pod.to_string().contains("Signature"),
        "the pod shows the URL"
    );
    let args = &pod["spec"]["containers"][0]["args"];
    let file = format!("/var/run/dataplane/code/s3/executor-metadata/{key}");
    ensure!(args[4] == file, "{args}");
    let secret = pod["spec"]["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|volume| volume["secret"]["secretName"].as_str())
        .context("a volume of a Secret")?;
    let secret = world
        .kubectl
        .get("secret", &world.project.namespace(), secret)?
        .context("the Secret")?;
    ensure!(secret["metadata"]["ownerReferences"][0]["name"] == "r2-a0");
    let url = secret["data"]["url"].as_str().context("a URL")?;
    let bytes = fetched(&BASE64_STANDARD.decode(url)?)?;
    ensure!(!bytes.is_empty(), "what the URL gives is empty");
    Ok(())
}

/// What the mode of our image that the pod runs first makes of a URL.
fn fetched(url: &[u8]) -> Result<Vec<u8>> {
    let directory = setup::scratch()?;
    let file = |name: &str| directory.path().join(name);
    fs::write(file("url"), url)?;
    let output = Command::new(setup::built("dataplane-operator")?)
        .arg("fetch-bundle")
        .arg("--url-file")
        .arg(file("url"))
        .arg("--output")
        .arg(file("code"))
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(fs::read(file("code"))?)
}

#[test]
fn code_of_others_is_not_signed_for() -> Result<()> {
    let world = signing_world()?;
    let _executor = world.executor()?;
    for (run, at) in [
        (
            "r1",
            "s3://executor-metadata/acme/somebody/development/code.tgz",
        ),
        ("r2", "s3://somebody-elses-bucket/acme/code.tgz"),
    ] {
        world.project.run(run, &with_code(at))?;
        let ended = world.project.ended(run, LIMIT)?;
        ensure!(ended.phase == "FAILED", "{run}: {ended:?}");
        let resource = world
            .resource(&format!("{run}-a0"))?
            .context("the resource")?;
        let failed: &Value = condition(&resource, "Failed");
        let message = failed["message"].as_str().unwrap_or_default();
        ensure!(message.contains(at), "{run}: {message}");
    }
    ensure!(world.pods()?.is_empty(), "there is a pod");
    let secrets = world
        .kubectl
        .list(&["secrets", "-n", &world.project.namespace()])?;
    ensure!(secrets.is_empty(), "there is a Secret");
    Ok(())
}
