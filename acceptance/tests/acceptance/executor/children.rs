//! A task asks for its children with the token that its pod is given, and with nothing else.

use acceptance::flyte::Task;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{LIMIT, World};

const ENQUEUE: &str = "flyteidl2.actions.ActionsService/Enqueue";

/// Whom the token is for that the kubelet gives the pod.
fn audience(pod: &Value) -> Option<&str> {
    let volumes = pod["spec"]["volumes"].as_array()?;
    let sources = volumes
        .iter()
        .filter(|volume| volume["name"] == "dataplane-control-plane-token")
        .filter_map(|volume| volume["projected"]["sources"].as_array());
    sources
        .flatten()
        .find_map(|source| source["serviceAccountToken"]["audience"].as_str())
}

#[test]
fn a_task_proves_who_it_is_by_the_token_of_its_pod() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let held = Task::new("held").attempt(&json!([{ "run": true }, { "hold": "never" }]));
    world.project.run("r1", &held)?;
    world
        .project
        .until("the task to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    let pod = world.pod("r1-a0-0")?.context("the pod")?;
    let audience = audience(&pod).context("a token for the control plane")?;
    let account = pod["spec"]["serviceAccountName"]
        .as_str()
        .context("an account")?;
    let namespace = world.project.namespace();
    // As the kubelet asks for it.
    let token = |arguments: &[&str]| -> Result<String> {
        let create = ["create", "token", account, "-n", &namespace];
        let bound = [
            "--bound-object-kind",
            "Pod",
            "--bound-object-name",
            "r1-a0-0",
        ];
        let token = world
            .kubectl
            .run(&[&create[..], &bound, arguments].concat())?;
        Ok(token.trim().to_owned())
    };
    let own = token(&["--audience", audience])?;
    let for_api_server = token(&[])?;
    let stranger = world.cluster.token("default", "default", audience)?;
    let mut forged = own.clone();
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);
    // The last bits of a signature may not count.
    forged.replace_range(forged.len() - 9..forged.len() - 1, "AAAAAAAA");

    let ask = |action: &str, token: Option<&str>| {
        let child = Task::succeeding("child");
        let request = world.project.request_for_child("r1", "a0", action, &child);
        world.flyte.call_by(token, ENQUEUE, &request)
    };
    for (why, token, expected) in [
        ("no token", None, 401),
        ("no JWT", Some("x"), 401),
        ("for the API server", Some(for_api_server.as_str()), 401),
        ("forged", Some(forged.as_str()), 401),
        ("of another namespace", Some(stranger.as_str()), 403),
    ] {
        let (status, answer) = ask("refused", token)?;
        ensure!(status == expected, "{why}: {status} {answer}");
    }
    ensure!(
        world.resource("r1-refused")?.is_none(),
        "a child was made for somebody else"
    );

    let (status, answer) = ask("child", Some(&own))?;
    ensure!(status == 200, "{status} {answer}");
    let ended = world.project.ended_action("r1", "child", LIMIT)?;
    ensure!(ended.phase == "SUCCEEDED", "{ended:?}");
    Ok(())
}
