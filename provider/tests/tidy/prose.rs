//! What is written beside the code: changelog, examples, the code map, workflows.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{assert_none, files, manifests, read, root};

#[test]
fn changelog_fragments_are_well_formed() {
    const KINDS: [&str; 4] = ["breaking", "enhancement", "feature", "fix"];
    let mut malformed = Vec::new();
    for path in files()
        .into_iter()
        .filter(|path| path.starts_with(".changes"))
    {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name == "README.md" {
            continue;
        }
        let kind = name
            .strip_suffix(".md")
            .and_then(|stem| stem.rsplit_once('.'))
            .map(|(_, kind)| kind);
        if !kind.is_some_and(|kind| KINDS.contains(&kind)) {
            malformed.push(format!(
                "{name}: call it <what-it-is-about>.<{}>.md",
                KINDS.join("|")
            ));
        }
        let text = read(&path);
        if text.starts_with(['#', '-', '*']) || !text.trim_end().ends_with('.') {
            malformed.push(format!(
                "{name}: write whole sentences, without a heading or a list"
            ));
        }
    }
    assert_none("changelog fragments", &malformed);
}

#[test]
fn every_example_is_whole() {
    const PARTS: [(&str, &[&str]); 4] = [
        ("resources", &["resource.tf", "import.sh"]),
        ("data-sources", &["data-source.tf"]),
        ("ephemeral-resources", &["ephemeral-resource.tf"]),
        ("functions", &["function.tf"]),
    ];
    let examples = root().join("examples");
    let mut missing = Vec::new();
    for (kind, parts) in PARTS {
        let folders = folders(&examples.join(kind));
        assert_ne!(folders.len(), 0, "examples/{kind} is empty");
        for folder in folders {
            missing.extend(lacking(&folder, parts));
        }
    }
    let complete = folders(&examples.join("complete"));
    assert_ne!(complete.len(), 0, "examples/complete is empty");
    missing.extend(complete.iter().flat_map(|folder| incomplete(folder)));
    assert_none("these examples lack a file", &missing);
}

/// What lacks in a complete example: a root and its page, or a page beside one root per side. A folder without files
/// of its own only groups examples.
fn incomplete(folder: &Path) -> Vec<String> {
    let inner = folders(folder);
    let entries = fs::read_dir(folder).expect("a folder").count();
    if entries == inner.len() {
        return inner.iter().flat_map(|folder| incomplete(folder)).collect();
    }
    let mut missing = lacking(folder, &["README.md"]);
    if !folder.join("main.tf").is_file() {
        let sides = if inner.is_empty() {
            vec![folder.to_path_buf()]
        } else {
            inner
        };
        missing.extend(sides.iter().flat_map(|side| lacking(side, &["main.tf"])));
    }
    missing
}

fn lacking(folder: &Path, parts: &[&str]) -> Vec<String> {
    let paths = parts.iter().map(|part| folder.join(part));
    paths
        .filter(|path| !path.is_file())
        .map(|path| path.display().to_string())
        .collect()
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).expect("a folder of examples");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect()
}

#[test]
fn the_code_map_names_every_crate_and_module() {
    let map = read(Path::new("docs/architecture.md"));
    let crates = manifests().into_keys();
    let modules = files()
        .into_iter()
        .filter(|path| {
            path.starts_with("modules")
                && path.file_name().is_some_and(|name| name == "versions.tf")
        })
        .filter_map(|path| path.parent().map(|folder| folder.display().to_string()));
    let unnamed: Vec<_> = crates
        .chain(modules)
        .filter(|name| !map.contains(&format!("`{name}`")))
        .collect();
    assert_none("docs/architecture.md does not name these", &unnamed);
}

#[test]
fn workflows_are_pinned_bounded_and_run_make() {
    let mut loose = Vec::new();
    for path in files()
        .into_iter()
        .filter(|path| path.starts_with(".github/workflows"))
    {
        let text = read(&path);
        for line in text.lines().map(str::trim) {
            if let Some((_, action)) = line.split_once("uses: ") {
                let pin = action.split_once('@').map_or("", |(_, pin)| pin);
                let hash = pin.split(' ').next().unwrap_or_default();
                if hash.len() != 40
                    || !hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                    || !pin.contains(" # v")
                {
                    loose.push(format!(
                        "{}: {line}: pin the commit, name the release",
                        path.display()
                    ));
                }
            }
            if let Some((_, command)) = line.split_once("run: ")
                && !command.split(' ').any(|word| word == "make")
                && !command.starts_with("cargo fetch")
            {
                loose.push(format!("{}: {line}: make it a target", path.display()));
            }
        }
        let jobs = text.matches("runs-on:").count();
        if text.matches("timeout-minutes:").count() != jobs {
            loose.push(format!("{}: every job has a timeout", path.display()));
        }
        if !text.contains("permissions:\n  contents: read\n") {
            loose.push(format!("{}: workflows only read", path.display()));
        }
    }
    assert_none("workflows", &loose);
}
