"""Measured starts beside the predicted one: each stage, and the whole."""

import dataclasses
import datetime as dt
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tokenfleet.plan.measured.starts import Moment, Start
from tokenfleet.plan.ranges import Range, exactly
from tokenfleet.plan.start.budget import ColdStart, NoticeMet

Verdict = Literal["as predicted", "sooner", "later"]
"""Whether the middle of what was measured lies in the range of what was predicted."""


@dataclass(frozen=True, kw_only=True)
class MeasuredStage:
    """A stage, or several that nothing recorded apart; seconds.

    ``measured`` is the least, the median and the most of all starts. ``beside``: it runs beside
    others, and the whole is not longer by it.
    """

    stage: str
    predicted: Range
    measured: Range
    verdict: Verdict
    beside: bool


@dataclass(frozen=True, kw_only=True)
class MeasuredStarts:
    """All starts on one instance type; ``until_ready`` from a pod that finds no node, in seconds."""

    instance_type: str
    pods: Sequence[str]
    stages: Sequence[MeasuredStage]
    until_ready: MeasuredStage
    notice_met: NoticeMet
    """Whether a replacement that starts like these is ready before a reclaimed spot node is gone."""


def compared_starts(starts: Sequence[Start], predicted: ColdStart) -> MeasuredStarts:
    """What these starts, all of that type, say of the prediction.

    Where a moment is not known of every start, the stages on both sides of it are one.
    """
    moments = [m for m in Moment if all(m in start.moments for start in starts)]
    stages = [
        *_chain(starts, predicted, moments),
        *_beside(starts, predicted),
    ]
    whole = _stage(
        "ready",
        [_between(start, Moment.PENDING, Moment.READY) for start in starts],
        predicted.until_ready,
    )
    return MeasuredStarts(
        instance_type=predicted.instance_type,
        pods=[start.pod for start in starts],
        stages=stages,
        until_ready=whole,
        notice_met=dataclasses.replace(predicted, until_ready=whole.measured).notice_met,
    )


def _chain(
    starts: Sequence[Start], predicted: ColdStart, moments: Sequence[Moment]
) -> Iterator[MeasuredStage]:
    """The stages that follow each other, between moments that are known."""
    by_end: Mapping[Moment, tuple[str, Range]] = {
        Moment.LAUNCHED: ("launch", predicted.before.seconds),
        Moment.SCRIPT: ("boot", predicted.boot.seconds),
        Moment.STARTED: ("join + image + weights", predicted.together.seconds),
        Moment.LOADED: ("engine load", predicted.load.seconds),
        Moment.READY: ("warm-up", predicted.warm_up.seconds),
    }
    every = list(Moment)
    for begin, end in pairwise(moments):
        parts = [by_end[m] for m in every[every.index(begin) + 1 : every.index(end) + 1]]
        seconds = exactly(0)
        for _, more in parts:
            seconds += more
        took = [_between(start, begin, end) for start in starts]
        yield _stage(" + ".join(name for name, _ in parts), took, seconds)


def _beside(starts: Sequence[Start], predicted: ColdStart) -> Iterator[MeasuredStage]:
    """What runs side by side between boot and the engine's start, where it was recorded."""
    parts: Sequence[tuple[str, Callable[[Start], float | None], Range]] = [
        ("join", lambda start: _after_script(start, start.node_ready), predicted.join.seconds),
        ("image pull", lambda start: start.image_seconds, predicted.image.seconds),
        (
            "weights",
            lambda start: _after_script(start, start.weights_there),
            predicted.weights.seconds,
        ),
    ]
    for name, seconds_of, range_ in parts:
        took = [seconds for start in starts if (seconds := seconds_of(start)) is not None]
        if took:
            yield _stage(name, took, range_, beside=True)


def _stage(
    name: str, took: Sequence[float], predicted: Range, *, beside: bool = False
) -> MeasuredStage:
    middle = statistics.median(took)
    verdict: Verdict = "as predicted"
    if middle < predicted.low:
        verdict = "sooner"
    elif middle > predicted.high:
        verdict = "later"
    return MeasuredStage(
        stage=name,
        predicted=predicted,
        measured=Range(low=min(took), expected=middle, high=max(took)),
        verdict=verdict,
        beside=beside,
    )


def _between(start: Start, begin: Moment, end: Moment) -> float:
    return _seconds(start.moments[begin], start.moments[end])


def _after_script(start: Start, at: dt.datetime | None) -> float | None:
    script = start.moments.get(Moment.SCRIPT)
    return None if script is None or at is None else _seconds(script, at)


def _seconds(begin: dt.datetime, end: dt.datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
