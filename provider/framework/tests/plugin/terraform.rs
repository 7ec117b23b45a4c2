//! The real Terraform with the example provider: schema, plan, apply, drift, destroy, on every transport.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::host::{self, Plugin};
use crate::workspace::{Workspace, text};

/// A workspace of the minimal provider.
fn minimal(environment: &[(&str, &str)]) -> Workspace {
    Workspace::new("minimal", environment)
}

/// A configuration of one file with these arguments.
fn file_block(arguments: &str) -> String {
    format!(
        "resource \"minimal_file\" \"this\" {{\n{arguments}\n}}\n\n\
         output \"size\" {{\n  value = minimal_file.this.size\n}}\n"
    )
}

/// Creates, changes, sees drift and destroys, which calls every request that a resource has.
fn lifecycle(workspace: &Workspace) {
    let file = workspace.path("greeting.txt");
    let arguments = |content: &str| {
        format!(
            "  path = {:?}\n  content = {content:?}",
            file.display().to_string()
        )
    };
    workspace.configure(&file_block(&arguments("hello")));
    assert!(workspace.has_changes());
    workspace.apply();
    assert_eq!(fs::read_to_string(&file).unwrap(), "hello");
    assert_eq!(workspace.succeed(&["output", "-no-color", "size"]), "5\n");

    workspace.configure(&file_block(&arguments("good morning")));
    workspace.apply();
    assert_eq!(fs::read_to_string(&file).unwrap(), "good morning");

    fs::write(&file, "changed by hand").unwrap();
    assert!(workspace.has_changes(), "drift is not seen");
    assert!(workspace.has_drift(), "a refresh does not see drift");
    workspace.apply();
    fs::remove_file(&file).unwrap();
    assert!(workspace.has_changes(), "a removed file is not seen");
    workspace.apply();
    assert_eq!(fs::read_to_string(&file).unwrap(), "good morning");

    workspace.succeed(&["destroy", "-no-color", "-input=false", "-auto-approve"]);
    assert!(!file.exists());
}

#[test]
fn the_schema_is_what_the_model_says() {
    let workspace = minimal(&[]);
    workspace.configure(&file_block("  path = \"x\""));
    let schemas: Json =
        serde_json::from_str(&workspace.succeed(&["providers", "schema", "-json"])).unwrap();
    let file = &schemas["provider_schemas"]["registry.terraform.io/example/minimal"]["resource_schemas"]
        ["minimal_file"];
    let attributes = &file["block"]["attributes"];
    assert_eq!(attributes["path"]["required"], true);
    assert_eq!(attributes["path"]["type"], "string");
    assert_eq!(attributes["path"]["description"], "Where the file is.");
    assert_eq!(attributes["size"]["computed"], true);
    assert_eq!(attributes["size"]["type"], "number");
}

#[test]
fn a_resource_lives_over_the_unix_socket() {
    lifecycle(&minimal(&[]));
}

#[test]
fn a_resource_lives_over_tcp() {
    lifecycle(&minimal(&[("PLUGIN_NETWORK", "tcp")]));
}

#[test]
fn a_resource_lives_without_tls_where_the_user_turned_it_off() {
    lifecycle(&minimal(&[("TF_DISABLE_PLUGIN_TLS", "1")]));
}

#[test]
fn an_existing_file_is_imported() {
    let workspace = minimal(&[]);
    let file = workspace.path("there.txt");
    fs::write(&file, "already").unwrap();
    let id = file.display().to_string();
    workspace.configure(&file_block(&format!(
        "  path = {id:?}\n  content = \"already\""
    )));
    workspace.succeed(&[
        "import",
        "-no-color",
        "-input=false",
        "minimal_file.this",
        &id,
    ]);
    assert!(!workspace.has_changes());
}

#[test]
fn an_error_names_what_was_being_done() {
    let workspace = minimal(&[]);
    let file = Path::new("/proc/none/such");
    workspace.configure(&file_block(&format!(
        "  path = {:?}",
        file.display().to_string()
    )));
    let output = workspace.run(&["apply", "-no-color", "-input=false", "-auto-approve"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    assert!(
        shown.contains("creating minimal_file") && shown.contains("No such file"),
        "{shown}"
    );
}

#[test]
fn logs_reach_terraforms_log_with_level_and_module() {
    let workspace = minimal(&[("TF_LOG_PROVIDER", "trace")]);
    workspace.configure(&file_block(&format!(
        "  path = {:?}",
        workspace.path("x").display().to_string()
    )));
    let output = workspace.run(&["plan", "-no-color", "-input=false"]);
    let log = String::from_utf8_lossy(&output.stderr);
    // What Terraform can parse has its own level and its fields behind the message; what it cannot is the whole message.
    let ours = |line: &&str| line.contains("provider.terraform-provider-minimal: ");
    let lines: Vec<&str> = log.lines().filter(ours).collect();
    assert!(!lines.is_empty(), "{log}");
    for line in lines {
        assert!(line.contains("@module=provider.minimal"), "{line}");
        assert!(!line.contains("@timestamp"), "{line}");
    }
}

#[tokio::test]
async fn a_debugged_provider_serves_many_commands_until_it_is_interrupted() {
    let mut command = host::command();
    command.env_remove(host::COOKIE.0).arg("--debug");
    let mut plugin = Plugin::start(command).await;
    assert!(plugin.handshake[0].starts_with("Provider started."));
    let reattach = plugin.line_with("TF_REATTACH_PROVIDERS=").await;
    let json = reattach
        .trim()
        .trim_start_matches("TF_REATTACH_PROVIDERS=")
        .trim_matches('\'')
        .to_owned();
    tokio::task::spawn_blocking(move || {
        lifecycle(&minimal(&[("TF_REATTACH_PROVIDERS", &json)]));
    })
    .await
    .unwrap();
    assert_eq!(plugin.child.try_wait().unwrap(), None, "it ended by itself");
    plugin.signal("INT").await;
    assert!(plugin.ended().await.success());
}
