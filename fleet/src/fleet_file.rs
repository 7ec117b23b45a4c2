//! `fleet.yaml`: which root, which tenants, in which waves. What is wrong with it is said before anything is started.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::{
    backend,
    tenants::{Pattern, Tenant},
    waves::Wave,
};

/// In a wave: all tenants that no other wave names.
const REST: &str = "*";

const PARALLELISM: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// A fleet that makes sense: each tenant has its files, is in one wave, and shares its state with nobody.
#[derive(Debug)]
pub struct Fleet {
    /// Where the file is: all paths in it are from there.
    pub folder: PathBuf,
    pub file: PathBuf,
    pub root: PathBuf,
    pub waves: Vec<Wave>,
    /// Types of resources that are neither deleted nor replaced without a word.
    pub protect: BTreeSet<String>,
    pub journal: PathBuf,
    var_files: Vec<Pattern>,
    backend_config: BTreeMap<String, Setting>,
    workspace: Option<Pattern>,
    env: BTreeMap<String, Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    root: PathBuf,
    #[serde(default)]
    var_files: Vec<Pattern>,
    tenants: Option<Vec<Tenant>>,
    #[serde(default)]
    backend_config: BTreeMap<String, serde_json::Value>,
    workspace: Option<Pattern>,
    #[serde(default)]
    waves: Vec<WaveDocument>,
    #[serde(default)]
    protect: BTreeSet<String>,
    #[serde(default)]
    env: BTreeMap<String, Pattern>,
    journal: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaveDocument {
    name: String,
    tenants: Vec<String>,
    parallelism: Option<NonZeroUsize>,
    stop_after: Option<NonZeroUsize>,
}

/// A setting of the backend.
#[derive(Clone, Debug)]
enum Setting {
    /// A number, true or false.
    Plain(serde_json::Value),
    Text(Pattern),
}

impl Fleet {
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| {
            format!(
                "reading {}: it names the root, the tenants and the waves (docs/guides/many-tenants.md), and --file says where it is",
                file.display()
            )
        })?;
        let folder = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize()?;
        let file = folder.join(file.file_name().unwrap_or_default());
        let document: Document = serde_saphyr::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}", error.without_snippet()))
            .with_context(|| format!("{} does not read", file.display()))?;
        Self::of(document, folder, file.clone())
            .with_context(|| format!("{} does not fit", file.display()))
    }

    fn of(document: Document, folder: PathBuf, file: PathBuf) -> Result<Self> {
        let Document {
            root,
            var_files,
            tenants,
            backend_config,
            workspace,
            waves,
            protect,
            env,
            journal,
        } = document;
        let root = folder.join(&root).canonicalize().with_context(|| {
            format!(
                "root: {} is not there: it is the folder with the Terraform configuration that all tenants share",
                folder.join(root).display()
            )
        })?;
        let named: Vec<&Tenant> = tenants.iter().flatten().collect();
        let all: BTreeSet<Tenant> = named.iter().copied().cloned().collect();
        ensure!(all.len() == named.len(), "tenants: one is named twice");
        let all = match &tenants {
            Some(_) => all,
            None => discover(&var_files, &folder)?,
        };
        for kind in &protect {
            // Else it would protect nothing, without a word.
            ensure!(
                is_type(kind),
                "protect: {kind:?} is no type of resources: `dataplane_bucket` stands for all buckets, wherever they are"
            );
        }
        let settings = backend_config.into_iter();
        let backend_config = settings
            .map(|(name, value)| Ok((name.clone(), Setting::read(&name, value)?)))
            .collect::<Result<_>>()?;
        let journal = journal.unwrap_or_else(|| PathBuf::from(".fleet/journal.jsonl"));
        let fleet = Self {
            waves: waves_of(waves, &all, tenants.is_some(), &var_files)?,
            journal: folder.join(journal),
            folder,
            file,
            root,
            protect,
            var_files,
            backend_config,
            workspace,
            env,
        };
        fleet.check_states(all.len())?;
        // Terraform only warns of settings that there is no block for.
        ensure!(
            fleet.backend_config.is_empty() || backend::is_declared(&fleet.root)?,
            "backend_config has nowhere to go, and all tenants would share one state: write `terraform {{ backend \"s3\" {{}} }}`, or the kind of backend that it is for, into the root {}",
            fleet.root.display()
        );
        for tenant in &all {
            for file in fleet.var_files(tenant) {
                ensure!(
                    file.is_file(),
                    "tenant {tenant} has no variables: {} is missing",
                    file.display()
                );
            }
        }
        Ok(fleet)
    }

    /// Two tenants with one state would undo each other's resources.
    fn check_states(&self, tenants: usize) -> Result<()> {
        let apart = self.workspace.as_ref().is_some_and(Pattern::tells_apart)
            || self
                .backend_config
                .values()
                .any(|setting| matches!(setting, Setting::Text(text) if text.tells_apart()));
        ensure!(
            apart || tenants < 2,
            "all tenants would share one state: write the tenant into the state's place, as in `backend_config: {{ key: \"{{tenant}}.tfstate\" }}`, or `workspace: \"{{tenant}}\"`"
        );
        Ok(())
    }

    pub fn var_files(&self, tenant: &Tenant) -> Vec<PathBuf> {
        let files = self.var_files.iter();
        files
            .map(|pattern| self.folder.join(pattern.of(tenant)))
            .collect()
    }

    pub fn workspace(&self, tenant: &Tenant) -> Option<String> {
        self.workspace.as_ref().map(|pattern| pattern.of(tenant))
    }

    pub fn env(&self, tenant: &Tenant) -> Vec<(String, String)> {
        let variables = self.env.iter();
        variables
            .map(|(name, value)| (name.clone(), value.of(tenant)))
            .collect()
    }

    /// The backend's settings as Terraform reads them from a file; none where there are none.
    pub fn backend(&self, tenant: &Tenant) -> Option<String> {
        let settings = self.backend_config.iter();
        let settings: serde_json::Map<_, _> = settings
            .map(|(name, value)| (name.clone(), value.of(tenant)))
            .collect();
        (!settings.is_empty()).then(|| serde_json::Value::Object(settings).to_string())
    }

    /// The settings of the backend that only this tenant has.
    pub fn own_backend(&self, tenant: &Tenant) -> Vec<(String, String)> {
        let settings = self.backend_config.iter();
        settings
            .filter_map(|(name, value)| match value {
                Setting::Text(text) if text.tells_apart() => Some((name.clone(), text.of(tenant))),
                _ => None,
            })
            .collect()
    }

    /// The waves with those tenants only that were asked for; all where nobody was.
    pub fn selected(
        &self,
        tenants: &[Tenant],
        waves: &[String],
        parallelism: Option<NonZeroUsize>,
    ) -> Result<Vec<Wave>> {
        for name in waves {
            ensure!(
                self.waves.iter().any(|wave| wave.name == *name),
                "there is no wave {name:?} in {}: its waves are {}",
                self.file.display(),
                listed(self.waves.iter().map(|wave| wave.name.as_str()))
            );
        }
        for tenant in tenants {
            let known = || self.waves.iter().flat_map(|wave| &wave.tenants);
            ensure!(
                known().any(|known| known == tenant),
                "there is no tenant {tenant} in {}: its tenants are {}",
                self.file.display(),
                listed(known().map(Tenant::as_str))
            );
        }
        let asked = |wave: &Wave| waves.is_empty() || waves.contains(&wave.name);
        let selected = self.waves.iter().filter(|wave| asked(wave)).cloned();
        let selected: Vec<Wave> = selected
            .map(|mut wave| {
                wave.tenants
                    .retain(|tenant| tenants.is_empty() || tenants.contains(tenant));
                wave.parallelism = parallelism.unwrap_or(wave.parallelism);
                wave
            })
            .collect();
        ensure!(
            selected.iter().any(|wave| !wave.tenants.is_empty()),
            "none of these tenants is in these waves"
        );
        Ok(selected)
    }
}

impl Setting {
    fn read(name: &str, value: serde_json::Value) -> Result<Self> {
        match value {
            serde_json::Value::String(text) => Pattern::try_from(text)
                .map(Self::Text)
                .with_context(|| format!("backend_config.{name}")),
            value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
                Ok(Self::Plain(value))
            }
            _ => bail!(
                "backend_config.{name} is neither a text nor a number nor true or false: write what is deeper into the root's backend block"
            ),
        }
    }

    fn of(&self, tenant: &Tenant) -> serde_json::Value {
        match self {
            Self::Plain(value) => value.clone(),
            // There are no templates in a file of JSON.
            Self::Text(text) => text.of(tenant).into(),
        }
    }
}

/// Whether resources may be of a type that is called so.
fn is_type(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}

fn discover(var_files: &[Pattern], folder: &Path) -> Result<BTreeSet<Tenant>> {
    let Some(pattern) = var_files.iter().find(|pattern| pattern.tells_apart()) else {
        bail!(
            "nothing says which tenants there are: list them in `tenants`, or write `var_files: [\"tenants/{{tenant}}.tfvars.json\"]`, with a file for each"
        );
    };
    let found = pattern.discover(folder)?;
    ensure!(
        !found.is_empty(),
        "there is no tenant: no file is called {pattern}"
    );
    Ok(found)
}

fn waves_of(
    documents: Vec<WaveDocument>,
    all: &BTreeSet<Tenant>,
    listed_in_file: bool,
    var_files: &[Pattern],
) -> Result<Vec<Wave>> {
    let documents = if documents.is_empty() {
        vec![WaveDocument {
            name: "all".to_owned(),
            tenants: vec![REST.to_owned()],
            parallelism: None,
            stop_after: None,
        }]
    } else {
        documents
    };
    let unknown = |wave: &str, tenant: &str| {
        let missing = var_files.iter().find(|pattern| pattern.tells_apart());
        let why = match (listed_in_file, missing) {
            (false, Some(pattern)) => format!("there is no file {pattern} of it"),
            _ => "`tenants` does not list it".to_owned(),
        };
        format!(
            "wave {wave:?} names tenant {tenant:?}, and {why}: the tenants are {}",
            listed(all.iter().map(Tenant::as_str))
        )
    };
    let mut wave_of: BTreeMap<Tenant, String> = BTreeMap::new();
    let mut rest: Option<&str> = None;
    for document in &documents {
        let wave = document.name.as_str();
        ensure!(
            documents.iter().filter(|other| other.name == wave).count() == 1,
            "two waves are called {wave:?}: their names tell them apart in the summary and in the journal"
        );
        for name in &document.tenants {
            if name == REST {
                if let Some(other) = rest.replace(wave) {
                    bail!("waves {other:?} and {wave:?} both take the rest (\"*\"): only one can");
                }
                continue;
            }
            let tenant = name.parse::<Tenant>().ok();
            let tenant = tenant.filter(|tenant| all.contains(tenant));
            let tenant = tenant.with_context(|| unknown(wave, name))?;
            if let Some(other) = wave_of.insert(tenant, wave.to_owned()) {
                bail!(
                    "tenant {name:?} is in wave {other:?} and in wave {wave:?}: leave it in the one in which it is to be done"
                );
            }
        }
    }
    let left: Vec<&Tenant> = all
        .iter()
        .filter(|one| !wave_of.contains_key(*one))
        .collect();
    ensure!(
        rest.is_some() || left.is_empty(),
        "no wave has {}: name them in one, or end with a wave of [\"*\"], which takes the rest",
        listed(left.iter().map(|tenant| tenant.as_str()))
    );
    let waves = documents.iter().map(|document| {
        let mut tenants = Vec::new();
        for name in &document.tenants {
            if name == REST {
                tenants.extend(left.iter().copied().cloned());
            } else {
                tenants.extend(name.parse::<Tenant>());
            }
        }
        Wave {
            name: document.name.clone(),
            tenants,
            parallelism: document.parallelism.unwrap_or(PARALLELISM),
            stop_after: document.stop_after.unwrap_or(NonZeroUsize::MIN),
        }
    });
    Ok(waves.collect())
}

/// Names for a sentence, not all of a thousand.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 10;
    let names: Vec<&str> = names.collect();
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
