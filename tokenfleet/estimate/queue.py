"""How long a request waits for its turn: tails of queues, in closed form."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_HALVINGS = 50
# How far from 1 both are below heavy traffic: within .08 of queues played with gaps of shape .25.
_DELAYED, _TAIL = 0.5, 0.3
# Beyond so many standard deviations below all servers, nobody waits for one.
_NEVER_BUSY = 6


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The share of requests that wait longer than t: ``tail`` e^(-``decay`` t), at most ``delayed``."""

    delayed: float
    tail: float
    decay: float

    def beyond(self, seconds: float) -> float:
        """The share that waits longer."""
        return min(self.delayed, self.tail * math.exp(-self.decay * seconds))


NO_WAIT = Wait(delayed=0.0, tail=0.0, decay=1.0)
_FOREVER = Wait(delayed=1.0, tail=1.0, decay=math.ulp(1.0))


def quantile(waits: Sequence[Wait], share: float) -> float:
    """What ``share`` of requests wait at most, where any of several queues may hold them up."""
    rest = 1 - share
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
    if burstiness < 1:
        delayed, tail = max(load, 1 - _DELAYED * x), max(load, 1 - _TAIL * x)
    else:
        at_random = _decay(load, 1.0)
        delayed, tail = load, (1 - load) / (load * math.exp(at_random) - 1)
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


def many_servers(servers: int, busy: float, service: float, burstiness: float = 1.0) -> Wait:
    """Waiting for one of ``servers`` that all take ``service`` seconds; ``busy`` of them are on the mean.

    Erlang's C formula of as many servers and as much load as bursts leave independent (Hayward:
    both over the peakedness, here 1 / ``burstiness``); for the tail its decay over the
    variability of arrivals and (here none) of service (Allen and Cunneen).
    """
    if busy >= servers:
        return _FOREVER
    alike = max(1, round(servers * burstiness))
    load = busy * alike / servers
    if load < alike - _NEVER_BUSY * math.sqrt(alike):
        return NO_WAIT
    # Erlang's B by its recursion, which does not overflow; C from it.
    blocked = 1.0
    for each in range(1, alike + 1):
        blocked = load * blocked / (each + load * blocked)
    delayed = alike * blocked / (alike - load * (1 - blocked))
    return Wait(delayed=delayed, tail=delayed, decay=2 * burstiness * (servers - busy) / service)
