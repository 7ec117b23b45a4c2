//! Ctrl-C while a resource waits: the wait ends, what exists is kept, and the next apply goes on from there. Ctrl-C while
//! something is read: it is dropped.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use framework::wait::{self, Deadline, Poll};
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::workspace::{Workspace, text};

/// Starts Terraform in a process group of its own, since that is what Ctrl-C interrupts: Terraform and its providers.
fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    workspace
        .command(arguments)
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Presses Ctrl-C; answers what Terraform said until it ended.
async fn interrupt(terraform: Child) -> Output {
    let group = format!("-{}", terraform.id());
    let sent = Command::new("kill")
        .args(["-INT", "--", &group])
        .status()
        .unwrap();
    assert!(sent.success());
    tokio::task::spawn_blocking(|| terraform.wait_with_output().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_interrupted_read_is_dropped() {
    let workspace = Workspace::new("waiting", &[]);
    let server = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    workspace.configure(&format!(
        "data \"waiting_speech\" \"this\" {{\n  address = \"{}\"\n}}\n",
        server.local_addr().unwrap()
    ));
    let patience = Duration::from_secs(30);
    let plan = start(&workspace, &["plan", "-no-color", "-input=false"]);
    let (silent, _) = timeout(patience, server.accept()).await.unwrap().unwrap();
    // A server that never answers: without the interrupt, and with one that is not minded, the plan never ends.
    let output = timeout(patience, interrupt(plan))
        .await
        .expect("the read goes on after the interrupt");
    drop(silent);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("reading waiting_speech") && shown.contains("interrupted:"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_interrupted_create_is_kept_tainted_and_made_anew() {
    let workspace = Workspace::new("waiting", &[]);
    let answer = workspace.path("answer");
    let request = workspace.path("answer.request");
    workspace.configure(&format!(
        "resource \"waiting_answer\" \"this\" {{\n  path = \"{}\"\n}}\n",
        answer.display()
    ));

    let apply = start(
        &workspace,
        &["apply", "-no-color", "-input=false", "-auto-approve"],
    );
    let deadline = Deadline::after(Duration::from_secs(30));
    wait::until(
        &CancellationToken::new(),
        deadline,
        "the create to begin",
        async || {
            Ok(if request.exists() {
                Poll::Ready(())
            } else {
                Poll::Pending("no request".to_owned())
            })
        },
    )
    .await
    .unwrap();
    let output = interrupt(apply).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let shown = text(&output);
    assert!(
        shown.contains("creating waiting_answer") && shown.contains("interrupted after"),
        "{shown}"
    );

    let state: Json = serde_json::from_str(&workspace.succeed(&["show", "-json"])).unwrap();
    let resource = &state["values"]["root_module"]["resources"][0];
    assert_eq!(resource["tainted"], true, "{state}");
    assert_eq!(resource["values"]["path"], answer.display().to_string());

    fs::write(&answer, "42").unwrap();
    workspace.apply();
    let state: Json = serde_json::from_str(&workspace.succeed(&["show", "-json"])).unwrap();
    assert_eq!(
        state["values"]["root_module"]["resources"][0]["values"]["content"],
        "42"
    );
    workspace.succeed(&["destroy", "-no-color", "-input=false", "-auto-approve"]);
    assert!(!request.exists());
}

#[test]
fn a_wait_that_takes_too_long_says_what_for() {
    let workspace = Workspace::new("waiting", &[]);
    let answer = workspace.path("answer");
    workspace.configure(&format!(
        "resource \"waiting_answer\" \"this\" {{\n  path = \"{}\"\n  timeouts = {{ create = \"1s\" }}\n}}\n",
        answer.display()
    ));
    let output = workspace.run(&["apply", "-no-color", "-input=false", "-auto-approve"]);
    let shown = text(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("\u{2502} ", "");
    assert!(
        shown.contains("to be written: the request is not answered"),
        "{shown}"
    );
    assert!(shown.contains("raise the timeout of 1s"), "{shown}");
}
