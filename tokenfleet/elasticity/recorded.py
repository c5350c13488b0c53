"""Recorded requests from a CSV file: when each came, and how many tokens it was answered with."""

import csv
import datetime as dt
import math
import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenfleet.elasticity.load import ANSWERS_CV, MOST_REQUESTS, Load, length
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text

MOMENTS = ("seconds", "timestamp")
"""Names of the column of moments: seconds from any start, or dates with times (ISO 8601)."""
TOKENS = ("outputtokens", "generatedtokens")
"""Names of the column of tokens answered, in any case; GeneratedTokens is that of Azure's public traces."""

_LONGEST_DAYS = 31
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Answers:
    """How long answers take: ``seconds`` the mean one of ``tokens``, with ``cv`` where no row says how many."""

    seconds: float
    tokens: float
    cv: float = ANSWERS_CV
    longer: float = 1.0


def recorded(path: Path, answers: Answers, seed: int = 1) -> Load:
    """The requests of a file, from the first one on.

    Raises:
        FileNotFoundError: when there is none.
        GivenFileError: naming the line of the first mistake.
    """
    rows = _rows(given_text(path, GENERATED_BYTES))
    moments = array("d", (moment for moment, _ in rows))
    if not moments:
        msg = "holds no request: give a header and a row for each"
        raise GivenFileError(msg)
    if len(moments) > MOST_REQUESTS:
        msg = f"holds {len(moments):,} requests, more than {MOST_REQUESTS:,}: give a part of it"
        raise GivenFileError(msg)
    first, last = moments[0], moments[-1]
    if last - first > _LONGEST_DAYS * _SECONDS_PER_DAY:
        msg = f"goes on for more than {_LONGEST_DAYS} days: give a part of it"
        raise GivenFileError(msg)
    dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    each = answers.longer * answers.seconds
    return Load(
        seconds=math.floor(last - first) + 1,
        moments=array("d", (moment - first for moment in moments)),
        answers=array(
            "d",
            (
                length(dice, each, answers.cv) if tokens is None else each * tokens / answers.tokens
                for _, tokens in rows
            ),
        ),
    )


def _rows(text: str) -> Sequence[tuple[float, float | None]]:
    """Moment and tokens of each request, in the order they came."""
    lines = csv.reader(text.splitlines())
    names = [name.strip().casefold() for name in next(lines, list[str]())]
    columns = {name: place for place, name in reversed(list(enumerate(names)))}
    moment = next((columns[name] for name in MOMENTS if name in columns), None)
    if moment is None:
        msg = "has no column 'seconds' or 'TIMESTAMP' in its first line"
        raise GivenFileError(msg)
    tokens = next((columns[name] for name in TOKENS if name in columns), None)
    return sorted(_read(lines, moment, tokens), key=lambda row: row[0])


def _read(
    lines: Iterator[Sequence[str]], moment: int, tokens: int | None
) -> Iterator[tuple[float, float | None]]:
    try:
        for number, cells in enumerate(lines, 2):
            if not any(cells):
                continue
            try:
                yield (
                    _moment(cells[moment]),
                    None if tokens is None else _number(cells[tokens]),
                )
            except (IndexError, ValueError, OverflowError) as error:
                msg = (
                    f"line {number}: {','.join(cells)[:60]!r} has no moment, or no number of tokens"
                )
                raise GivenFileError(msg) from error
    except csv.Error as error:
        msg = f"is no CSV: {error}"
        raise GivenFileError(msg) from error


def _moment(cell: str) -> float:
    try:
        return _number(cell)
    except ValueError:
        found = dt.datetime.fromisoformat(cell.strip())
        return found.replace(tzinfo=found.tzinfo or dt.UTC).timestamp()


def _number(cell: str) -> float:
    found = float(cell)
    if not 0 <= found < math.inf:
        msg = cell
        raise ValueError(msg)
    return found
