"""How many requests a replica takes in: those that run at once, and those that may wait."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from tokenfleet.estimate.throughput import Saturation
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.expected import expected_saturation
from tokenfleet.plan.serving.limits.pace import Pace
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings, ObjectiveSettings

BOUND_FLAG = "max-num-queued-reqs"
"""The engine's own bound: requests waiting and running on the whole server (a request with ``n``
answers counts n times), beyond which it answers 503 (vllm 0.32.0, AsyncLLM.check_admission)."""

# Without traffic: as in the lab, 3 beside 16 slots (2 s of slack beside answers of 10 s).
_QUEUE_SHARE = 5


@dataclass(frozen=True, kw_only=True)
class AdmissionPlan:
    """What one replica takes in before it refuses, each with its reason.

    ``slots`` is how many run at once within the objective, which may be fewer than the batch that
    memory has room for; ``queue`` more are let in. ``engine_holds``: whether the engine itself
    refuses beyond both, counting each answer asked for; otherwise what is in front of it does,
    counting requests (``userdata/engine_front.py``). ``answer_seconds`` is what a
    mean answer takes with all slots in use, ``slack_seconds`` what ``ttftP99Ms`` then leaves for
    waiting; both None where nobody says how long answers are.
    ``retry_after_seconds`` is what a refused client is told to wait: until what is let in before
    it has begun.
    """

    slots: int
    slots_reason: str
    queue: int
    queue_reason: str
    answer_seconds: float | None
    slack_seconds: float | None
    engine_holds: bool
    retry_after_seconds: int

    @property
    def bound(self) -> int:
        """Requests of one replica at most, running and waiting."""
        return self.slots + self.queue

    @property
    def batch_bound(self) -> int:
        """Requests of one replica, whosever they are, beyond which it takes none of ``batch`` clients."""
        return max(1, self.bound // 2)


def plan_admission(settings: ModelSettings, server: Server, batch: BatchPlan) -> AdmissionPlan:
    """Decide it for a replica whose steps are of ``batch``.

    By the estimate for the lengths expected, or, without traffic, by the batch alone. The user's
    own ``max-num-queued-reqs`` is the bound where it is given.
    """
    task, traffic = settings.task or server.facts.task, settings.traffic
    if traffic is None:
        planned = _without_traffic(batch, settings.objective)
    else:
        most = expected_saturation(settings, traffic, server, batch)
        decide = _of_text if task == "generate" else _of_numbers
        planned = decide(most, settings.objective, batch)
    own = settings.engine_arguments.get(BOUND_FLAG)
    if own is not None:
        return _bounded(planned, int(own))
    # Each input of a list counts there, and lists of hundreds are what embeddings are asked for in
    # (AsyncLLM._add_request): a bound of the engine would refuse them for ever.
    return replace(planned, engine_holds=server.engine.sdk is None and task == "generate")


def slack_seconds(most: Saturation, promised: ObjectiveSettings, running: int) -> float:
    """What ``ttftP99Ms`` leaves for waiting while so many run; below zero where it is missed anyway."""
    first = (
        most.late_seconds + most.request_seconds + running / most.theta.p50
        if most.shape.is_pooled
        else Pace(most=most).first_p99(running)
    )
    return promised.ttft_p99_ms / 1000 - first


def _without_traffic(batch: BatchPlan, promised: ObjectiveSettings) -> AdmissionPlan:
    return AdmissionPlan(
        slots=batch.sequences,
        slots_reason="the batch; without traffic nothing says how long a step takes",
        queue=-(-batch.sequences // _QUEUE_SHARE),
        queue_reason="a fifth of the slots; without traffic nothing says how long answers are",
        answer_seconds=None,
        slack_seconds=None,
        engine_holds=True,
        retry_after_seconds=math.ceil(promised.ttft_p99_ms / 1000),
    )


def _of_text(most: Saturation, promised: ObjectiveSettings, batch: BatchPlan) -> AdmissionPlan:
    """Every step is a token of all that run: as many as keep the promise, else what fits."""
    pace, slots, reason = Pace(most=most), batch.sequences, "the batch: so many keep the objective"
    if missed := pace.missed(1, promised):
        reason = f"the batch: not even a single request would keep {missed}"
    elif pace.missed(slots, promised):
        slots = _largest(slots, lambda running: pace.missed(running, promised) is None)
        reason = f"one more would not keep {pace.missed(slots + 1, promised)}"
    slack = slack_seconds(most, promised, slots)
    return _queued(slots, f"{reason} ({most.basis})", pace.whole(slots), slack)


def _of_numbers(most: Saturation, promised: ObjectiveSettings, batch: BatchPlan) -> AdmissionPlan:
    """Prompts are read one after the other: half of those that are answered in time, at most."""
    each = 1 / most.theta.p50
    half = max(1, int(slack_seconds(most, promised, 0) / each / 2))
    slots, reason = batch.sequences, "the batch: so many are answered within ttftP99Ms"
    if half < slots:
        slots = half
        reason = f"half of what is answered within ttftP99Ms {promised.ttft_p99_ms}"
    answer = most.request_seconds + slots * each
    slack = slack_seconds(most, promised, slots)
    return _queued(slots, f"{reason} ({most.basis})", answer, slack)


def _queued(slots: int, reason: str, answer: float, slack: float) -> AdmissionPlan:
    """So many wait as begin within the slack, at the pace that ``slots`` answers end."""
    queue = int(max(0.0, slots * slack / answer))
    if slack > 0:
        why = f"{slots} slots x {slack:.1f} s that ttftP99Ms leaves / {answer:.1f} s a mean answer"
    else:
        why = "none: a prompt's own time leaves nothing of ttftP99Ms"
    return AdmissionPlan(
        slots=slots,
        slots_reason=reason,
        queue=queue,
        queue_reason=why,
        answer_seconds=answer,
        slack_seconds=max(0.0, slack),
        engine_holds=True,
        retry_after_seconds=_retry_after(slots, queue, answer),
    )


def _bounded(planned: AdmissionPlan, bound: int) -> AdmissionPlan:
    """What the user's own flag makes of it."""
    slots, why = min(planned.slots, bound), f"{BOUND_FLAG} {bound} in the stack file"
    queue, answer = bound - slots, planned.answer_seconds
    return replace(
        planned,
        slots=slots,
        slots_reason=why if slots < planned.slots else planned.slots_reason,
        queue=queue,
        queue_reason=why,
        retry_after_seconds=_retry_after(slots, queue, answer)
        if answer
        else planned.retry_after_seconds,
    )


def _retry_after(slots: int, queue: int, answer: float) -> int:
    """Seconds until the queue and one more have begun: an answer ends every ``answer`` / ``slots``."""
    return max(1, math.ceil((queue + 1) * answer / slots))


def _largest(most: int, keeps: Callable[[int], bool]) -> int:
    """The largest number below ``most`` that keeps what 1 keeps and ``most`` does not."""
    least = 1
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if keeps(middle) else (least, middle)
    return least
