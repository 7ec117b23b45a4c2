"""Names and labels as Google's services take them; the descriptions have these rules in words only."""

import re

from errors import invalid

PATTERNS = {
    "project": r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "bucket": r"(?!goog)(?!.*google)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]",
    "service account": r"[a-z](?:[a-z0-9-]{4,28}[a-z0-9])",
    "workload identity pool": r"(?!gcp-)[a-z0-9-]{4,32}",
    "workload identity pool provider": r"(?!gcp-)[a-z0-9-]{4,32}",
    "repository": r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    "log bucket": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}",
    "secret": r"[A-Za-z0-9_-]{1,255}",
    "service attachment": r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?",
    "forwarding rule": r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?",
    "endpoint of a bundle": r"[a-z][a-z0-9]{0,19}",
    "address": r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?",
}
MOST_LABELS = 64


def check(kind, name):
    if not re.fullmatch(PATTERNS[kind], name):
        raise invalid(f"Invalid {kind} name: '{name}'")


def check_labels(labels):
    """Keys and values of labels; a null value removes a label."""
    if len(labels) > MOST_LABELS:
        raise invalid(f"At most {MOST_LABELS} labels are allowed.")
    for key, value in labels.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key):
            raise invalid(f"Invalid label key: '{key}'")
        if value is not None and not re.fullmatch(r"[a-z0-9_-]{0,63}", value):
            raise invalid(f"Invalid label value: '{value}'")


def check_length(field, text, most):
    if len(text.encode()) > most:
        raise invalid(f"{field} is longer than {most} bytes.")
