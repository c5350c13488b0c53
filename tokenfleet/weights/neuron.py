"""Compiled artifact sets: snapshots of their own, below the revision they were compiled from."""

import re

from tokenfleet.weights.layout import snapshot_of

FOLDER = "neuron"
KEY = re.compile(r"[a-z0-9._-]+")
KEY_FORM = "lower-case letters, digits and . _ -"


def artifact_key(sdk: str, *, cores: int, batch: int, length: int) -> str:
    """What compiled artifacts are good for: one SDK, so many cores, one batch, one length.

    An engine that finds artifacts ignores its own flags (NxDI, NEURON_COMPILED_ARTIFACTS), so
    each of these must be part of their name.
    """
    return f"sdk{sdk}-tp{cores}-b{batch}-l{length}"


def neuron_snapshot(hugging_face_id: str, revision: str, key: str) -> str:
    """The name of an artifact set: ``organisation/model/revision/neuron/key``."""
    return f"{snapshot_of(hugging_face_id, revision)}/{FOLDER}/{key}"
