//! A directory in which the real Terraform works with one of the example providers.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::host::provider_binary;

/// A directory with a configuration and the provider, ready for Terraform.
pub struct Workspace {
    provider: &'static str,
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Workspace {
    pub fn new(provider: &'static str, environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let binaries = directory.path().join("bin");
        fs::create_dir(&binaries).unwrap();
        std::os::unix::fs::symlink(
            provider_binary(provider),
            binaries.join(format!("terraform-provider-{provider}")),
        )
        .unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{ \"example/{provider}\" = \"{}\" }}\n  direct {{}}\n}}\n",
            binaries.display()
        );
        fs::write(directory.path().join("terraform.rc"), overrides).unwrap();
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self {
            provider,
            directory,
            environment,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the configuration: the provider's source and these blocks.
    pub fn configure(&self, blocks: &str) {
        let provider = self.provider;
        let configuration = format!(
            "terraform {{\n  required_providers {{\n    {provider} = {{ source = \"example/{provider}\" }}\n  }}\n}}\n\n{blocks}"
        );
        fs::write(self.path("main.tf"), configuration).unwrap();
    }

    /// Terraform with these arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
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
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output();
        output.expect("these tests need the `terraform` program (1.11 or later) on PATH: install it and run them again")
    }

    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "terraform {arguments:?}: {}",
            text(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether a plan would change anything.
    pub fn has_changes(&self) -> bool {
        self.finds_changes(&[])
    }

    /// Whether Terraform finds that anything changed outside of it.
    pub fn has_drift(&self) -> bool {
        self.finds_changes(&["-refresh-only"])
    }

    fn finds_changes(&self, how: &[&str]) -> bool {
        let plan = ["plan", "-no-color", "-input=false", "-detailed-exitcode"];
        let output = self.run(&[&plan, how].concat());
        match output.status.code() {
            Some(0) => false,
            Some(2) => true,
            _ => panic!("terraform plan: {}", text(&output)),
        }
    }

    pub fn apply(&self) {
        self.succeed(&["apply", "-no-color", "-input=false", "-auto-approve"]);
        assert!(!self.has_changes(), "the second plan is not empty");
        assert!(!self.has_drift(), "a refresh finds changes");
    }
}

/// What Terraform said, for messages.
pub fn text(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
