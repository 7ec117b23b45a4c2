//! A fleet in a folder of its own, with a script in Terraform's place.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// From the crate's folder, in which tests run. Nobody writes it while a test runs: a program that is open for writing anywhere cannot be started.
const TERRAFORM: &str = "tests/process/terraform.sh";

pub const SECRET: &str = "correct-horse";

/// The first wave has a and b, the second c, d and e.
pub const FLEET: &str = r#"
root: root
tenants: [a, b, c, d, e]
backend_config: { key: "{tenant}.tfstate", access_key: correct-horse }
waves:
  - { name: canary, tenants: [a, b], parallelism: 1 }
  - { name: rest, tenants: ["*"], parallelism: 2, stop_after: 2 }
protect: [dataplane_bucket]
"#;

const BACKEND: &str = "terraform {\n  backend \"s3\" {}\n}\n";

/// A change with a value in it.
const CHANGES: &str = r#"{"resource_changes":[{"address":"dataplane_role.this","mode":"managed","type":"dataplane_role",
"change":{"actions":["update"],"before":{"password":"correct-horse"},"after":{"password":"correct-horse-2"}}}]}"#;

pub const REPLACES: &str = r#"{"resource_changes":[{"address":"dataplane_bucket.this","mode":"managed","type":"dataplane_bucket",
"change":{"actions":["delete","create"],"before":{},"after":{}}}]}"#;

pub const FAILS: &str = "echo '{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"no way\",\"detail\":\"said AWS of correct-horse\"}}'\nexit 1\n";

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        place.write("fleet.yaml", FLEET);
        place.write("root/versions.tf", BACKEND);
        place.write("root/main.tf", "");
        place.write("fake/shown.json", CHANGES);
        place.write("fake/calls", "");
        place
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Where the program keeps what is a tenant's.
    pub fn folder_of(&self, tenant: &str) -> PathBuf {
        self.path(".fleet/tenants").join(tenant)
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("a file")
    }

    /// What the script does when `verb` is called for `tenant`.
    pub fn on(&self, verb: &str, tenant: &str, script: &str) {
        self.write(&format!("fake/{verb}.{tenant}"), script);
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dataplane-fleet"));
        command
            .args(arguments.split(' '))
            .current_dir(self.folder.path())
            .env("FAKE", self.path("fake"))
            .env(
                "FLEET_TERRAFORM",
                fs::canonicalize(TERRAFORM).expect("the script"),
            )
            .env("FLEET_ACTOR", "ci-of-acme")
            .env_remove("TF_PLUGIN_CACHE_DIR")
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &str, code: i32) -> (String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().expect("the program");
        let (out, err) = (
            String::from_utf8(stdout).expect("text"),
            String::from_utf8(stderr).expect("text"),
        );
        assert_eq!(status.code(), Some(code), "{arguments}\n{out}\n{err}");
        (out, err)
    }

    pub fn start(&self, arguments: &str) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program")
    }

    /// Who `verb` was called for since this was last asked.
    pub fn called(&self, verb: &str) -> Vec<String> {
        let calls = self.read("fake/calls");
        let called = calls.lines().filter_map(|line| line.split_once(' '));
        let called = called.filter(|(found, _)| *found == verb);
        called.map(|(_, tenant)| tenant.to_owned()).collect()
    }

    pub fn forget_calls(&self) {
        self.write("fake/calls", "");
    }

    /// Tenants and outcomes of the journal.
    pub fn journal(&self) -> Vec<String> {
        let text = self.read(".fleet/journal.jsonl");
        let records = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a record"));
        let said = |record: &Value, name: &str| record[name].as_str().expect("a text").to_owned();
        records
            .map(|record| format!("{} {}", said(&record, "tenant"), said(&record, "outcome")))
            .collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test looks at another process, until a deadline"
)]
#[track_caller]
pub fn until(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("a process");
}

/// Who of these tenants has which outcome.
pub fn outcomes(json: &str) -> Vec<String> {
    let printed: Value = serde_json::from_str(json).expect("a document");
    let tenants = printed["tenants"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    tenants
        .map(|one| format!("{} {}", text(&one["tenant"]), text(&one["outcome"])))
        .collect()
}
