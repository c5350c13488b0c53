"""How many replicas fewer a looser promise would take."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from tokenfleet.estimate.load.refused import MOST_REFUSED, refused_share
from tokenfleet.estimate.load.replicas import replicas_for, replicas_needed, requests_on
from tokenfleet.plan.scaling.policy import plan_scaling
from tokenfleet.plan.serving.limits.admission import plan_admission
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.batch_choice import batch_of
from tokenfleet.plan.serving.limits.carried_load import carried_load
from tokenfleet.plan.serving.limits.expected import expected_saturation
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings, ObjectiveSettings

Key = Literal["itlP99Ms", "ttftP99Ms"]
# Far enough for the step of fewest tokens that reads prompts, beside what only decodes.
_TIMES = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0)
# What somebody would write, by the power of ten below.
_READABLE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, kw_only=True)
class LooserObjective:
    """The next looser promise that saves a replica: ``key`` of the objective at ``milliseconds``.

    ``replicas`` are what the load takes with what is ``promised``, whatever the bounds of
    scaling; ``replicas_then`` with the looser one.
    """

    key: Key
    promised: int
    milliseconds: int
    replicas: int
    replicas_then: int


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Replicas for queue, promise and rule of scaling together; ``promise_binds``: more than the queue takes.

    ``refused`` is the share of the load that finds all of them full.
    """

    replicas: int
    promise_binds: bool
    refused: float


def looser_objective(
    settings: ModelSettings, server: Server, batch: BatchPlan, *, start_seconds: float
) -> LooserObjective | None:
    """For a replica whose steps are of ``batch`` now.

    None where no load is known, where the promise takes no more replicas than the queue, and where
    none is saved up to eight times the promise, or only by refusing more.
    """
    now = _wanted(settings, server, batch, start_seconds)
    if now is None or not now.promise_binds:
        return None
    for key, milliseconds, tried in _looser(settings):
        then = _wanted(tried, server, batch_of(tried, server), start_seconds)
        if then and then.replicas < now.replicas and then.refused <= max(MOST_REFUSED, now.refused):
            return LooserObjective(
                key=key,
                promised=_promised(settings)[key],
                milliseconds=milliseconds,
                replicas=now.replicas,
                replicas_then=then.replicas,
            )
    return None


def _looser(settings: ModelSettings) -> Iterator[tuple[Key, int, ModelSettings]]:
    now = _promised(settings)
    for times in _TIMES:
        for key in now:
            milliseconds = readable(times * now[key])
            try:
                objective = ObjectiveSettings.model_validate({**now, key: milliseconds})
            except ValidationError:
                # Beyond what a stack file takes.
                continue
            yield key, milliseconds, settings.model_copy(update={"objective": objective})


def _promised(settings: ModelSettings) -> dict[Key, int]:
    objective = settings.objective
    return {"itlP99Ms": objective.itl_p99_ms, "ttftP99Ms": objective.ttft_p99_ms}


def readable(milliseconds: float) -> int:
    """The next figure that somebody would write: 80 for 75."""
    ten = 10 ** math.floor(math.log10(milliseconds))
    return math.ceil(next(ten * each for each in _READABLE if ten * each >= milliseconds - 1e-9))


def _wanted(
    settings: ModelSettings, server: Server, batch: BatchPlan, start_seconds: float
) -> _Wanted | None:
    """With that objective; None without a load, or where no number keeps it."""
    traffic, carried = settings.traffic, carried_load(settings, server, batch)
    if traffic is None or carried is None:
        return None
    most = expected_saturation(settings, traffic, server, batch)
    load = traffic.requests_per_second
    by_queue = replicas_for(most.theta.p50, load * most.shape.produced)
    needed = replicas_needed(most, carried.requests_per_second, load)
    admission = plan_admission(settings, server, batch)
    rule = plan_scaling(
        slots=admission.slots,
        start_seconds=start_seconds,
        least=1,
        most=settings.replicas.max,
        carried=carried,
    )
    followed = rule.settled(lambda n: requests_on(most, load, n, bound=admission.bound), needed)
    # Where scaling may not grow so far, the promise wants more than it settles on.
    replicas = max(needed, followed)
    return _Wanted(
        replicas=replicas,
        promise_binds=needed > by_queue,
        refused=refused_share(most, load, replicas, bound=admission.bound),
    )
