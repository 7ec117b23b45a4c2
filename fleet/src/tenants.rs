//! Names of tenants, and texts in which `{tenant}` stands for one.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// What stands for a tenant's name.
const PLACEHOLDER: &str = "{tenant}";

const LONGEST: usize = 63;

/// The name of a tenant. It is a folder's name too.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String")]
pub struct Tenant(String);

/// A text in which `{tenant}` stands for the tenant's name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Pattern(String);

impl Tenant {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tenant {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = text.len() <= LONGEST
            && text.bytes().next().is_some_and(fits)
            && text
                .bytes()
                .all(|byte| fits(byte) || byte == b'-' || byte == b'_');
        ensure!(
            good,
            "{text:?} is no name of a tenant: lower-case letters, digits, `-` and `_`, at most {LONGEST}, a letter or a digit first"
        );
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Tenant {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Pattern {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        let rest = text.replace(PLACEHOLDER, "");
        if let Some((_, after)) = rest.split_once('{')
            && let Some((name, _)) = after.split_once('}')
        {
            bail!("{{{name}}} stands for nothing: {PLACEHOLDER} is all that is replaced");
        }
        Ok(Self(text))
    }
}

impl Pattern {
    pub fn of(&self, tenant: &Tenant) -> String {
        self.0.replace(PLACEHOLDER, tenant.as_str())
    }

    /// Whether it is another text for each tenant.
    pub fn tells_apart(&self) -> bool {
        self.0.contains(PLACEHOLDER)
    }

    /// The tenants whose file is there. The placeholder may be in one part of the path.
    pub fn discover(&self, folder: &Path) -> Result<BTreeSet<Tenant>> {
        let path = folder.join(&self.0);
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        let Some(at) = parts.iter().position(|part| part.contains(PLACEHOLDER)) else {
            bail!("{:?} does not have {PLACEHOLDER}", self.0);
        };
        let above: PathBuf = parts[..at].iter().collect();
        let (before, after) = parts[at].split_once(PLACEHOLDER).unwrap_or_default();
        let entries = fs::read_dir(&above)
            .with_context(|| format!("looking for tenants in {}", above.display()))?;
        let mut found = BTreeSet::new();
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let between = name
                .strip_prefix(before)
                .and_then(|name| name.strip_suffix(after));
            // What is hidden is an editor's, or the system's.
            let Some(between) = between.filter(|name| !name.starts_with('.')) else {
                continue;
            };
            let file = folder.join(self.0.replace(PLACEHOLDER, between));
            if file.is_file() {
                // A customer whose file is passed over would never get an upgrade.
                let tenant = between.parse();
                found.insert(tenant.with_context(|| {
                    format!("{} is called like a tenant's file", file.display())
                })?);
            }
        }
        Ok(found)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn names_that_are_no_folders_are_refused() {
        for good in ["acme", "a", "7-eleven", "a_b", &"x".repeat(63)] {
            assert_eq!(good.parse::<Tenant>().unwrap().as_str(), good);
        }
        for bad in ["", "Acme", "../acme", "-a", ".", "a.b", &"x".repeat(64)] {
            assert!(bad.parse::<Tenant>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tenants_are_those_whose_files_are_there() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "t/acme.tfvars",
            "t/globex.tfvars",
            "t/README",
            "t/.#acme.tfvars",
            "d/Assets/notes",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |text: &str| -> Vec<String> {
            let found = pattern(text).discover(folder.path()).unwrap();
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(found("t/{tenant}.tfvars"), ["acme", "globex"]);
        fs::create_dir_all(folder.path().join("d/one")).unwrap();
        fs::create_dir_all(folder.path().join("d/two")).unwrap();
        fs::write(folder.path().join("d/two/x.tfvars"), "").unwrap();
        assert_eq!(found("d/{tenant}/x.tfvars"), ["two"]);
        for file in ["t/Big.tfvars", "t/big.corp.tfvars"] {
            let path = folder.path().join(file);
            fs::write(&path, "").unwrap();
            let error = pattern("t/{tenant}.tfvars").discover(folder.path());
            let error = format!("{:#}", error.unwrap_err());
            assert!(
                error.contains(&format!("{file} is called like a tenant's file: ")),
                "{error}"
            );
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn another_placeholder_is_refused() {
        let error = Pattern::try_from("a/{name}.tfvars".to_owned()).unwrap_err();
        assert!(
            error.to_string().starts_with("{name} stands for nothing"),
            "{error}"
        );
        assert_eq!(
            pattern("{tenant}/{tenant}").of(&"a".parse().unwrap()),
            "a/a"
        );
    }
}
