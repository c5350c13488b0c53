"""Compiled artifact sets: snapshots of their own, below the revision they were compiled from."""

import re

from tokenfleet.weights.layout import snapshot_of

FOLDER = "neuron"
KEY = re.compile(r"[a-z0-9._-]+")
KEY_FORM = "lower-case letters, digits and . _ -"


def neuron_snapshot(hugging_face_id: str, revision: str, key: str) -> str:
    """The name of an artifact set: ``organisation/model/revision/neuron/key``."""
    return f"{snapshot_of(hugging_face_id, revision)}/{FOLDER}/{key}"
