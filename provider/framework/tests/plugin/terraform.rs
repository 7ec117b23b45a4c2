//! The real Terraform with the example provider: schema, plan, apply, drift, destroy, on every transport.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::host::{self, Plugin, provider_binary};

/// A directory with a configuration and the provider, ready for Terraform.
struct Workspace {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Workspace {
    fn new(environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let binaries = directory.path().join("bin");
        fs::create_dir(&binaries).unwrap();
        std::os::unix::fs::symlink(
            provider_binary(),
            binaries.join("terraform-provider-minimal"),
        )
        .unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{ \"example/minimal\" = \"{}\" }}\n  direct {{}}\n}}\n",
            binaries.display()
        );
        fs::write(directory.path().join("terraform.rc"), overrides).unwrap();
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self {
            directory,
            environment,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a configuration of one file resource with these arguments.
    fn configure(&self, arguments: &str) {
        let configuration = format!(
            "terraform {{\n  required_providers {{\n    minimal = {{ source = \"example/minimal\" }}\n  }}\n}}\n\n\
             resource \"minimal_file\" \"this\" {{\n{arguments}\n}}\n\n\
             output \"size\" {{\n  value = minimal_file.this.size\n}}\n"
        );
        fs::write(self.path("main.tf"), configuration).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.directory.path());
        command
            .env("TF_CLI_CONFIG_FILE", self.path("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1");
        command
            .env("TF_IN_AUTOMATION", "1")
            .env_remove("TF_LOG")
            .env_remove("TF_LOG_PROVIDER");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.output().expect("these tests need the `terraform` program (1.11 or later) on PATH: install it and run them again")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "terraform {arguments:?}: {}",
            text(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether a plan would change anything.
    fn has_changes(&self) -> bool {
        let output = self.run(&["plan", "-no-color", "-input=false", "-detailed-exitcode"]);
        match output.status.code() {
            Some(0) => false,
            Some(2) => true,
            _ => panic!("terraform plan: {}", text(&output)),
        }
    }

    fn apply(&self) {
        self.succeed(&["apply", "-no-color", "-input=false", "-auto-approve"]);
        assert!(!self.has_changes(), "the second plan is not empty");
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
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
    workspace.configure(&arguments("hello"));
    assert!(workspace.has_changes());
    workspace.apply();
    assert_eq!(fs::read_to_string(&file).unwrap(), "hello");
    assert_eq!(workspace.succeed(&["output", "-no-color", "size"]), "5\n");

    workspace.configure(&arguments("good morning"));
    workspace.apply();
    assert_eq!(fs::read_to_string(&file).unwrap(), "good morning");

    fs::write(&file, "changed by hand").unwrap();
    assert!(workspace.has_changes(), "drift is not seen");
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
    let workspace = Workspace::new(&[]);
    workspace.configure("  path = \"x\"");
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
    lifecycle(&Workspace::new(&[]));
}

#[test]
fn a_resource_lives_over_tcp() {
    lifecycle(&Workspace::new(&[("PLUGIN_NETWORK", "tcp")]));
}

#[test]
fn a_resource_lives_without_tls_where_the_user_turned_it_off() {
    lifecycle(&Workspace::new(&[("TF_DISABLE_PLUGIN_TLS", "1")]));
}

#[test]
fn an_existing_file_is_imported() {
    let workspace = Workspace::new(&[]);
    let file = workspace.path("there.txt");
    fs::write(&file, "already").unwrap();
    let id = file.display().to_string();
    workspace.configure(&format!("  path = {id:?}\n  content = \"already\""));
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
    let workspace = Workspace::new(&[]);
    let file = Path::new("/proc/none/such");
    workspace.configure(&format!("  path = {:?}", file.display().to_string()));
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
    let workspace = Workspace::new(&[("TF_LOG_PROVIDER", "trace")]);
    workspace.configure(&format!(
        "  path = {:?}",
        workspace.path("x").display().to_string()
    ));
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
        lifecycle(&Workspace::new(&[("TF_REATTACH_PROVIDERS", &json)]));
    })
    .await
    .unwrap();
    assert_eq!(plugin.child.try_wait().unwrap(), None, "it ended by itself");
    plugin.signal("INT").await;
    assert!(plugin.ended().await.success());
}
