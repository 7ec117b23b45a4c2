//! OCI archives for containerd, which pulls nothing: each image comes as a tar file.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::setup;

/// The image whose container holds a pod's namespaces.
pub const PAUSE: &str = "localhost/pause:1";

/// An image as a tar file in the OCI layout.
#[derive(Clone, Debug)]
pub struct Archive(PathBuf);

impl Archive {
    pub fn at(path: &Path) -> Result<Self> {
        if !path.is_file() {
            bail!("{} is missing: run `make image`", path.display());
        }
        Ok(Self(path.to_path_buf()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// The pause image, of the one program that Debian links statically: busybox.
pub fn pause(directory: &Path) -> Result<Archive> {
    let busybox = setup::on_path("busybox")
        .context("busybox-static is part of `acceptance/setup/install.sh node`")?;
    let layout = directory.join("pause");
    let root = layout.join("root");
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(root.join("bin"))?;
    fs::create_dir_all(&blobs)?;
    fs::copy(busybox, root.join("bin/busybox"))?;
    fs::set_permissions(root.join("bin/busybox"), fs::Permissions::from_mode(0o755))?;

    let layer = layout.join("layer.tar");
    tar(&layer, &root, &["bin"])?;
    let layer = Blob::store(&blobs, &fs::read(&layer)?)?;
    let config = Blob::store(
        &blobs,
        json!({
            "architecture": architecture(), "os": "linux",
            "config": { "User": "65535:65535", "Entrypoint": ["/bin/busybox", "sleep", "2147483647"] },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", layer.digest)] },
        })
        .to_string()
        .as_bytes(),
    )?;
    let manifest = Blob::store(
        &blobs,
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [layer.descriptor("application/vnd.oci.image.layer.v1.tar")],
        })
        .to_string()
        .as_bytes(),
    )?;
    let mut entry = manifest.descriptor("application/vnd.oci.image.manifest.v1+json");
    entry["annotations"] =
        json!({ "io.containerd.image.name": PAUSE, "org.opencontainers.image.ref.name": "1" });
    let index = json!({ "schemaVersion": 2, "manifests": [entry] });
    fs::write(layout.join("index.json"), index.to_string())?;
    fs::write(
        layout.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    let archive = directory.join("pause.tar");
    tar(&archive, &layout, &["oci-layout", "index.json", "blobs"])?;
    Archive::at(&archive)
}

struct Blob {
    digest: String,
    size: usize,
}

impl Blob {
    fn store(blobs: &Path, bytes: &[u8]) -> Result<Self> {
        let digest = sha256(bytes);
        fs::write(blobs.join(&digest), bytes)?;
        Ok(Self {
            digest,
            size: bytes.len(),
        })
    }

    fn descriptor(&self, media_type: &str) -> serde_json::Value {
        json!({ "mediaType": media_type, "digest": format!("sha256:{}", self.digest), "size": self.size })
    }
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    use sha2::Digest as _;

    let mut text = String::new();
    for byte in sha2::Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    }
}

fn tar(archive: &Path, folder: &Path, members: &[&str]) -> Result<()> {
    let output = Command::new("tar")
        .args(["--owner=0", "--group=0", "--numeric-owner", "-C"])
        .arg(folder)
        .arg("-cf")
        .arg(archive)
        .args(members)
        .output()
        .context("starting tar")?;
    if !output.status.success() {
        bail!("tar: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
