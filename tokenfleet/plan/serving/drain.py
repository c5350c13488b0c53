"""How a replica ends: its requests finish, and it is gone before its node is."""

import math
from dataclasses import dataclass

from tokenfleet.settings.models import ModelSettings, ObjectiveSettings
from tokenfleet.task import Task

SPOT_DRAIN_SECONDS = 100
"""The longest drain where a node may be reclaimed: 120 s of notice, less 15 s until it is heard
and 5 s to spare (108 s left on arrival have been seen: runs-on/runs-on#277; the rest is assumed).
The capacity controller lets a replica serve until another is ready, and begins this drain when it
just fits."""

# How long the edge may still choose a replica that began to end. It is out of its headless Service at
# once; CoreDNS answers from its watch with a TTL of 5 s (kubernetes/plugin/dns, README of the plug-in
# kubernetes: "ttl"), and Envoy asks again when that is over: the last request came 2.5 s after the
# removal (docs/decisions/2026-11-30-plain-envoy.md). The rest is for an API server that is slow; what
# comes later gets a 500, and the edge asks another replica.
_PROPAGATION_SECONDS = 10
# vLLM 0.32 on a CPU took 12 s to end once its last request was answered.
_TEARDOWN_SECONDS = 15
# From the end of the engine to the end of the pod, as the kubelet sees it.
_KUBELET_SECONDS = 10
_UNHURRIED_SECONDS = 300

MEAN_ANSWERS = 2
"""So many mean answers have time to finish. Of 19,366 answers in conversations 90 % were no longer
than 2.0 times the mean and 99 % than 2.9; of 8,819 with code 90 % than 2.0, 99 % than 9 (Azure LLM
inference trace 2023, CC-BY). Tokens come faster than the promised 99th percentile, so more do."""

UNASKED_SECONDS = 30
"""What a request gets on spot where nobody says what it needs, and at most where nobody asks for
more: a pod's grace period in Kubernetes. Each second more is one less to start a replacement in."""

_LEAST_SECONDS = 10  # an assumption: a moment in the queue counts for more than a short answer


@dataclass(frozen=True, kw_only=True)
class LongestRequest:
    """What the last request that a replica lets in may take, and why so.

    ``answer_tokens``: the longest answer that ends within it at the promised pace; None where
    answers have no tokens.
    """

    seconds: int
    reason: str
    answer_tokens: int | None


@dataclass(frozen=True, kw_only=True)
class DrainPlan:
    """The end of a replica in seconds, one part after the other.

    A new request that reaches a draining vLLM gets a 500, so the pod first waits until no
    client chooses it any more (``propagation``). Then requests in flight may finish: the engine
    does that after SIGTERM (``shutdown_timeout``), or, where it cannot, the pod waits for it
    beforehand (``idle_wait``). ``margin`` is for the engine to end: it is killed before the
    grace period is over, because vLLM waits without limit for the client of a request that it
    gave up. ``longest_request`` is what the wait is made for.
    """

    propagation_seconds: int
    idle_wait_seconds: int
    shutdown_timeout_seconds: int
    margin_seconds: int
    longest_request: LongestRequest

    @property
    def pre_stop_seconds(self) -> int:
        """The longest that the preStop hook takes."""
        return self.propagation_seconds + self.idle_wait_seconds

    @property
    def kill_after_seconds(self) -> int:
        """When the engine is killed, counted from SIGTERM."""
        return self.shutdown_timeout_seconds + self.margin_seconds - _KUBELET_SECONDS

    @property
    def grace_seconds(self) -> int:
        """terminationGracePeriodSeconds: preStop, shutdown timeout and margin."""
        return self.pre_stop_seconds + self.shutdown_timeout_seconds + self.margin_seconds


LONGEST_ON_SPOT_SECONDS = (
    SPOT_DRAIN_SECONDS - _PROPAGATION_SECONDS - _TEARDOWN_SECONDS - _KUBELET_SECONDS
)
"""The longest request that always finishes inside a spot notice."""


def longest_request(settings: ModelSettings, task: Task, *, spot: bool) -> LongestRequest:
    """What is asked for; else 300 s, or on spot what answers need as promised, 10 to 30 s.

    ``spot``: whether a node of the pool may be reclaimed. An answer of numbers needs its
    ``ttftP99Ms``; one of tokens that and ``itlP99Ms`` for each further token of twice the mean.
    """
    asked = settings.longest_request_seconds
    if asked is not None:
        seconds, reason = asked, "longestRequestSeconds"
    elif spot:
        seconds, reason = _needed(settings, task)
    else:
        seconds, reason = _UNHURRIED_SECONDS, "no node is reclaimed"
    tokens = _answer_tokens(seconds, settings.objective) if task == "generate" else None
    return LongestRequest(seconds=seconds, reason=reason, answer_tokens=tokens)


def plan_drain(longest: LongestRequest, *, engine_drains: bool) -> DrainPlan:
    """The drain of a replica; ``engine_drains``: whether the engine finishes after SIGTERM."""
    return DrainPlan(
        propagation_seconds=_PROPAGATION_SECONDS,
        idle_wait_seconds=0 if engine_drains else longest.seconds,
        shutdown_timeout_seconds=longest.seconds if engine_drains else 0,
        margin_seconds=_TEARDOWN_SECONDS + _KUBELET_SECONDS,
        longest_request=longest,
    )


def _needed(settings: ModelSettings, task: Task) -> tuple[int, str]:
    """Seconds on spot, and why."""
    objective, traffic = settings.objective, settings.traffic
    if task != "generate":
        milliseconds, what = objective.ttft_p99_ms, "a whole answer, as promised"
    elif traffic is None:
        return UNASKED_SECONDS, "nothing says how long answers are (traffic)"
    else:
        tokens = MEAN_ANSWERS * traffic.output_tokens
        milliseconds = objective.ttft_p99_ms + (tokens - 1) * objective.itl_p99_ms
        what = f"{tokens:,} tokens, {MEAN_ANSWERS} mean answers, at the promised pace"
    needed = math.ceil(milliseconds / 1000)
    if needed > UNASKED_SECONDS:
        reason = (
            f"{what} take {needed:,} s: {UNASKED_SECONDS} s unless longestRequestSeconds asks for"
            f" more, {LONGEST_ON_SPOT_SECONDS} s at most"
        )
        return UNASKED_SECONDS, reason
    if needed < _LEAST_SECONDS:
        return _LEAST_SECONDS, f"the least; {what}, take {needed} s"
    return needed, what


def _answer_tokens(seconds: int, promised: ObjectiveSettings) -> int:
    """The first comes within ``ttftP99Ms``, each further one within ``itlP99Ms``."""
    left = 1000 * seconds - promised.ttft_p99_ms
    return 1 + left // promised.itl_p99_ms if left >= 0 else 0
