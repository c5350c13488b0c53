"""Requests over time: when each comes, and how long its answer takes."""

import math
import random
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

SECONDS_PER_DAY = 86_400
MOST_REQUESTS = 20_000_000
"""That are played: some minutes, and half a gigabyte."""
ANSWERS_CV = 1.6
"""Coefficient of variation of how long answers are (facts of the lab, 2026-11-28)."""
USUAL_TIMES = 5
"""The busiest time of a day over its quietest, where nobody says."""
_SECONDS_PER_HOUR = 3600
_SPIKE_TIMES, _SPIKE_SECONDS = (1.5, 2.2), (300, 900)


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests in the order they come: ``moments`` in seconds from the start.

    ``answers`` are the seconds that each takes on a replica all of whose slots are in use.
    """

    seconds: int
    moments: Sequence[float]
    answers: Sequence[float]

    def bounds(self) -> Sequence[int]:
        """The number of the first request of every second, and of all of them at the end."""
        return [bisect_left(self.moments, second) for second in range(self.seconds + 1)]

    @property
    def busiest_hour(self) -> float:
        """Requests a second in the hour that has most of them."""
        hours = range(0, self.seconds, _SECONDS_PER_HOUR)
        ends = [bisect_left(self.moments, min(self.seconds, h + _SECONDS_PER_HOUR)) for h in hours]
        counts = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        return max(counts) / min(self.seconds, _SECONDS_PER_HOUR)


@dataclass(frozen=True, kw_only=True)
class Days:
    """Days to draw requests for, alike but for chance.

    ``shape`` are loads of equal parts of a day, in any unit, of which ``requests_per_second`` is
    the mean; between their middles it changes evenly. ``cv`` is the coefficient of variation of
    the time between two requests: 1 is Poisson, more comes in bursts. ``spikes`` a day are 1.5 to
    2.2 times the load for 5 to 15 minutes, at any time. Answers are log-normal around
    ``answer_seconds``, with ``answers_cv``; their mean drifts by ``drift`` up in the first half of
    the day and down in the second, and ``answers_longer`` is how much longer all are than was
    known.
    """

    requests_per_second: float
    answer_seconds: float
    shape: Sequence[float]
    cv: float = 2.0
    spikes: int = 8
    answers_cv: float = ANSWERS_CV
    drift: float = 0.3
    answers_longer: float = 1.0
    days: int = 1
    seed: int = 1

    @property
    def seconds(self) -> int:
        """How long they are together."""
        return self.days * SECONDS_PER_DAY


def rise_and_fall(times: float, parts: int = 96) -> Sequence[float]:
    """A day whose busiest time has that many times the load of its quietest, at noon.

    The square of a sine: quiet for longer than it is busy.
    """
    return [
        1 + (times - 1) * ((1 - math.cos(2 * math.pi * (part + 0.5) / parts)) / 2) ** 2
        for part in range(parts)
    ]


def drawn(days: Days) -> Load:
    """Requests of such days; the same for the same seed.

    Times between requests are drawn where the load is constant, and then spread as the day has it
    (a renewal process in operational time: Cox, Renewal Theory, 1962).
    """
    dice = random.Random(days.seed)  # noqa: S311 - a simulation, not a secret
    rates = _rates(days, dice)
    gap_shape = 1 / days.cv**2
    moments, answers = array("d"), array("d")
    mean = days.answer_seconds * days.answers_longer
    turn = 2 * math.pi / SECONDS_PER_DAY
    # What is left of the gap to the next request, where one a second comes.
    gap = dice.gammavariate(gap_shape, 1 / gap_shape)
    for second, rate in enumerate(rates):
        if rate <= 0:
            continue
        left = rate
        here = mean * (1 + days.drift * math.sin(turn * second))
        while gap < left:
            left -= gap
            moments.append(second + 1 - left / rate)
            answers.append(length(dice, here, days.answers_cv))
            gap = dice.gammavariate(gap_shape, 1 / gap_shape)
        gap -= left
    return Load(seconds=days.seconds, moments=moments, answers=answers)


def length(dice: random.Random, mean: float, cv: float) -> float:
    """One draw of a log-normal length with that mean and coefficient of variation."""
    spread = math.log(1 + cv**2)
    return dice.lognormvariate(math.log(mean) - spread / 2, math.sqrt(spread))


def _rates(days: Days, dice: random.Random) -> Sequence[float]:
    """Requests a second in every second."""
    parts = len(days.shape)
    mean = math.fsum(days.shape) / parts
    rates: list[float] = []
    for second in range(days.seconds):
        # From the middle of one part to that of the next; the day repeats.
        place = second * parts / SECONDS_PER_DAY - 0.5
        before = math.floor(place)
        share = place - before
        shape = days.shape[before % parts] * (1 - share) + days.shape[(before + 1) % parts] * share
        rates.append(days.requests_per_second * shape / mean)
    for _ in range(days.spikes * days.days):
        begin = dice.randrange(days.seconds)
        times, length = dice.uniform(*_SPIKE_TIMES), dice.randint(*_SPIKE_SECONDS)
        for second in range(begin, min(days.seconds, begin + length)):
            rates[second] *= times
    return rates
