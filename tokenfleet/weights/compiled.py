"""Sets of compiled code: snapshots of their own, below the revision they were compiled from.

Those of Neuron (``neuron``) are what its engine loads in place of compiling; those of every other
engine (``compiled``) are its caches, packed.
"""

import hashlib
import re
from collections.abc import Sequence

from tokenfleet.weights.layout import snapshot_of

NEURON, COMPILED = "neuron", "compiled"
KEY = re.compile(r"[a-z0-9._-]+")
KEY_FORM = "lower-case letters, digits and . _ -"
_DIGITS = 10


def artifact_key(sdk: str, *, cores: int, batch: int, length: int) -> str:
    """What code compiled for Neuron is good for: one SDK, so many cores, one batch, one length.

    An engine that finds artifacts ignores its own flags (NxDI, NEURON_COMPILED_ARTIFACTS), so
    each of these must be part of their name.
    """
    return f"sdk{sdk}-tp{cores}-b{batch}-l{length}"


def code_key(version: str, hardware: str, *, ranks: int, rest: Sequence[str]) -> str:
    """What any other compiled code is good for: one vLLM, one kind of hardware, so many ranks.

    ``rest`` is whatever else changes the code, in a fixed order; of it the key holds a digest.
    """
    digest = hashlib.sha256("\n".join(rest).encode()).hexdigest()
    return f"vllm{version}-{hardware}-tp{ranks}-{digest[:_DIGITS]}"


def compiled_snapshot(hugging_face_id: str, revision: str, folder: str, key: str) -> str:
    """The name of a set: ``organisation/model/revision/folder/key``."""
    return f"{snapshot_of(hugging_face_id, revision)}/{folder}/{key}"
