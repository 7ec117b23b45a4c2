//! The real Terraform CLI with our provider, in a folder of its own. The provider is installed from a file-system mirror,
//! so `terraform init`, the lock file and its checksums work as they do for a user.

mod plan;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

pub use plan::Plan;

use crate::{
    process::{self, Signal},
    setup, wait,
};

const ADDRESS: &str = "registry.terraform.io/dataplane/dataplane";
const PROGRAM: &str = "terraform-provider-dataplane";

/// The longest path in which the provider's socket fits: the kernel takes 107 bytes, `/plugin-4194304-999/s` included.
const LONGEST: usize = 86;

/// A working directory of Terraform.
#[derive(Debug)]
pub struct Terraform {
    root: PathBuf,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    network: Option<PathBuf>,
    _owned: Option<tempfile::TempDir>,
}

/// A diagnostic as `terraform -json` prints it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub severity: String,
    pub summary: String,
    pub detail: String,
    /// The resource or provider it is about.
    pub address: String,
    /// The source that Terraform underlines.
    pub underlined: Option<String>,
}

/// An apply under way.
pub struct Applying {
    child: Child,
    log: PathBuf,
}

impl Terraform {
    /// An empty working directory with our provider in reach.
    pub fn new() -> Result<Self> {
        let owned = setup::scratch()?;
        let terraform = Self::at(owned.path())?;
        Ok(Self {
            _owned: Some(owned),
            ..terraform
        })
    }

    /// A working directory with a copy of an example, at the same depth, with the modules where it expects them.
    pub fn example(path: &str) -> Result<Self> {
        Self::new()?.with_example(path)
    }

    /// The same in a folder that stays.
    pub fn example_at(root: &Path, path: &str) -> Result<Self> {
        Self::at(root)?.with_example(path)
    }

    fn at(root: &Path) -> Result<Self> {
        let directory = root.join("work");
        fs::create_dir_all(&directory)?;
        fs::create_dir_all(root.join("tmp"))?;
        let mirror = root.join("mirror");
        install_provider(&mirror)?;
        let from = |path: &Path, providers: &str| {
            format!(
                "  filesystem_mirror {{\n    path    = \"{}\"\n    include = [\"{providers}\"]\n  }}\n",
                path.display()
            )
        };
        let configuration = format!(
            "provider_installation {{\n{}{}}}\n",
            from(&mirror, "dataplane/dataplane"),
            from(&setup::schemas()?, "hashicorp/*")
        );
        fs::write(root.join("terraform.rc"), configuration)?;
        Ok(Self {
            root: root.to_path_buf(),
            directory,
            environment: Vec::new(),
            network: None,
            _owned: None,
        })
    }

    fn with_example(mut self, path: &str) -> Result<Self> {
        let tree = self.root.join("tree");
        let from = setup::checkout();
        copy(&from.join("modules"), &tree.join("modules"))?;
        self.directory = tree.join("examples").join(path);
        copy(&from.join("examples").join(path), &self.directory)?;
        Ok(self)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where Terraform and the provider put what they need while they run.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Adds variables to the environment of Terraform and the provider; ours is not passed on.
    #[must_use]
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Runs Terraform and its providers in a network namespace.
    #[must_use]
    pub fn inside(self, network: &Path) -> Self {
        Self {
            network: Some(network.to_path_buf()),
            ..self
        }
    }

    /// Sets an input variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment
            .push((format!("TF_VAR_{name}"), value.to_owned()));
        self
    }

    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.directory.join(file);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Replaces text in a file, which must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let text = fs::read_to_string(self.directory.join(file))?;
        ensure!(text.contains(from), "{file} does not contain {from:?}");
        self.write(file, &text.replace(from, to))
    }

    pub fn init(&self) -> Result<()> {
        self.succeed(&["init", "-input=false"]).map(drop)
    }

    pub fn apply(&self) -> Result<String> {
        self.succeed(&["apply", "-input=false", "-auto-approve"])
    }

    pub fn destroy(&self) -> Result<String> {
        self.succeed(&["destroy", "-input=false", "-auto-approve"])
    }

    pub fn import(&self, address: &str, id: &str) -> Result<String> {
        self.succeed(&["import", "-input=false", address, id])
    }

    pub fn plan(&self) -> Result<Plan> {
        self.plan_with(&[])
    }

    /// A plan that only looks for what changed outside of Terraform.
    pub fn plan_refresh_only(&self) -> Result<Plan> {
        self.plan_with(&["-refresh-only"])
    }

    fn plan_with(&self, arguments: &[&str]) -> Result<Plan> {
        let command = [
            "plan",
            "-input=false",
            "-out=saved.tfplan",
            "-detailed-exitcode",
        ];
        let arguments = [command.as_slice(), arguments].concat();
        let output = self.output_of(&arguments)?;
        let differs = output.status.code() == Some(2);
        ensure!(
            differs || output.status.success(),
            failure(&arguments, &output)
        );
        let shown = self.succeed(&["show", "-json", "saved.tfplan"])?;
        Ok(Plan {
            json: serde_json::from_str(&shown)?,
            differs,
        })
    }

    /// Applies; then a plan is empty, and so is one that only refreshes.
    pub fn apply_then_empty_plan(&self) -> Result<()> {
        self.apply()?;
        self.plan()?.assert_empty("the plan after apply")?;
        self.plan_refresh_only()?
            .assert_empty("the refresh-only plan after apply")
    }

    /// The state as `terraform show -json` has it.
    pub fn state(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.succeed(&["show", "-json"])?)?)
    }

    /// The attributes of a managed resource or data source in the state.
    pub fn attributes(&self, address: &str) -> Result<Value> {
        fn find(module: &Value, address: &str) -> Option<Value> {
            let own = module["resources"].as_array().into_iter().flatten();
            let found = own
                .filter(|resource| resource["address"] == address)
                .map(|resource| resource["values"].clone())
                .next();
            let children = module["child_modules"].as_array().into_iter().flatten();
            found.or_else(|| children.into_iter().find_map(|child| find(child, address)))
        }
        find(&self.state()?["values"]["root_module"], address)
            .with_context(|| format!("{address} is not in the state"))
    }

    pub fn output(&self, name: &str) -> Result<Value> {
        Ok(serde_json::from_str(
            &self.succeed(&["output", "-json", name])?,
        )?)
    }

    /// The diagnostics of a command that must fail: `validate`, `plan` or `apply`.
    pub fn diagnostics(&self, command: &str) -> Result<Vec<Diagnostic>> {
        let arguments: &[&str] = match command {
            "validate" => &["validate", "-json"],
            "apply" => &["apply", "-json", "-input=false", "-auto-approve"],
            _ => &[command, "-json", "-input=false"],
        };
        let output = self.output_of(arguments)?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        ensure!(
            !output.status.success(),
            "terraform {command} was expected to fail and did not:\n{stdout}"
        );
        let mut found = Vec::new();
        if command == "validate" {
            let report: Value = serde_json::from_str(&stdout)?;
            found.extend(
                report["diagnostics"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(Diagnostic::read),
            );
        } else {
            for line in stdout.lines() {
                let message: Value = serde_json::from_str(line).unwrap_or_default();
                if message["type"] == "diagnostic" {
                    found.push(Diagnostic::read(&message["diagnostic"]));
                }
            }
        }
        ensure!(
            !found.is_empty(),
            "terraform {command} failed without a diagnostic:\n{stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(found)
    }

    /// Starts an apply that the test will interrupt or kill.
    pub fn start_apply(&self) -> Result<Applying> {
        let log = self.root.join("apply.log");
        let file = fs::File::create(&log)?;
        let mut command = self.command(&["apply", "-input=false", "-auto-approve", "-no-color"])?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        Ok(Applying {
            child: process::spawn(command)?,
            log,
        })
    }

    /// Terraform with these arguments, which must succeed; else an error with the end of what it printed.
    pub fn succeed(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output_of(arguments)?;
        ensure!(output.status.success(), failure(arguments, &output));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn output_of(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(arguments)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(process::spawn(command)?.wait_with_output()?)
    }

    /// The command, so that the demo runs it with its own outputs.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = process::command_in(self.network.as_deref(), setup::terraform()?);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(setup::variable("PATH").map(|path| ("PATH", path)))
            .env("HOME", &self.root)
            .envs(self.environment());
        Ok(command)
    }

    /// What Terraform and the provider read.
    pub fn environment(&self) -> Vec<(String, String)> {
        let configuration = self.root.join("terraform.rc").display().to_string();
        let temporary = self.temporary();
        let fits = temporary.as_os_str().len() <= LONGEST;
        let temporary = fits.then(|| ("TMPDIR".to_owned(), temporary.display().to_string()));
        let own = [
            ("TF_CLI_CONFIG_FILE", configuration.as_str()),
            ("TF_IN_AUTOMATION", "1"),
            ("NO_COLOR", "1"),
            ("CHECKPOINT_DISABLE", "1"),
        ];
        own.into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(temporary)
            .chain(self.environment.iter().cloned())
            .collect()
    }
}

/// Puts the built provider into a file-system mirror.
pub fn install_provider(mirror: &Path) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let platform = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let folder = mirror
        .join(ADDRESS)
        .join(version)
        .join(format!("{}_{platform}", std::env::consts::OS));
    fs::create_dir_all(&folder)?;
    let binary = setup::built(PROGRAM)?;
    let installed = folder.join(format!("{PROGRAM}_v{version}"));
    // Not a symbolic link: a build meanwhile would change the file under its checksum.
    if fs::hard_link(&binary, &installed).is_err() {
        fs::copy(&binary, &installed)
            .with_context(|| format!("installing {}", installed.display()))?;
    }
    Ok(())
}

impl Diagnostic {
    fn read(diagnostic: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let snippet = &diagnostic["snippet"];
        let offset = |name: &str| {
            let offset = snippet[name].as_u64()?;
            usize::try_from(offset).ok()
        };
        let underlined = snippet["code"].as_str().and_then(|code| {
            let (start, end) = (
                offset("highlight_start_offset")?,
                offset("highlight_end_offset")?,
            );
            code.get(start..end).map(str::to_owned)
        });
        Self {
            severity: text(&diagnostic["severity"]),
            summary: text(&diagnostic["summary"]),
            detail: text(&diagnostic["detail"]),
            address: text(&diagnostic["address"]),
            underlined,
        }
    }
}

impl Applying {
    /// What it has printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until its output contains `text`.
    pub fn until_printed(&mut self, text: &str, limit: Duration) -> Result<()> {
        self.until(&format!("terraform to print {text:?}"), limit, |applying| {
            Ok(applying.printed().contains(text).then_some(()))
        })
    }

    /// Waits for what it does, and no longer than it runs: where it ends before, what it printed says why.
    pub fn until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut poll: impl FnMut(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        wait::until(what, limit, || {
            // Before the look: what is waited for may be the last that it does.
            let ended = self.child.try_wait()?.is_some();
            let found = poll(self)?;
            ensure!(
                found.is_some() || !ended,
                "terraform ended before {what}:\n{}",
                self.printed()
            );
            Ok(found)
        })
    }

    /// The process of our provider, once it runs.
    pub fn provider(&self) -> Result<u32> {
        let mut running = self.plugins()?.into_iter();
        running
            .find_map(|(id, is_ours)| is_ours.then_some(id))
            .with_context(|| format!("terraform runs no provider now:\n{}", self.printed()))
    }

    /// Processes of providers, and whether they are of ours: a root may have several of it, and such that stand for others'.
    fn plugins(&self) -> Result<Vec<(u32, bool)>> {
        let parent = self.child.id().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let process = entry?.path();
            // A process may end while we look.
            let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
            let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            let is_plugin = stat.contains("(terraform-provi)")
                && after_name.split(' ').nth(1) == Some(parent.as_str());
            if let Some(id) = process.file_name().filter(|_| is_plugin) {
                let program = fs::read_link(process.join("exe")).unwrap_or_default();
                let is_ours = program.to_string_lossy().contains(PROGRAM);
                found.push((id.to_string_lossy().parse()?, is_ours));
            }
        }
        Ok(found)
    }

    /// As Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        process::signal(self.child.id(), Signal::Interrupt)
    }

    /// As a lost machine does: once this returns, neither Terraform nor a provider makes a call any more. Ours ends with
    /// Terraform since its pipe breaks; those that stand for others' would live on.
    pub fn kill(mut self) -> Result<()> {
        let ours = self.end()?;
        wait::until("the end of the provider", Duration::from_secs(30), || {
            let is_gone = |id: &u32| !Path::new(&format!("/proc/{id}")).exists();
            Ok(ours.iter().all(is_gone).then_some(()))
        })
    }

    /// Ends all but the processes of our provider, which are given.
    fn end(&mut self) -> Result<Vec<u32>> {
        let (ours, others): (Vec<_>, Vec<_>) = self
            .plugins()?
            .into_iter()
            .partition(|(_, is_ours)| *is_ours);
        self.child.kill()?;
        self.child.wait()?;
        for (id, _) in others {
            // It may have ended by itself.
            let _ = process::signal(id, Signal::Kill);
        }
        Ok(ours.into_iter().map(|(id, _)| id).collect())
    }

    /// Its end: whether it succeeded, and all it printed.
    pub fn finish(mut self, limit: Duration) -> Result<(bool, String)> {
        let status = wait::until("terraform to end", limit, || Ok(self.child.try_wait()?))?;
        Ok((status.success(), self.printed()))
    }
}

impl Drop for Applying {
    fn drop(&mut self) {
        // It has ended already in every test that passes.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.end();
        }
    }
}

/// What a command that failed had printed in the end.
fn failure(arguments: &[&str], output: &Output) -> String {
    let printed = uncoloured(&format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ));
    let lines: Vec<&str> = printed.lines().collect();
    let end = &lines[lines.len().saturating_sub(60)..];
    format!("terraform {}:\n{}", arguments.join(" "), end.join("\n"))
}

/// Text without a terminal's escape sequences.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != ".terraform" {
                copy(&entry.path(), &to.join(name))?;
            }
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
