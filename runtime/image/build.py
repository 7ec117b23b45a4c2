#!/usr/bin/env python3
"""Makes the operator's image as an OCI archive, without Docker, from a static binary and Python's standard library.

The same binary gives the same bytes: no time, user or order of the building machine is in them. The archive is what
`ctr images import`, `podman load` and `skopeo copy oci-archive:` take.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import struct
import subprocess
import sys
import tarfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = "usr/bin/dataplane-operator"
LARGEST = 60 * 1000 * 1000
USER = 65532
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CERTIFICATES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
]
PASSWD = f"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n"
GROUP = f"root:x:0:\nnonroot:x:{USER}:\n"
# The hosts file before DNS, as everywhere else.
NSSWITCH = "hosts: files dns\n"


def main():
    arguments = parse_arguments()
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        sys.exit(f"error: no image is made on {machine}; build on one of {', '.join(ARCHITECTURES)}")
    binary = arguments.binary or build(f"{machine}-unknown-linux-gnu")
    content = binary.read_bytes()
    require_static(binary, content)
    digest = write_archive(arguments.output, f"{arguments.name}:{arguments.tag}", ARCHITECTURES[machine], content)
    size = arguments.output.stat().st_size
    if size > LARGEST:
        arguments.output.unlink()
        sys.exit(f"error: the image has {size / 1e6:.1f} MB, more than the {LARGEST / 1e6:.0f} MB allowed")
    print(f"{arguments.output}\n  image   {arguments.name}:{arguments.tag}\n  digest  {digest}")
    print(f"  size    {size / 1e6:.1f} MB packed, {len(content) / 1e6:.1f} MB binary")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, required=True, help="archive to write")
    parser.add_argument("--name", default="localhost/dataplane-operator", help="image name without tag")
    parser.add_argument("--tag", default=version(), help="tag (default: the version of the workspace)")
    parser.add_argument("--binary", type=pathlib.Path, help="static binary to pack (default: a release build)")
    return parser.parse_args()


def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def build(target):
    """A release build that needs no library at run time. Naming the target keeps the flags from build scripts."""
    cargo_home = os.environ.get("CARGO_HOME", str(pathlib.Path.home() / ".cargo"))
    flags = ["-Ctarget-feature=+crt-static", f"--remap-path-prefix={ROOT}=/src", f"--remap-path-prefix={cargo_home}=/cargo"]
    variable = f"CARGO_TARGET_{target.upper().replace('-', '_')}_RUSTFLAGS"
    command = ["cargo", "build", "--release", "-p", "dataplane-operator", "--target", target]
    command.append("--message-format=json-render-diagnostics")
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, variable: " ".join(flags)}, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("error: the operator did not build")
    made = [json.loads(line) for line in done.stdout.splitlines()]
    executables = [message["executable"] for message in made if message.get("executable")]
    if not executables:
        sys.exit("error: cargo built no executable")
    return pathlib.Path(executables[-1])


def require_static(path, content):
    """A program header of type INTERP names the dynamic loader, which the image does not have."""
    if content[:5] != b"\x7fELF\x02":
        sys.exit(f"error: {path} is no 64-bit ELF binary")
    offset, size, count = struct.unpack_from("<Q", content, 32) + struct.unpack_from("<HH", content, 54)
    kinds = [struct.unpack_from("<I", content, offset + index * size)[0] for index in range(count)]
    if 3 in kinds:
        sys.exit(f"error: {path} is linked dynamically; build it with -C target-feature=+crt-static")


def write_archive(output, reference, architecture, binary):
    layers = [layer(base()), layer([(BINARY, 0o755, binary)])]
    config = as_json({
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": [f"/{BINARY}"],
            "Env": ["PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "WorkingDir": "/",
            "ExposedPorts": {"8081/tcp": {}},
            "Labels": {
                "org.opencontainers.image.title": "dataplane-operator",
                "org.opencontainers.image.description": "The data plane's operator",
                "org.opencontainers.image.version": version(),
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [sha256(unpacked) for unpacked, _ in layers]},
        "history": [{"created_by": "certificates and users"}, {"created_by": "dataplane-operator"}],
    })
    manifest = as_json({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", packed) for _, packed in layers],
    })
    entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    entry["platform"] = {"architecture": architecture, "os": "linux"}
    # containerd takes the whole reference, others the tag.
    entry["annotations"] = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    blobs = [config, manifest, *(packed for _, packed in layers)]
    files = [("oci-layout", 0o644, as_json({"imageLayoutVersion": "1.0.0"})), ("index.json", 0o644, as_json(index))]
    files += [(f"blobs/sha256/{sha256(blob).removeprefix('sha256:')}", 0o644, blob) for blob in blobs]
    output.parent.mkdir(parents=True, exist_ok=True)
    # Under another name first: an interrupted build leaves no half image.
    partial = output.with_suffix(".partial")
    partial.write_bytes(tar(files))
    partial.replace(output)
    return sha256(manifest)


def base():
    found = next((path for path in map(pathlib.Path, CERTIFICATES) if path.is_file()), None)
    if found is None:
        sys.exit("error: this machine has no CA certificates to put into the image; install ca-certificates")
    return [
        ("etc/passwd", 0o644, PASSWD.encode()),
        ("etc/group", 0o644, GROUP.encode()),
        ("etc/nsswitch.conf", 0o644, NSSWITCH.encode()),
        ("etc/ssl/certs/ca-certificates.crt", 0o644, found.read_bytes()),
    ]


def layer(files):
    """The layer as a tar file, and packed. The directories that the files need are part of it."""
    unpacked = tar(files)
    return unpacked, gzip.compress(unpacked, compresslevel=9, mtime=0)


def tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        directories = {str(parent) for name, _, _ in files for parent in pathlib.PurePosixPath(name).parents} - {"."}
        for name in sorted(directories):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, mode, content in files:
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = mode, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def descriptor(media_type, blob):
    return {"mediaType": media_type, "digest": sha256(blob), "size": len(blob)}


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def sha256(blob):
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


if __name__ == "__main__":
    main()
