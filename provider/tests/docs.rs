//! The registry's pages in `docs/` are what the schemas and the examples say. `make docs` writes them anew.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use framework::docs::{ProviderDescription, Variant, render};
use provider::Dataplane;

/// The folders below `docs/` that hold generated pages and nothing else.
const GENERATED: [&str; 4] = [
    "resources",
    "data-sources",
    "ephemeral-resources",
    "functions",
];

/// Examples lie in their type's folder for AWS, and in one inside it for each other cloud.
const CLOUDS: [Variant; 3] = [
    Variant {
        folder: "",
        title: "AWS",
    },
    Variant {
        folder: "gcp",
        title: "Google Cloud",
    },
    Variant {
        folder: "azure",
        title: "Azure",
    },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The texts of the files below a folder, by their path below `base`. A folder that is not there has none.
fn texts(base: &Path, folder: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(texts(base, &path)?);
        } else {
            let text = fs::read_to_string(&path)?;
            let below = path.strip_prefix(base).unwrap_or(&path).to_owned();
            found.insert(below, text);
        }
    }
    Ok(found)
}

fn examples() -> io::Result<BTreeMap<PathBuf, String>> {
    let base = root().join("examples");
    let mut found = BTreeMap::new();
    for folder in GENERATED.into_iter().chain(["provider"]) {
        found.extend(texts(&base, &base.join(folder))?);
    }
    Ok(found)
}

fn committed() -> io::Result<BTreeMap<PathBuf, String>> {
    let base = root().join("docs");
    let mut found = BTreeMap::new();
    for folder in GENERATED {
        found.extend(texts(&base, &base.join(folder))?);
    }
    if let Ok(index) = fs::read_to_string(base.join("index.md")) {
        found.insert("index.md".into(), index);
    }
    Ok(found)
}

#[test]
fn docs_equal_schemas() {
    let wanted = render(
        &ProviderDescription::of(&Dataplane::default()),
        &examples().unwrap(),
        &CLOUDS,
    );
    let committed = committed().unwrap();
    let stale: Vec<&PathBuf> = committed
        .keys()
        .filter(|path| !wanted.contains_key(*path))
        .collect();
    let differing: Vec<&PathBuf> = wanted
        .iter()
        .filter(|(path, page)| committed.get(*path) != Some(page))
        .map(|(path, _)| path)
        .collect();
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of this test alone, set by make docs"
    )]
    if std::env::var_os("DATAPLANE_UPDATE_GENERATED").is_some() {
        let docs = root().join("docs");
        for path in stale {
            fs::remove_file(docs.join(path)).unwrap();
        }
        for path in differing {
            let page = docs.join(path);
            fs::create_dir_all(page.parent().unwrap()).unwrap();
            fs::write(page, &wanted[path]).unwrap();
        }
        return;
    }
    assert!(
        stale.is_empty() && differing.is_empty(),
        "run `make docs`: no longer made: {stale:?}; other than made: {differing:?}"
    );
}

/// A folder that is no cloud's, or a type's that there is not, would be on no page.
#[test]
fn every_example_is_on_a_page() {
    let examples = examples().unwrap();
    let pages = render(
        &ProviderDescription::of(&Dataplane::default()),
        &examples,
        &CLOUDS,
    );
    let unused: Vec<&PathBuf> = examples
        .iter()
        .filter(|(_, text)| !pages.values().any(|page| page.contains(text.trim())))
        .map(|(path, _)| path)
        .collect();
    assert!(unused.is_empty(), "on no page: {unused:?}");
}
