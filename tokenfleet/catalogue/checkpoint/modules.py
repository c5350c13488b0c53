"""Names of modules that a checkpoint treats apart, as its makers' tools write them."""

import re
from collections.abc import Sequence
from fnmatch import translate

from tokenfleet.catalogue.architecture.keys import ShapeError

# What compressed-tensors writes after "re:": words, escaped dots, alternatives and ".*". Others are
# not run: a pattern out of a file may take for ever.
_SAFE = re.compile(r"(?:\.\*|\\\.|\\d\+|[\w.|()^$-])*")
_MOST_WILD = 4
_WILD = re.compile(r"[*?\[]")


class ModulePatterns:
    """Whether a module is one of those named: exactly, by what it is part of, or by a pattern.

    Raises:
        ShapeError: a pattern is damaged, or of a kind that is not run.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        wild = [each for each in patterns if each.startswith("re:") or _WILD.search(each)]
        self._names = frozenset(patterns) - set(wild)
        self._wild = [re.compile(_expression(each)) for each in dict.fromkeys(wild)]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return any(whole in self._names for whole in wholes(name)) or any(
            pattern.match(name) for pattern in self._wild
        )


def wholes(name: str) -> Sequence[str]:
    """A module and all that it is part of, the largest first: a, a.b and a.b.c of a.b.c."""
    words = name.split(".")
    return [".".join(words[:length]) for length in range(1, len(words) + 1)]


def _expression(pattern: str) -> str:
    if not pattern.startswith("re:"):
        # A module's name stands for all that is in it.
        return f"(?:{translate(pattern)}|{translate(f'{pattern}.*')})"
    given = pattern.removeprefix("re:")
    try:
        re.compile(given)
    except re.error as error:
        msg = f"quantization_config: {pattern[:60]!r} is no pattern: {error}"
        raise ShapeError(msg) from error
    if not _SAFE.fullmatch(given) or given.count("*") > _MOST_WILD:
        msg = f"quantization_config: the pattern {pattern[:60]!r} cannot be read yet"
        raise ShapeError(msg)
    return given
