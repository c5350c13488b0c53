"""How the command says no: lines for people, and for machines one object."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.json_document import Schema, json_document
from tokenfleet.mistakes import Located
from tokenfleet.plain_text import visible

BAD_INPUT = 2


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why there is no answer."""

    exit_code: int
    """What the process ends with."""
    lines: Sequence[str]
    """What is wrong, as standard error says it to people."""
    mistakes: Sequence[Located]
    """Those that stand in a stack, project or answers file; empty where something else is wrong."""


@dataclass(frozen=True, kw_only=True)
class RefusalAnswer:
    """What standard output holds, with ``--json``, instead of the answer."""

    error: Refusal


class RefusedError(Exception):
    """Input that nothing can be done with; it ends the command with exit code 2."""

    def __init__(self, lines: Sequence[str], mistakes: Sequence[Located] = ()) -> None:
        self.lines = [visible(line) for line in lines]
        self.mistakes = mistakes
        super().__init__("\n".join(self.lines))


def refusal_document(
    lines: Sequence[str], mistakes: Sequence[Located] = (), *, exit_code: int = BAD_INPUT
) -> str:
    """A refusal for machines."""
    refusal = Refusal(exit_code=exit_code, lines=lines, mistakes=mistakes)
    return json_document(Schema.ERROR, RefusalAnswer(error=refusal))


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command line does, also one that cannot be parsed."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options
