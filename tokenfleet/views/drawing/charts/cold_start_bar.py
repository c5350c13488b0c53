"""Cold starts as bars at best, as expected and at worst, against the notice of a spot interruption."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tokenfleet.plan.ranges import Range
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS, ColdStart
from tokenfleet.plan.start.choices import StartChoice
from tokenfleet.plan.start.notice import REACTION_SECONDS
from tokenfleet.preview.report import ModelReport
from tokenfleet.views.starting import way_title

# Seconds a letter stands for: divisors of the notice, so that its end falls between two letters.
_STEPS = (5, 10, 15, 20, 30, 40, 60, 120)
_NOTICE, _ROOM, _CUT = "|", ".", ">"


@dataclass(frozen=True, kw_only=True)
class BarPart:
    """One stage on a bar, without what passes beside an earlier one."""

    stage: str
    letter: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One end of a range, or its middle; the parts add up to ``seconds``."""

    title: str
    parts: Sequence[BarPart]
    seconds: float


# By the names of ``ColdStart.stages``, which with hyphens are classes of templates/report.css.
_LETTER_BY_STAGE: Mapping[str, str] = {
    "launch": "a",
    "boot": "b",
    "join": "j",
    "image pull": "i",
    "weights": "w",
    "engine load": "l",
    "warm-up": "u",
}
LETTERS: Mapping[str, str] = {
    "a": "white on bright_black",
    "b": "black on white",
    "j": "black on cyan",
    "i": "white on blue",
    "w": "white on magenta",
    "l": "black on green",
    "u": "black on yellow",
    _NOTICE: "bold red",
    _ROOM: "dim",
    _CUT: "bold",
}
"""Every mark of a bar in letters, and its style on a terminal."""


def cold_start_bars(start: ColdStart) -> Sequence[Bar]:
    """From a pod that finds no node to a replica that is ready and warm.

    Of the weights only what is left once the node has joined and the image is pulled.
    """
    return [
        _bar("at best", start, lambda seconds: seconds.low),
        _bar("expected", start, lambda seconds: seconds.expected),
        _bar("at worst", start, lambda seconds: seconds.high),
    ]


def every_bar(model: ModelPlan) -> Sequence[Bar]:
    """The model's start on a new node, and as expected every other way in which it could start."""
    others = [choice for choice in model.start_choices if choice.start != model.cold_start]
    return [*cold_start_bars(model.cold_start), *_way_bars(others)]


def way_bars(model: ModelPlan) -> Sequence[Bar]:
    """As expected, every way in which the model's nodes can start."""
    return _way_bars(model.start_choices)


def _way_bars(choices: Sequence[StartChoice]) -> Sequence[Bar]:
    return [
        replace(cold_start_bars(choice.start)[1], title=way_title(choice))
        for choice in choices
        if choice.start
    ]


def axis_seconds(bars: Iterable[Bar]) -> float:
    """How long an axis must be for all bars and the notice to be on it."""
    return max([float(SPOT_NOTICE_SECONDS), *(bar.seconds for bar in bars)])


def letter_seconds(axis: float, room: int) -> int:
    """What one letter stands for where ``room`` letters are to hold the axis."""
    return next((step for step in _STEPS if axis <= step * room), _STEPS[-1])


def letters(bar: Bar, step: int, room: int) -> str:
    """The bar in letters of ``step`` s; ``|`` marks the end of the notice, ``>`` a cut."""
    drawn, passed = "", 0.0
    for part in bar.parts:
        passed += part.seconds
        drawn += part.letter * (round(passed / step) - len(drawn))
    notice = SPOT_NOTICE_SECONDS // step
    if bar.seconds > SPOT_NOTICE_SECONDS:
        # Rounding must not put a start that is too late inside the notice.
        drawn = drawn.ljust(notice + 1, drawn[-1])
    drawn = drawn.ljust(notice, _ROOM)
    drawn = drawn if len(drawn) <= room else drawn[: room - 1] + _CUT
    return drawn[:notice] + _NOTICE + drawn[notice:]


def legend(step: int) -> str:
    """What the letters mean."""
    meanings = ", ".join(f"{letter} {stage}" for stage, letter in _LETTER_BY_STAGE.items())
    return (
        f"{meanings}. One letter is {step} s, {_NOTICE} the end of the spot notice of"
        f" {SPOT_NOTICE_SECONDS} s."
    )


def verdict(model: ModelReport) -> str:
    """Whether a replacement is ready before a reclaimed replica drains, range and all."""
    found = model.plan.notice
    if found is None:
        return f"No spot notice to meet: pool {model.plan.pool} has no spot tier."
    notice = f"the {found.serves_seconds} s that the drain leaves of a spot notice"
    late = f"{found.late_seconds.expected:,.0f} s late for {notice}"
    return {
        "always": f"A replacement is ready within {notice}, even at worst.",
        "expected": f"A replacement is expected within {notice}, at worst late.",
        "at best": f"A replacement is expected {late}, at best in time.",
        "never": f"A replacement is expected {late}, late even at best.",
    }[found.met]


def longest_stage(start: ColdStart) -> str:
    """The part of the whole that takes most, and what limits it."""
    stages = {
        "launch": start.before,
        "boot": start.boot,
        "join, image and weights": start.together,
        "engine load": start.load,
        "warm-up": start.warm_up,
    }
    name = max(stages, key=lambda name: stages[name].seconds.expected)
    stage = stages[name]
    return f"{name}, {stage.seconds.expected:,.0f} s, limited by {stage.limited_by}"


def caveat() -> str:
    """What the figures are and are not."""
    return (
        "Seconds from a pod that finds no node; at best and at worst, all stages are at that end at"
        " once. Weights are fetched beside join and image pull: a bar shows what is left of them"
        " after that. Predicted with measurements of others and assumptions; never measured on these"
        f" machines. At a spot notice {REACTION_SECONDS} s stand in for the launch: nobody waits for the"
        " autoscaler."
    )


def _bar(title: str, start: ColdStart, end: Callable[[Range], float]) -> Bar:
    join, together = end(start.join.seconds), end(start.together.seconds)
    # A volume is filled beside joining, an image is pulled after it.
    image = min(end(start.image.seconds), together - join)
    seconds_by_stage = {
        "launch": end(start.before.seconds),
        "boot": end(start.boot.seconds),
        "join": join,
        "image pull": image,
        "weights": together - join - image,
        "engine load": end(start.load.seconds),
        "warm-up": end(start.warm_up.seconds),
    }
    parts = [
        BarPart(stage=stage, letter=_LETTER_BY_STAGE[stage], seconds=seconds)
        for stage, seconds in seconds_by_stage.items()
    ]
    return Bar(title=title, parts=parts, seconds=sum(seconds_by_stage.values()))
