//! The image is reproducible, runs as a user without rights, and holds no binary that needs a loader.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A 64-bit ELF header, and program headers of the given types behind it.
fn elf(program_headers: &[u32]) -> Vec<u8> {
    let mut binary = vec![0; 64];
    binary[..5].copy_from_slice(b"\x7fELF\x02");
    binary[32] = 64;
    binary[54] = 56;
    binary[56] = u8::try_from(program_headers.len()).unwrap_or(u8::MAX);
    for kind in program_headers {
        binary.extend(kind.to_le_bytes());
        binary.extend([0; 52]);
    }
    binary
}

fn build(directory: &Path, name: &str, binary: &[u8]) -> (Output, PathBuf) {
    let (input, output) = (directory.join("binary"), directory.join(name));
    let written = fs::write(&input, binary);
    assert!(written.is_ok(), "{written:?}");
    let done = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/image/build.py"))
        .args(["--tag", "v1", "--binary"])
        .args([&input, Path::new("--output"), &output])
        .output();
    match done {
        Ok(done) => (done, output),
        Err(error) => panic!("python3 is needed to make images: {error}"),
    }
}

fn file(archive: &Path, name: &str) -> Vec<u8> {
    let tar = Command::new("tar")
        .arg("-xOf")
        .args([archive, Path::new(name)])
        .output();
    tar.map(|tar| tar.stdout).unwrap_or_default()
}

fn blob(archive: &Path, descriptor: &Value) -> Value {
    let digest = descriptor["digest"].as_str().unwrap_or_default();
    let path = format!("blobs/sha256/{}", digest.trim_start_matches("sha256:"));
    serde_json::from_slice(&file(archive, &path)).unwrap_or_default()
}

#[test]
fn the_same_binary_gives_the_same_image() {
    let directory = TempDir::new().unwrap();
    let (first, one) = build(directory.path(), "one.tar", &elf(&[1]));
    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    let (_, two) = build(directory.path(), "two.tar", &elf(&[1]));
    assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
}

#[test]
fn it_runs_the_operator_as_a_user_without_rights() {
    let directory = TempDir::new().unwrap();
    let (_, archive) = build(directory.path(), "image.tar", &elf(&[]));
    let index: Value = serde_json::from_slice(&file(&archive, "index.json")).unwrap();
    let entry = &index["manifests"][0];
    assert_eq!(
        entry["annotations"]["io.containerd.image.name"],
        "localhost/dataplane-operator:v1"
    );
    let manifest = blob(&archive, entry);
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(2));
    let config = blob(&archive, &manifest["config"]);
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(
        config["config"]["Entrypoint"],
        serde_json::json!(["/usr/bin/dataplane-operator"])
    );
}

#[test]
fn a_binary_that_needs_a_loader_is_refused() {
    let directory = TempDir::new().unwrap();
    let (done, archive) = build(directory.path(), "image.tar", &elf(&[1, 3]));
    assert!(!done.status.success() && !archive.exists());
    assert!(String::from_utf8_lossy(&done.stderr).contains("linked dynamically"));
}
