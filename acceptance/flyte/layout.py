"""Where an attempt writes, by the layout that executor and control plane share."""

from urllib.parse import urlsplit

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def attempt_prefix(layout, resource, attempt):
    """The prefix of an attempt of a TaskAction, without a slash behind."""
    spec = resource["spec"]
    base = urlsplit(spec["runOutputBase"])
    rest = [part for part in (base.path.strip("/"), spec["actionName"], str(attempt)) if part]
    if layout == "flyte":
        metadata = resource["metadata"]
        rest.insert(0, shard(f"{metadata['namespace']}/{metadata['name']}"))
    return f"{base.scheme}://{base.netloc}/{'/'.join(rest)}"


def shard(name):
    """Two characters, by FNV-32a."""
    found = 0x811C9DC5
    for byte in name.encode():
        found = ((found ^ byte) * 0x01000193) & 0xFFFFFFFF
    return CHARACTERS[found % 1296 // 36] + CHARACTERS[found % 36]
