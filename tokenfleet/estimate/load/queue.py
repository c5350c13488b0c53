"""How long a request waits for its turn: tails of queues, in closed form."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_HALVINGS = 50
# How far from 1 both are below heavy traffic: within .08 of queues played with gaps of shape .25.
_DELAYED, _TAIL = 0.5, 0.3
# Between which rates of answering are straight enough.
_SAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The share of requests that wait longer than t: ``tail`` e^(-``decay`` t), at most ``delayed``.

    Without ``decay`` the queue grows without end.
    """

    delayed: float
    tail: float
    decay: float

    def beyond(self, seconds: float) -> float:
        """The share that waits longer."""
        return min(self.delayed, self.tail * math.exp(-self.decay * seconds))

    @property
    def mean(self) -> float:
        """Seconds, the integral of ``beyond``."""
        if not self.delayed:
            return 0.0
        if not self.decay:
            return math.inf
        level = max(0.0, math.log(self.tail / self.delayed)) / self.decay
        return self.delayed * level + min(self.delayed, self.tail) / self.decay


NO_WAIT = Wait(delayed=0.0, tail=0.0, decay=1.0)
_FOREVER = Wait(delayed=1.0, tail=1.0, decay=0.0)


def quantile(waits: Sequence[Wait], share: float) -> float:
    """What ``share`` of requests wait at most, where any of several queues may hold them up; infinite where one grows."""
    rest = 1 - share
    if any(each.delayed and not each.decay for each in waits):
        return math.inf
    if sum(each.delayed for each in waits) <= rest:
        return 0.0
    # Where each tail alone holds its part of the rest, their sum does.
    most = max(
        math.log(max(1.0, each.tail * len(waits) / rest)) / each.decay
        for each in waits
        if each.delayed
    )
    least = 0.0
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        if sum(each.beyond(middle) for each in waits) > rest:
            least = middle
        else:
            most = middle
    return most


def one_server(load: float, service: float, burstiness: float = 1.0) -> Wait:
    """Waiting for one server that takes ``service`` seconds for everyone and is busy ``load`` of its time.

    Gaps between arrivals are gamma, of shape ``burstiness``. The height of the tail is exact for
    a Poisson process (Cramer and Lundberg), which more regular gaps stay below.
    """
    if load <= 0 or service <= 0:
        return NO_WAIT
    if load >= 1:
        return _FOREVER
    x = _decay(load, burstiness)
    delayed, tail = load, (1 - load) / (load * math.exp(_decay(load, 1.0)) - 1)
    if burstiness < 1:
        delayed, tail = max(delayed, 1 - _DELAYED * x), max(tail, 1 - _TAIL * x)
    return Wait(delayed=delayed, tail=tail, decay=x / service)


def _decay(load: float, burstiness: float) -> float:
    """That of GI/D/1 for a service of 1: k ln(1 + x / (k load)) = x.

    A*(x) S*(-x) = 1 (Asmussen, Applied Probability and Queues, XIII.5).
    """

    def above(x: float) -> bool:
        return burstiness * math.log1p(x / (burstiness * load)) > x

    most = 1.0
    while above(most):
        most *= 2
    least = 0.0
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        least, most = (middle, most) if above(middle) else (least, middle)
    return most


def shared_places(
    answered: Callable[[float], float], places: int, arrivals: float, burstiness: float = 1.0
) -> Wait:
    """Waiting for one of ``places`` in which all are served at once, the slower the more there are.

    ``answered(n)`` is how many a second are answered while n are served, ``arrivals`` how many come.
    How often all places are taken follows from the product form of such a queue, p(n) ~ product of
    arrivals / answered(i), which holds for any distribution of work (Kelly, Reversibility and
    Stochastic Networks, 3.3); bursts widen p to the power of ``burstiness`` (as Hayward's
    approximation does, over the peakedness 1 / ``burstiness``). Behind all places the tail decays as in heavy
    traffic with work that varies as little as lengths do (Allen and Cunneen).
    """
    most = answered(places)
    if arrivals >= most:
        return _FOREVER
    # Sums of logarithms of a product whose largest factor would not fit a float.
    heights, height = [0.0], 0.0
    for rate in _between(answered, places):
        height += burstiness * math.log(arrivals / rate)
        heights.append(height)
    top = max(heights)
    fewer = sum(math.exp(each - top) for each in heights[:-1])
    behind = math.exp(heights[-1] - top) / (1 - (arrivals / most) ** burstiness)
    delayed = behind / (fewer + behind)
    return Wait(delayed=delayed, tail=delayed, decay=2 * burstiness * (most - arrivals))


def _between(answered: Callable[[float], float], places: int) -> Iterator[float]:
    """Its values from 1 to ``places``: straight lines between some of them, closer where it bends."""
    known = sorted({1, places, *(round(places ** (i / _SAMPLES)) for i in range(1, _SAMPLES))})
    rates = [answered(each) for each in known]
    yield rates[0]
    for (left, low), (right, high) in pairwise(zip(known, rates, strict=True)):
        for each in range(left + 1, right + 1):
            yield low + (high - low) * (each - left) / (right - left)
