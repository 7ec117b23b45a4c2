//! What a plan is made of, as one hash: the root, the modules beside it, the tenant's variables, where its state is.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{fleet_file::Fleet, sha256, tenants::Tenant};

const LOCK_FILE: &str = ".terraform.lock.hcl";

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Root {
    /// The commit that was checked out; what is not committed shows in the digest only.
    pub commit: Option<String>,
    pub digest: String,
}

impl Root {
    pub fn of(fleet: &Fleet, tenant: &Tenant, commit: Option<&str>) -> Result<Self> {
        let mut digest = Sha256::new();
        let mut add = |name: &str, content: &[u8]| {
            for part in [name.as_bytes(), content] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        };
        // What this program reads and writes itself, if it is in the root.
        let own = [&fleet.file, &fleet.journal];
        let own = own.map(|file| file.canonicalize().unwrap_or_else(|_| file.clone()));
        for folder in folders(&fleet.root)? {
            let files = files(&folder)?.into_iter();
            for file in files.filter(|file| !own.contains(file)) {
                let name = file.strip_prefix(&fleet.root).unwrap_or(&file);
                add(&name.to_string_lossy(), &read(&file)?);
            }
        }
        for file in fleet.var_files(tenant) {
            let name = file.strip_prefix(&fleet.folder).unwrap_or(&file);
            add(&name.to_string_lossy(), &read(&file)?);
        }
        add(
            "backend",
            fleet.backend(tenant).unwrap_or_default().as_bytes(),
        );
        add(
            "workspace",
            fleet.workspace(tenant).unwrap_or_default().as_bytes(),
        );
        for (name, value) in fleet.env(tenant) {
            add("env", name.as_bytes());
            add("value", value.as_bytes());
        }
        Ok(Self {
            commit: commit.map(str::to_owned),
            digest: sha256::text(&digest.finalize()),
        })
    }
}

/// The commit of a checkout; none where there is none, or no git. Where git knows and does not say, that is told.
pub fn commit(folder: &Path) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["rev-parse", "HEAD"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if !said.contains("not a git repository") {
            // As in a container, where the checkout is another user's. A closed standard error is no reason to stop.
            let _ = writeln!(
                std::io::stderr().lock(),
                "dataplane-fleet: what is written down has no commit: {}",
                said.lines().next().unwrap_or("git did not say why")
            );
        }
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}

/// The root and the folders of modules that it and they name by a relative path, wherever they are.
fn folders(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let (mut found, mut open) = (BTreeSet::new(), vec![root.to_path_buf()]);
    while let Some(folder) = open.pop() {
        if !found.insert(folder.clone()) {
            continue;
        }
        for file in files(&folder)? {
            let name = file.to_string_lossy();
            if name.ends_with(".tf") || name.ends_with(".tf.json") {
                let text = String::from_utf8_lossy(&read(&file)?).into_owned();
                let above = file.parent().unwrap_or(&folder);
                // A module that is not there is Terraform's to tell.
                let modules =
                    sources(&text).filter_map(|path| above.join(path).canonicalize().ok());
                // What is inside is among its files already.
                open.extend(modules.filter(|module| !module.starts_with(&folder)));
            }
        }
    }
    Ok(found)
}

/// The relative paths that are given as a `source`, in HCL or JSON.
fn sources(text: &str) -> impl Iterator<Item = &str> {
    text.split("source").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches('"').trim_start();
        let rest = rest.strip_prefix(['=', ':'])?.trim_start();
        let path = rest.strip_prefix('"')?.split('"').next()?;
        (path.starts_with("./") || path.starts_with("../")).then_some(path)
    })
}

/// What Terraform could read in a folder, in order: not states, not what is hidden, not variables that it is not given.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !name.contains(".tfstate") {
                found.extend(files(&path)?);
            }
        } else if counts(&name) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn counts(name: &str) -> bool {
    let variables = name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
    let loaded = name.starts_with("terraform.tfvars") || name.contains(".auto.tfvars");
    let hidden = name.starts_with('.') && name != LOCK_FILE;
    !hidden && !name.contains(".tfstate") && (!variables || loaded)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("reading {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Checkout {
        folder: tempfile::TempDir,
    }

    impl Checkout {
        fn new() -> Self {
            let checkout = Self {
                folder: tempfile::tempdir().unwrap(),
            };
            checkout.write("root/main.tf", "module \"m\" {\n  source = \"../m\"\n}\n");
            checkout.write("m/main.tf", "module \"n\" {\n  source = \"./inner\"\n}\n");
            checkout.write("m/inner/main.tf", "");
            checkout.write("other/main.tf", "");
            checkout.write("root/sub/keep", "");
            checkout.write("tenants/acme.tfvars", "");
            checkout.write("tenants/globex.tfvars", "");
            checkout.write(
                "fleet.yaml",
                "root: root\nvar_files: [\"tenants/{tenant}.tfvars\"]\nworkspace: \"{tenant}\"\n\
                 journal: root/sub/../journal.jsonl\nenv: { TF_VAR_size: small }\n",
            );
            checkout
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn digest(&self, tenant: &str) -> String {
            let fleet = Fleet::read(&self.folder.path().join("fleet.yaml")).unwrap();
            let root = Root::of(&fleet, &tenant.parse().unwrap(), None).unwrap();
            root.digest
        }
    }

    #[test]
    fn what_a_plan_is_made_of_changes_the_digest() {
        let checkout = Checkout::new();
        let mut seen = vec![checkout.digest("acme"), checkout.digest("globex")];
        for file in [
            "root/main.tf",
            "root/template.tftpl",
            "root/terraform.tfvars",
            "root/.terraform.lock.hcl",
            "m/main.tf",
            "m/inner/main.tf",
            "tenants/acme.tfvars",
        ] {
            let now = fs::read_to_string(checkout.folder.path().join(file)).unwrap_or_default();
            checkout.write(file, &format!("{now}\n# changed\n"));
            seen.push(checkout.digest("acme"));
        }
        let fleet = fs::read_to_string(checkout.folder.path().join("fleet.yaml")).unwrap();
        for (from, to) in [("small", "large"), ("TF_VAR_size", "TF_VAR_sizes")] {
            checkout.write("fleet.yaml", &fleet.replace(from, to));
            seen.push(checkout.digest("acme"));
        }
        let different: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(different.len(), seen.len());
    }

    #[test]
    fn what_it_is_not_made_of_does_not() {
        let checkout = Checkout::new();
        let before = checkout.digest("acme");
        for file in [
            "root/journal.jsonl",
            "root/states/acme.tfstate",
            "root/terraform.tfstate.d/acme/terraform.tfstate",
            "root/.terraform/modules/modules.json",
            "root/more.tfvars",
            "tenants/globex.tfvars",
            "other/main.tf",
        ] {
            checkout.write(file, "changed");
            assert_eq!(checkout.digest("acme"), before, "{file}");
        }
    }

    #[test]
    fn modules_are_found_in_both_spellings() {
        let text = "source = \"../a\"\n  source   = \"./b\"\nsource = \"registry/x/y\"\n{ \"source\": \"../c\" }\ndata_source = var.x";
        assert_eq!(sources(text).collect::<Vec<_>>(), ["../a", "./b", "../c"]);
    }
}
