"""How long a request waits for its turn: tails of queues, in closed form."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_HALVINGS = 50
# Least squares over exact M/D/1 queues at loads of .3 to .9; both grow to 1 in heavy traffic.
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

    The decay e of the tail is that of GI/G/1: A*(e) S*(-e) = 1 (Asmussen, Applied Probability and
    Queues, XIII.5), with gamma gaps of shape ``burstiness`` between arrivals:
    k ln(1 + x / (k load)) = x, where x = e ``service``.
    """
    if load <= 0 or service <= 0:
        return NO_WAIT
    if load >= 1:
        return Wait(delayed=1.0, tail=1.0, decay=math.ulp(1.0))

    def above(x: float) -> bool:
        return burstiness * math.log1p(x / (burstiness * load)) > x

    most = 1.0
    while above(most):
        most *= 2
    least = 0.0
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        least, most = (middle, most) if above(middle) else (least, middle)
    return Wait(
        delayed=max(load, 1 - _DELAYED * most),
        tail=max(load, 1 - _TAIL * most),
        decay=most / service,
    )


def many_servers(servers: int, busy: float, service: float, burstiness: float = 1.0) -> Wait:
    """Waiting for one of ``servers`` that all take ``service`` seconds; ``busy`` of them are on the mean.

    Erlang's C formula, and for the tail its decay over the variability of arrivals and (here none) of
    service (Allen and Cunneen).
    """
    if busy < servers - _NEVER_BUSY * math.sqrt(servers):
        return NO_WAIT
    if busy >= servers:
        return Wait(delayed=1.0, tail=1.0, decay=math.ulp(1.0))
    # Erlang's B by its recursion, which does not overflow; C from it.
    blocked = 1.0
    for each in range(1, servers + 1):
        blocked = busy * blocked / (each + busy * blocked)
    delayed = servers * blocked / (servers - busy * (1 - blocked))
    return Wait(delayed=delayed, tail=delayed, decay=2 * burstiness * (servers - busy) / service)
