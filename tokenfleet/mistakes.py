"""What is wrong with a stack: located, with the way out, reported all at once."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Mistake:
    """One thing to correct before anything can be built.

    ``path`` is the config path (``models.chat.pool``), ``value`` what stands there as the
    user wrote it (empty when the key is missing), ``problem`` one sentence that says what is
    allowed and the way out. An empty path means the whole file.
    """

    path: str
    value: str
    problem: str

    def __str__(self) -> str:
        found = f" = {self.value}" if self.value else ""
        return f"{self.path}{found}: {self.problem}" if self.path else self.problem


@dataclass(frozen=True, kw_only=True)
class Located:
    """A mistake in a file."""

    file: str
    line: int | None
    """From 1; null where no line of it is to blame."""
    path: str | None
    """Keys that lead to it, such as models.chat.pool; null where the whole file is meant."""
    problem: str
    """One sentence that says what is allowed and the way out."""
    text: str
    """All of it in one line, as people read it."""


def located(file: str, line: int | None, mistake: Mistake) -> Located:
    """A mistake on a line of a file."""
    return Located(
        file=file,
        line=line,
        path=mistake.path or None,
        problem=mistake.problem,
        text=f"{file}:{line}: {mistake}" if line else f"{file}: {mistake}",
    )


class StackError(Exception):
    """A stack that cannot be built: every mistake found, in order of config path."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: Sequence[Mistake] = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def nearest(word: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for a misspelt word, or nothing when no known word is close."""
    by_folded = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(word.lower(), by_folded, n=1, cutoff=0.6)
    return f" Did you mean '{by_folded[close[0]]}'?" if close else ""
