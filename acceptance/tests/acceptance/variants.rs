//! Examples come for each cloud, and none goes untried.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use acceptance::setup;
use anyhow::{Context as _, Result, ensure};

const TREES: [&str; 4] = [
    "data-sources",
    "ephemeral-resources",
    "functions",
    "resources",
];

/// The clouds whose variants lie in a folder of their own; what is for AWS lies above them.
const CLOUDS: [&str; 2] = ["azure", "gcp"];

/// What is the same beside whichever cloud.
const CLOUDLESS: [&str; 8] = [
    "data-sources/dataplane_manifests",
    "data-sources/dataplane_network_ranges",
    "functions/cidr_overlaps",
    "functions/object_prefix",
    "functions/parse_uri",
    "functions/service_account_subject",
    "functions/service_accounts",
    "resources/dataplane_crds",
];

/// What a cloud has no such thing for; that it says so is tried with its bad input.
const LACKING: [(&str, &str); 1] = [("resources/dataplane_identity_provider", "azure")];

/// Each example's folder, with the clouds that it has a variant for.
fn examples() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let root = setup::checkout().join("examples");
    let mut found = BTreeMap::new();
    for tree in TREES {
        for name in folders(&root.join(tree))? {
            let path = format!("{tree}/{name}");
            let variants = folders(&root.join(&path))?;
            found.insert(path, variants);
        }
    }
    Ok(found)
}

fn folders(path: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(path).with_context(|| format!("reading {}", path.display()))?;
    let mut found = BTreeSet::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A dot begins what Terraform leaves behind.
        if entry.file_type()?.is_dir() && !name.starts_with('.') {
            found.insert(name);
        }
    }
    Ok(found)
}

#[test]
fn each_example_is_for_every_cloud_or_knows_none() -> Result<()> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let examples = examples()?;
    for path in examples.keys() {
        let lacks = |cloud: &str| LACKING.contains(&(path, cloud));
        let clouds = CLOUDS.iter().filter(|cloud| !lacks(cloud));
        let variants = if CLOUDLESS.contains(&path.as_str()) {
            BTreeSet::new()
        } else {
            clouds.map(|&cloud| cloud.to_owned()).collect()
        };
        wanted.insert(path.clone(), variants);
    }
    assert_eq!(examples, wanted);
    for path in CLOUDLESS.iter().chain(LACKING.iter().map(|(path, _)| path)) {
        ensure!(examples.contains_key(*path), "there is no example {path}");
    }
    Ok(())
}

/// Those of resources have their cases in `life`.
#[test]
fn each_example_of_what_is_looked_up_is_named_by_a_test() -> Result<()> {
    let mut tests = String::new();
    read(
        &setup::checkout().join("acceptance/tests/acceptance"),
        &mut tests,
    )?;
    let mut untried = Vec::new();
    for (path, variants) in examples()? {
        if path.starts_with("resources/") {
            continue;
        }
        let variants = variants.iter().map(|cloud| format!("{path}/{cloud}"));
        let all = [path.clone()].into_iter().chain(variants);
        untried.extend(all.filter(|one| !tests.contains(&format!("(\"{one}\")"))));
    }
    ensure!(untried.is_empty(), "no test applies {untried:?}");
    Ok(())
}

/// The sources in a folder.
fn read(folder: &Path, into: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}
