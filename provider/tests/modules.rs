//! The HCL that is shipped: `terraform validate` accepts every module and example with the built provider, and their
//! own tests pass. Providers of others are their schemas (`acceptance/schemas`). No cloud and no cluster: `acceptance`
//! applies them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A copy of `modules/` and `examples/`, with a mirror that holds the provider just built: Terraform installs it from there
/// as it would from the registry, and leaves its files out of the checkout.
struct Copy {
    folder: TempDir,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the provider is in the workspace");
        for tree in ["modules", "examples"] {
            copy(&root.join(tree), &folder.path().join(tree));
        }

        let version = env!("CARGO_PKG_VERSION");
        let package = folder.path().join(format!(
            "mirror/registry.terraform.io/dataplane/dataplane/{version}/{}",
            platform()
        ));
        fs::create_dir_all(&package).expect("a mirror");
        let binary = Path::new(env!("CARGO_BIN_EXE_terraform-provider-dataplane"));
        let installed = package.join(format!("terraform-provider-dataplane_v{version}"));
        // A debug build is large; where the folder is on another disk it has to be copied.
        if fs::hard_link(binary, &installed).is_err() {
            fs::copy(binary, &installed).expect("the provider fits into the mirror");
        }
        let settings = format!(
            r#"provider_installation {{
  filesystem_mirror {{
    path    = "{}"
    include = ["dataplane/dataplane"]
  }}
  filesystem_mirror {{
    path    = "{}"
    include = ["hashicorp/*"]
  }}
}}
"#,
            folder.path().join("mirror").display(),
            schemas().display()
        );
        fs::write(folder.path().join("terraform.rc"), settings).expect("Terraform's settings");
        Self { folder }
    }

    /// Runs Terraform in a folder of the copy; its output when it succeeds.
    fn terraform(&self, folder: &Path, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(folder)
            .env(
                "TF_CLI_CONFIG_FILE",
                self.folder.path().join("terraform.rc"),
            )
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .expect("terraform is on PATH: install Terraform 1.11 or newer");
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        if output.status.success() {
            Ok(text)
        } else {
            let folder = folder.strip_prefix(self.folder.path()).unwrap_or(folder);
            Err(format!(
                "terraform {} in {}:\n{text}",
                arguments.join(" "),
                folder.display()
            ))
        }
    }

    fn init(&self, folder: &Path) -> Result<String, String> {
        self.terraform(
            folder,
            &["init", "-backend=false", "-input=false", "-no-color"],
        )
    }

    /// The folders below `tree` that hold configuration.
    fn configurations(&self, tree: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.folder.path().join(tree)];
        while let Some(folder) = open.pop() {
            let mut configured = false;
            for entry in fs::read_dir(&folder).expect("a readable folder") {
                let path = entry.expect("an entry").path();
                configured |= path.extension().is_some_and(|extension| extension == "tf");
                if path.is_dir() {
                    open.push(path);
                }
            }
            if configured {
                found.push(folder);
            }
        }
        found.sort();
        assert!(!found.is_empty(), "{tree} holds no configuration");
        found
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_dir() {
            if name != ".terraform" {
                copy(&path, &to.join(name));
            }
        } else if name != ".terraform.lock.hcl" {
            fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

/// The mirror with the schemas of others' providers, where the tests' set-up put it.
#[expect(
    clippy::disallowed_methods,
    reason = "where the cache is, is said by the environment"
)]
fn schemas() -> PathBuf {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = of("DATAPLANE_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(of("XDG_CACHE_HOME")?).join("dataplane")))
        .or_else(|| Some(PathBuf::from(of("HOME")?).join(".cache/dataplane")))
        .expect("a home");
    let settings = fs::read_to_string(cache.join("env")).unwrap_or_default();
    settings
        .lines()
        .find_map(|line| line.strip_prefix("DATAPLANE_SCHEMAS="))
        .map(PathBuf::from)
        .filter(|path| path.is_dir())
        .expect("the providers of others: run `make setup`, as `make test` does")
}

/// The platform as Terraform names it.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{machine}")
}

#[test]
fn every_module_and_example_is_valid() {
    let copy = Copy::new();
    let mut wrong = Vec::new();
    for folder in copy
        .configurations("modules")
        .into_iter()
        .chain(copy.configurations("examples"))
    {
        // Examples of one type show no provider block; they get what a user's configuration has anyway.
        if !folder.join("provider.tf").exists() && !folder.join("versions.tf").exists() {
            let block = "terraform {\n  required_providers {\n    dataplane = { source = \"dataplane/dataplane\" }\n  }\n}\n";
            fs::write(folder.join("required_providers.tf"), block).expect("a configuration");
        }
        let outcome = copy
            .init(&folder)
            .and_then(|_| copy.terraform(&folder, &["validate", "-no-color"]));
        wrong.extend(outcome.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_modules_own_tests_pass() {
    let copy = Copy::new();
    let mut wrong = Vec::new();
    let modules = copy.configurations("modules");
    for module in &modules {
        assert!(
            module.join("tests").is_dir(),
            "{} has no tests",
            module.display()
        );
    }
    // An example's tests say what it grants, where it grants something.
    let examples = copy.configurations("examples");
    let tested = examples
        .into_iter()
        .filter(|example| example.join("tests").is_dir());
    for folder in modules.into_iter().chain(tested) {
        let outcome = copy
            .init(&folder)
            .and_then(|_| copy.terraform(&folder, &["test", "-no-color"]));
        match outcome {
            Ok(text) => assert!(!text.contains("Success! 0 passed"), "{text}"),
            Err(text) => wrong.push(text),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
