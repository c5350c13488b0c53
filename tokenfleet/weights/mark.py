"""How a stack file says that all a model loads is in its bucket: one word, bound to exactly that."""

import hashlib
from collections.abc import Sequence

from tokenfleet.weights.load_format import LoadFormat

_DIGITS = 12


def mark_of(place: str, snapshots: Sequence[str], load_format: LoadFormat = "auto") -> str:
    """The mark of what a model loads, in whatever order: another revision or form has another.

    ``place`` says whose bucket it is in: a copied stack file has another, empty one. With
    letters in front, or YAML would read some marks as numbers.
    """
    form = [] if load_format == "auto" else [f"load format {load_format}"]
    digest = hashlib.sha256("\n".join([place, *form, *sorted(snapshots)]).encode()).hexdigest()
    return f"weights-{digest[:_DIGITS]}"
