//! What the modules of a cloud hold, as their HCL says it: tables of permissions are held against it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::account::{Managed, Module};

/// What one module holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// What it makes with this provider.
    pub made: BTreeSet<Managed>,
    /// Types of resources of other providers.
    pub resources: BTreeSet<String>,
    /// Types of data sources of other providers.
    pub data: BTreeSet<String>,
}

impl Held {
    /// All types of other providers.
    pub fn types(&self) -> BTreeSet<&str> {
        let all = self.resources.iter().chain(&self.data);
        all.map(String::as_str).collect()
    }
}

/// What a module holds, by the folder of the cloud's modules; none where there is no such module.
pub fn held(modules: &Path, module: Module) -> Option<Held> {
    let folder = match module {
        Module::DataPlane => modules.to_path_buf(),
        _ => modules.join(module.to_string().replace('_', "-")),
    };
    if !folder.is_dir() {
        return None;
    }
    let mut held = Held::default();
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "tf") {
            held.read(&fs::read_to_string(&path).unwrap());
            files += 1;
        }
    }
    assert!(files > 0, "{} has no files", folder.display());
    Some(held)
}

impl Held {
    fn read(&mut self, text: &str) {
        for line in text.lines() {
            let Some((block, rest)) = line.split_once(" \"") else {
                continue;
            };
            let Some((of, _)) = rest.split_once('"') else {
                continue;
            };
            let ours = of.starts_with("dataplane_");
            match block {
                "resource" if ours => {
                    self.made.insert(managed(of));
                }
                "resource" => {
                    self.resources.insert(of.to_owned());
                }
                // Ours are lists of this release, and what is printed from the tables.
                "data" if ours => assert!(
                    ["dataplane_network_ranges", "dataplane_permissions"].contains(&of),
                    "{of} may call something: say so in the tables"
                ),
                "data" => {
                    self.data.insert(of.to_owned());
                }
                "module" | "ephemeral" | "action" | "list" => {
                    panic!("{block} {of}: nobody looks for what it takes")
                }
                _ => {}
            }
        }
    }
}

fn managed(of: &str) -> Managed {
    match of {
        "dataplane_bucket" => Managed::Buckets,
        "dataplane_identity_provider" => Managed::IdentityProviders,
        "dataplane_role" => Managed::Roles,
        "dataplane_registry" => Managed::Registries,
        "dataplane_log_group" => Managed::LogGroups,
        "dataplane_secret" => Managed::Secrets,
        "dataplane_private_service" => Managed::PrivateServices,
        "dataplane_private_endpoint" => Managed::PrivateEndpoints,
        _ => panic!("{of}: nobody knows what it takes"),
    }
}

/// Fails where a table and the modules have drifted apart. `made_by` and `types` are the table's words for each module, `has` whether
/// it has a row for what is done with a type: resources are made, read and deleted, data sources read.
pub fn suite(
    modules: &Path,
    made_by: impl Fn(Module) -> Option<BTreeSet<Managed>>,
    types: impl Fn(Module) -> BTreeSet<&'static str>,
    has: impl Fn(&str, crate::account::Operation) -> bool,
) {
    use crate::account::Operation::{Create, Delete, Read};
    for module in Module::ALL {
        let held = held(modules, module);
        assert_eq!(
            made_by(module),
            held.as_ref().map(|held| held.made.clone()),
            "what {module} makes with this provider"
        );
        let held = held.unwrap_or_default();
        assert_eq!(types(module), held.types(), "what {module} holds");
        for of in &held.resources {
            for operation in [Create, Read, Delete] {
                assert!(has(of, operation), "{operation:?} of {of} has no row");
            }
        }
        for of in &held.data {
            assert!(has(of, Read), "reading {of} has no row");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_whatever_stands_between_them() {
        let mut held = Held::default();
        held.read(
            "data \"aws_vpc\" \"existing\" {\n  id = \"x\"\n}\nresource \"aws_vpc\" \"this\" {\n  tags = { a = \"b\" }\n}\n\
             resource \"dataplane_bucket\" \"this\" {}\nvariable \"name\" {\n",
        );
        assert_eq!(held.made, [Managed::Buckets].into());
        assert_eq!(held.types(), ["aws_vpc"].into());
        assert_eq!((held.resources.len(), held.data.len()), (1, 1));
    }

    #[test]
    #[should_panic(expected = "nobody looks")]
    fn a_module_in_a_module_is_not_overlooked() {
        Held::default().read("module \"vpc\" {\n");
    }
}
