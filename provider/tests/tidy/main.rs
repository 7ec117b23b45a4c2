//! Rules over the whole tree that no compiler checks: what is reachable, named, waived, and who may depend on whom.

mod prose;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Lines of a source file without its tests, above which it is split.
const LONGEST: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] = [
    "base", "common", "helper", "helpers", "manager", "misc", "types", "util", "utils",
];

/// Our crates and which of ours each may use: the architecture, so a new edge is a decision and not an import.
const EDGES: [(&str, &[&str]); 14] = [
    ("acceptance", &["dataplane-proto"]),
    ("clouds", &[]),
    ("clouds-aws", &["clouds"]),
    ("clouds-aws-ec2", &["clouds", "clouds-aws"]),
    ("clouds-azure", &["clouds"]),
    ("clouds-gcp", &["clouds"]),
    ("dataplane-api", &[]),
    ("dataplane-fleet", &[]),
    (
        "dataplane-operator",
        &["dataplane-api", "dataplane-proto", "dataplane-store"],
    ),
    ("dataplane-proto", &[]),
    ("dataplane-store", &["dataplane-api"]),
    ("framework", &["dataplane-proto", "framework-derive"]),
    ("framework-derive", &[]),
    (
        "terraform-provider-dataplane",
        &[
            "clouds",
            "clouds-aws",
            "clouds-aws-ec2",
            "clouds-azure",
            "clouds-gcp",
            "dataplane-api",
            "framework",
        ],
    ),
];

/// Foreign crates, by the start of their name, and the only crates of ours that may use them.
const RESERVED: [(&str, &[&str]); 7] = [
    ("aws-", &["clouds-aws", "clouds-aws-ec2"]),
    ("azure_", &["clouds-azure"]),
    ("google-cloud-", &["clouds-gcp"]),
    ("object_store", &["dataplane-store"]),
    (
        "kube",
        &[
            "dataplane-api",
            "dataplane-operator",
            "terraform-provider-dataplane",
        ],
    ),
    (
        "k8s-openapi",
        &[
            "dataplane-api",
            "dataplane-operator",
            "terraform-provider-dataplane",
        ],
    ),
    (
        "anyhow",
        &[
            "acceptance",
            "dataplane-fleet",
            "dataplane-operator",
            "terraform-provider-dataplane",
        ],
    ),
];

/// Beside `framework::wait`, the one place of each backend that pauses between attempts of one call or looks at one operation:
/// AWS's SDK does that inside itself, for the others it is ours. Both end: attempts are counted, time is limited, and a
/// server's `Retry-After` is followed up to a limit.
const PAUSES_OF_ONE_CALL: [&str; 2] = [
    "provider/clouds/azure/src/pauses.rs",
    "provider/clouds/gcp/src/requests.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the provider is in the workspace")
        .to_path_buf()
}

/// Every file of the tree with its path from the root, without what builds leave behind.
fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if path.is_dir() {
                let built = ["target", "__pycache__", "node_modules"].contains(&name.as_ref());
                let hidden = name.starts_with('.')
                    && ![".ci", ".changes", ".github"].contains(&name.as_ref());
                if !built && !hidden {
                    walk(&path, found);
                }
            } else {
                found.push(path);
            }
        }
    }
    let (root, mut found) = (root(), Vec::new());
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            path.strip_prefix(&root)
                .expect("under the root")
                .to_path_buf()
        })
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Our own Rust: generated code is its generator's business.
fn sources() -> Vec<PathBuf> {
    files()
        .into_iter()
        .filter(|path| has_extension(path, "rs") && !path.starts_with("proto/src/gen"))
        .collect()
}

/// The part of a source before its inline tests.
fn without_tests(text: &str) -> &str {
    text.split_once("#[cfg(test)]\nmod ")
        .map_or(text, |(code, _)| code)
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.iter().any(|part| part == "tests")
}

fn assert_none(rule: &str, offenders: &[String]) {
    assert!(
        offenders.is_empty(),
        "{rule}:\n  {}",
        offenders.join("\n  ")
    );
}

/// The manifests of the workspace by package name.
fn manifests() -> BTreeMap<String, String> {
    files()
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"))
        .map(|path| read(&path))
        .filter_map(|text| {
            let name = text
                .lines()
                .find_map(|line| line.strip_prefix("name = \""))?;
            Some((name.trim_end_matches('"').to_owned(), text.clone()))
        })
        .collect()
}

/// The lines of a manifest's tables whose header `select`s, comments and blank lines left out.
fn table(manifest: &str, select: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = select(header.trim_end_matches(']'));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            lines.push(line);
        }
    }
    lines
}

/// The crate a line of a dependency table is about.
fn dependency(line: &str) -> &str {
    line.split(['.', '=', ' ']).next().unwrap_or(line)
}

#[test]
fn every_source_is_reached() {
    let sources: BTreeSet<PathBuf> = sources().into_iter().collect();
    let mut reached = BTreeSet::new();
    let mut open: Vec<PathBuf> = sources
        .iter()
        .filter(|path| is_crate_root(path))
        .cloned()
        .collect();
    while let Some(path) = open.pop() {
        open.extend(children(&path));
        reached.insert(path);
    }
    let dead: Vec<_> = sources
        .difference(&reached)
        .map(|path| path.display().to_string())
        .collect();
    assert_none(
        "no `mod` leads to these files, so nothing compiles them",
        &dead,
    );
}

/// The files that Cargo finds by itself: `lib.rs`, `main.rs`, and each file or folder of `bin`, `examples` and `tests`.
fn is_crate_root(path: &Path) -> bool {
    const FOLDERS: [&str; 3] = ["bin", "examples", "tests"];
    let names: Vec<&str> = path.iter().filter_map(|name| name.to_str()).collect();
    match names.as_slice() {
        [.., "src", "lib.rs" | "main.rs"]
        | [.., "src", "bin", _]
        | [.., "src", "bin", _, "main.rs"] => true,
        // A crate's own folder of tests, not a module that happens to be called so.
        [outer @ .., folder, _] | [outer @ .., folder, _, "main.rs"]
            if FOLDERS.contains(folder) =>
        {
            !outer.contains(&"src")
        }
        _ => false,
    }
}

/// The files that `mod name;` lines of this file name.
fn children(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().expect("a source is in a folder");
    let stem = path.file_stem().expect("a source has a name");
    let owns_folder = stem == "mod" || is_crate_root(path);
    let base = if owns_folder {
        folder.to_path_buf()
    } else {
        folder.join(stem)
    };
    let text = read(path);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .iter()
        .enumerate()
        .filter_map(|(number, line)| {
            let declaration = line.strip_suffix(';')?;
            let (visibility, name) = declaration.rsplit_once("mod ")?;
            if !(visibility.is_empty() || visibility.starts_with("pub")) {
                return None;
            }
            let elsewhere = lines[..number]
                .last()
                .and_then(|attribute| attribute.strip_prefix("#[path = \""))
                .and_then(|rest| rest.strip_suffix("\"]"));
            if let Some(elsewhere) = elsewhere {
                return Some(folder.join(elsewhere));
            }
            let file = base.join(format!("{name}.rs"));
            Some(if root().join(&file).exists() {
                file
            } else {
                base.join(name).join("mod.rs")
            })
        })
        .collect()
}

#[test]
fn every_source_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|path| !read(path).starts_with("//! "))
        .map(|path| path.display().to_string())
        .collect();
    assert_none("these files do not start with a `//!` line", &silent);
}

#[test]
fn no_source_is_too_long() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| (without_tests(&read(&path)).lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert_none("these files want to be split by the nouns in them", &long);
}

#[test]
fn names_say_what_is_inside() {
    let empty: Vec<_> = files()
        .into_iter()
        .filter(|path| {
            path.iter().any(|part| {
                let part = part.to_string_lossy();
                let stem = part.split('.').next().unwrap_or_default();
                stem.split(['_', '-'])
                    .any(|word| EMPTY_NAMES.contains(&word))
            })
        })
        .map(|path| path.display().to_string())
        .collect();
    assert_none("these names convey no information", &empty);
}

#[test]
fn nothing_is_waived_without_a_reason() {
    // Put together here, so that this file does not find itself.
    let banned = [
        (format!("#[{}", "ignore"), "a test either runs or goes"),
        (
            format!("#[{}(", "allow"),
            "write #[expect(…, reason = \"…\")]",
        ),
        (
            format!("#![{}(", "allow"),
            "write #![expect(…, reason = \"…\")]",
        ),
        (format!("{}!(", "todo"), "nothing is left for later"),
        (
            format!("{}!(", "unimplemented"),
            "nothing is left for later",
        ),
    ];
    let mut waived = Vec::new();
    for path in sources() {
        for (number, line) in read(&path).lines().enumerate() {
            for (pattern, instead) in &banned {
                if line.trim_start().starts_with(pattern)
                    || (pattern.ends_with("!(") && line.contains(pattern))
                {
                    waived.push(format!(
                        "{}:{}: {}: {instead}",
                        path.display(),
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert_none("lints and tests are switched off here", &waived);
}

#[test]
fn only_the_framework_waits() {
    let sleeping = format!("{}(", "sleep");
    let pauses = PAUSES_OF_ONE_CALL.map(Path::new);
    let (bounded, offenders): (Vec<_>, Vec<_>) = sources()
        .into_iter()
        .filter(|path| path.starts_with("provider") && !is_test(path))
        .filter(|path| {
            !path.starts_with("provider/framework/src/wait")
                && path != Path::new("provider/framework/src/wait.rs")
        })
        .filter(|path| without_tests(&read(path)).contains(&sleeping))
        .partition(|path| pauses.contains(&path.as_path()));
    // One sleep in each, and each there: what is allowed here without being used would hide the next one.
    let once: Vec<_> = bounded
        .iter()
        .filter(|path| without_tests(&read(path)).matches(&sleeping).count() == 1)
        .map(PathBuf::as_path)
        .collect();
    assert_eq!(once, pauses, "PAUSES_OF_ONE_CALL sleep once each");
    let offenders: Vec<_> = offenders
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    assert_none(
        "these sleep; `framework::wait` has the deadline and hears Terraform's stop",
        &offenders,
    );
}

#[test]
fn versions_are_in_the_root_only() {
    let mut own_versions = Vec::new();
    for (package, manifest) in manifests() {
        let lines = table(&manifest, |header| header.ends_with("dependencies"));
        for line in lines
            .into_iter()
            .filter(|line| !line.contains("workspace = true"))
        {
            own_versions.push(format!("{package}: {line}"));
        }
    }
    assert_none(
        "these dependencies do not come from the root's list",
        &own_versions,
    );
}

#[test]
fn dependencies_point_the_right_way() {
    let edges = BTreeMap::from(EDGES);
    let manifests = manifests();
    let unknown: Vec<_> = manifests
        .keys()
        .filter(|name| !edges.contains_key(name.as_str()))
        .cloned()
        .collect();
    assert_none("say in EDGES what these crates may use", &unknown);

    let mut wrong = Vec::new();
    for (package, manifest) in &manifests {
        for line in table(manifest, |header| {
            header.ends_with("dependencies") && !header.contains("dev-")
        }) {
            let used = dependency(line);
            if edges.contains_key(used) && !edges[package.as_str()].contains(&used) {
                wrong.push(format!("{package} uses {used}"));
            }
            for (prefix, allowed) in RESERVED {
                if used.starts_with(prefix) && !allowed.contains(&package.as_str()) {
                    wrong.push(format!(
                        "{package} uses {used}, which is for {}",
                        allowed.join(", ")
                    ));
                }
            }
        }
    }
    assert_none("these edges are not in the architecture", &wrong);
}

#[test]
fn the_shared_manifests_need_no_client() {
    let mut calls = Vec::new();
    for path in sources()
        .into_iter()
        .filter(|path| path.starts_with("runtime/api/src"))
    {
        for (number, line) in read(&path).lines().enumerate() {
            let client =
                line.contains("kube::") && (line.contains("Client") || line.contains("Api"));
            // `api` in lower case is kube's module of plain types.
            let plain = line.contains("ApiResource") || line.contains("kube::api::Object");
            if client && !plain {
                calls.push(format!(
                    "{}:{}: {}",
                    path.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert_none("runtime/api is pure: these lines bring a client", &calls);
}

#[test]
fn no_machine_is_named() {
    let needles = [
        format!("/{}/", "work"),
        format!("/{}/", "root"),
        format!("arti{}", "factory"),
        format!("index{}", "-url"),
    ];
    let mut named = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue; // Not text.
        };
        for (number, line) in text.lines().enumerate() {
            for needle in &needles {
                let starts_there = line.match_indices(needle.as_str()).any(|(at, _)| {
                    !needle.starts_with('/')
                        || !line[..at].ends_with(|before: char| {
                            before.is_ascii_alphanumeric() || "}).".contains(before)
                        })
                });
                if starts_there {
                    named.push(format!("{}:{}: {needle}", path.display(), number + 1));
                }
            }
        }
    }
    assert_none("paths and hosts of one machine", &named);
}
