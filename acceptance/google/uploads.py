"""Media uploads of Cloud Storage: the content alone, or in a multipart body after its metadata. There are no resumable ones."""

import json
import re

from errors import invalid


def read(query, content_type, raw):
    """The metadata and the media, each media with its type."""
    kind = dict(query).get("uploadType")
    if kind == "media":
        return None, (raw, content_type or "application/octet-stream")
    if kind != "multipart":
        raise invalid(f"The stand-in takes no uploads of the type {kind}.")
    boundary = re.search(r'boundary="?([^";]+)"?', content_type or "")
    if not boundary:
        raise invalid("A multipart upload needs a boundary.")
    parts = raw.split(b"--" + boundary[1].encode())[1:-1]
    if len(parts) != 2:
        raise invalid("A multipart upload has two parts.")
    (_, metadata), (headers, media) = (part.removesuffix(b"\r\n").lstrip(b"\r\n").split(b"\r\n\r\n", 1) for part in normalised(parts))
    kind = re.search(rb"(?im)^content-type:\s*(.+?)\s*$", headers)
    return json.loads(metadata), (media, kind[1].decode() if kind else "application/octet-stream")


def normalised(parts):
    """Google's own clients end lines of the envelope with a line feed alone."""
    for part in parts:
        if b"\r\n\r\n" in part:
            yield part
        else:
            head, _, content = part.lstrip(b"\n").partition(b"\n\n")
            yield head + b"\r\n\r\n" + content.removesuffix(b"\n")
