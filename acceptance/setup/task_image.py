#!/usr/bin/env python3
"""Makes the image that task pods of the node tier run: Debian's Python with Flyte's client, its entrypoint `a0` and what the
tests' tasks import, as an OCI archive. No registry is asked: the base comes by debootstrap, the rest by pip, in the versions of
requirements.txt. Needs root. When it is ended before its time, neither a process nor a mount of it stays.

    task_image.py --pip PATH --requirements FILE --output FILE
"""

import argparse
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NAME = "localhost/dataplane-task:1"
SUITE, PYTHON = "bookworm", "3.11"
# The C library of the suite, and so the newest wheels that it can load.
GLIBC = 36
PACKAGES = ("flyte", "kubernetes")
USER = 1000
HOME = "home/task"
A0 = "#!/usr/bin/python3\nfrom flyte._bin.runtime import main\n\nmain()\n"
UNUSED = ["var/cache/apt", "var/lib/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "var/log", "usr/share/info"]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# Namespaces that end with this program, however it ends, and with them the /proc that debootstrap mounts in the image.
ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pip", required=True, help="pip of an environment with network access")
    parser.add_argument("--requirements", type=Path, required=True, help="versions of everything")
    parser.add_argument("--output", type=Path, required=True, help="archive to write")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(dir=arguments.output.parent) as directory:
        work = Path(directory)
        root = work / "root"
        base(root)
        install(root, arguments.pip, arguments.requirements)
        write(work, root, arguments.output)


def run(*command):
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            printed, complaints = program.communicate()
        except BaseException:
            program.kill()
            # Until all that it started has ended, too, and closed what it wrote to.
            program.communicate()
            raise
    if program.returncode:
        raise SystemExit(f"{command[0]} failed:\n{printed[-2000:]}{complaints[-2000:]}")
    return printed


def base(root):
    run(*ALONE, "debootstrap", "--variant=minbase", "--include=python3,ca-certificates", SUITE, root, *mirror())
    for unused in UNUSED:
        run("rm", "-rf", root / unused)
    with open(root / "etc/passwd", "a") as users:
        users.write(f"task:x:{USER}:{USER}:task:/{HOME}:/bin/sh\n")
    (root / HOME).mkdir()
    os.chown(root / HOME, USER, USER)


def mirror():
    """The mirror that apt has for the suite; where it has none, debootstrap takes its own."""
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)").splitlines()
    found = [line.split()[0] for line in listed if line.split()[1:] == [SUITE]]
    return found[:1]


def install(root, pip, requirements):
    machine = platform.machine()
    pinned = [line.strip() for line in requirements.read_text().splitlines() if line.split("==")[0] in PACKAGES]
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in range(5, GLIBC + 1)]
    platforms += [f"--platform=manylinux{old}_{machine}" for old in ("1", "2010", "2014")]
    packages = root / "usr/local/lib" / f"python{PYTHON}" / "dist-packages"
    chosen = [f"--python-version={PYTHON}", "--implementation=cp", "--only-binary=:all:", *platforms]
    run(pip, "install", "--quiet", "--no-compile", f"--target={packages}", f"--constraint={requirements}", *chosen, *pinned)
    a0 = root / "usr/local/bin/a0"
    a0.write_text(A0)
    a0.chmod(0o755)
    # Containers of one image would compile it over and over.
    run(*ALONE, "chroot", root, "python3", "-m", "compileall", "-q", "-j0", f"/{packages.relative_to(root)}")


def write(work, root, output):
    """The archive: one layer, in the layout that `ctr images import` takes."""
    blobs = work / "blobs/sha256"
    blobs.mkdir(parents=True)
    layer = work / "layer.tar"
    run("tar", "--sort=name", "--numeric-owner", "-C", root, "--exclude=./proc/*", "--exclude=./sys/*", "-cf", layer, ".")
    layer = keep(blobs, layer)
    variables = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"HOME=/{HOME}", "LANG=C.UTF-8"]
    configuration = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {"User": f"{USER}:{USER}", "WorkingDir": f"/{HOME}", "Env": variables},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    configuration = keep_text(work, blobs, json.dumps(configuration))
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **configuration},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer}],
    }
    manifest = keep_text(work, blobs, json.dumps(manifest))
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest}
    entry["annotations"] = {"io.containerd.image.name": NAME, "org.opencontainers.image.ref.name": NAME.rsplit(":", 1)[1]}
    (work / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (work / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    made = work / "image.tar"
    with tarfile.open(made, "w") as archive:
        for member in ("oci-layout", "index.json", "blobs"):
            archive.add(work / member, member)
    made.rename(output)


def keep_text(work, blobs, text):
    file = work / "blob"
    file.write_text(text)
    return keep(blobs, file)


def keep(blobs, file):
    """Moves a file to where its digest says, and tells digest and size."""
    with open(file, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = file.stat().st_size
    file.rename(blobs / digest)
    return {"digest": f"sha256:{digest}", "size": size}


if __name__ == "__main__":
    main()
