"""The requests that ``tokenfleet simulate`` plays, drawn or recorded, and what it calls them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenfleet.commands.answers import fail
from tokenfleet.elasticity.load import MOST_REQUESTS, USUAL_TIMES, Days, Load, drawn, rise_and_fall
from tokenfleet.elasticity.recorded import Answers, recorded
from tokenfleet.elasticity.scene import Scene
from tokenfleet.given_file import GivenFileError

_CV, _SPIKES, _DAYS = 2.0, 8, 1


@dataclass(frozen=True, kw_only=True)
class DrawnFrom:
    """What the command was given of the days to draw; None for the usual."""

    day: str | None
    cv: float | None
    spikes: int | None
    days: int | None


def drawn_load(asked: Scene, given: DrawnFrom, longer: float, seed: int) -> tuple[Load, str]:
    """Days of requests as often as the scene has it, and their description."""
    if asked.requests_per_second is None:
        msg = f"{asked.model}: a recording is not drawn"
        raise ValueError(msg)
    days = Days(
        requests_per_second=asked.requests_per_second,
        answer_seconds=asked.replica.answer_seconds,
        shape=rise_and_fall(USUAL_TIMES) if given.day is None else _shape(given.day),
        cv=_CV if given.cv is None else given.cv,
        spikes=_SPIKES if given.spikes is None else given.spikes,
        answers_longer=longer,
        days=_DAYS if given.days is None else given.days,
        seed=seed,
    )
    requests = days.requests_per_second * days.seconds
    if requests > MOST_REQUESTS:
        fail(
            f"--days {days.days}: {requests:,.0f} requests are more than the {MOST_REQUESTS:,} that"
            " are played: give fewer days, or a smaller --requests-per-second with fewer replicas"
        )
    source = f"drawn, seed {seed}, CV {days.cv:g} between requests, {days.spikes} spikes a day"
    return drawn(days), source


def recorded_load(path: Path, asked: Scene, longer: float, seed: int) -> tuple[Load, str]:
    """The requests of a file, and their description."""
    answers = Answers(
        seconds=asked.replica.answer_seconds,
        tokens=max(1.0, asked.lengths.output_tokens),
        longer=longer,
    )
    try:
        return recorded(path, answers, seed), f"recorded, {path.name}"
    except FileNotFoundError:
        fail(f"--trace {path}: there is no such file")
    except GivenFileError as error:
        fail(f"--trace {path}: {error}")


def _shape(words: str) -> Sequence[float]:
    try:
        shape = [float(word) for word in words.split(",") if word.strip()]
    except ValueError:
        fail(f"--day {words}: is not a list of numbers")
    if not shape or not all(0 <= each < math.inf for each in shape) or not max(shape):
        fail(f"--day {words}: give numbers, none negative and one above zero")
    # Of the largest: the sum of large numbers, and the mean of tiny ones, is no number.
    return [each / max(shape) for each in shape]
