"""What a rule reports, and what a rule is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tokenfleet.recording.recorded import Recording


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """A broken rule: which one, where, and what would mend it."""

    rule: str
    resource: str
    problem: str


Rule = Callable[[Recording], Iterable[Finding]]
