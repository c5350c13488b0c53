"""A benchmark run from its first request to its last: what it measures is not steady state."""

import heapq
import math
import random
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from tokenfleet.estimate.step import StepTimes
from tokenfleet.estimate.traffic import Arrivals, RequestShape

# Every run draws the same gaps, so that a prediction does not depend on luck.
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class FiniteRun:
    """What a client counts over a whole run: rates a second, latencies in seconds.

    ``ttft`` and ``tpot`` are medians over requests.
    """

    seconds: float
    requests_per_second: float
    output_tokens_per_second: float
    ttft: float
    ttft_p90: float
    ttft_p99: float
    tpot: float


def finite_run(
    step: StepTimes,
    shape: RequestShape,
    arrivals: Arrivals,
    *,
    requests: int,
    concurrency: int,
    batched_tokens: int,
    max_concurrency: int | None = None,
) -> FiniteRun:
    """Replay ``requests`` requests step by step, as vLLM schedules them.

    Waiting prompts are read first, as many as ``batched_tokens`` and ``concurrency`` allow,
    beside the tokens of what runs; requests that run go in lockstep, so the time to the next
    arrival or the next end is one jump. The last requests run in an emptying engine, which is
    why a run of N requests at a rate below saturation completes N / (N / rate + last latency).
    A client with ``max_concurrency`` sends a request no sooner than that leaves room for it.
    """
    run = _Replay(step=step, shape=shape)
    arriving = deque(_arrival_times(requests, arrivals))
    waiting: deque[float] = deque()
    prompts_a_step = max(1, int(batched_tokens // max(1.0, shape.uncached_input_tokens)))
    in_flight = max_concurrency or requests
    held_until = -1.0
    while run.ended < requests:
        while arriving and arriving[0] <= run.now and run.running + len(waiting) < in_flight:
            came = arriving.popleft()
            waiting.append(run.now if came <= held_until else came)
        if arriving and arriving[0] <= run.now:
            held_until = run.now
        if not waiting and not run.running:
            run.now = arriving[0]
        elif waiting and run.running < concurrency:
            count = min(len(waiting), concurrency - run.running, prompts_a_step)
            run.admit([waiting.popleft() for _ in range(count)])
        else:
            may_start = arriving and run.running < min(concurrency, in_flight)
            run.advance(arriving[0] if may_start else None)
    return FiniteRun(
        seconds=run.now,
        requests_per_second=requests / run.now,
        output_tokens_per_second=requests * shape.output_tokens / run.now,
        ttft=statistics.median(run.first_tokens),
        ttft_p90=_percentile(run.first_tokens, 0.9),
        ttft_p99=_percentile(run.first_tokens, 0.99),
        tpot=statistics.median(run.gaps),
    )


def _percentile(values: Sequence[float], share: float) -> float:
    """Between two values as ``vllm bench serve`` (numpy) has it."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (place - below) * (ranked[above] - ranked[below])


@dataclass
class _Replay:
    """The engine in the middle of a run; ``ends`` holds (last step, time of the first token)."""

    step: StepTimes
    shape: RequestShape
    now: float = 0.0
    steps: int = 0
    context: float = 0.0
    ended: int = 0
    ends: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    first_tokens: list[float] = field(default_factory=list[float])
    gaps: list[float] = field(default_factory=list[float])

    @property
    def running(self) -> int:
        return len(self.ends)

    def admit(self, arrived: Sequence[float]) -> None:
        """One step that reads the prompts of those who arrived at these times."""
        tokens, count = self.shape.uncached_input_tokens, len(arrived)
        together = self.running + count
        self.context += self.running + count * self.shape.input_tokens
        prompts = count * self.step.prefill(tokens, self.shape.cached_input_tokens)
        self.now += self.step.mixed(
            together, self.context / together, count * max(0.0, tokens - 1), prompts
        )
        self.steps += 1
        for time in arrived:
            self.first_tokens.append(self.now - time)
            heapq.heappush(self.ends, (self.steps + self._steps_of_one(), self.now))
        self._end_finished()

    def advance(self, next_arrival: float | None) -> None:
        """Steps up to the next end or the next arrival that may start."""
        running = self.running
        count = self.ends[0][0] - self.steps
        if next_arrival is not None:
            one = self.step.decode(running, self.context / running)
            count = min(count, max(1, math.ceil((next_arrival - self.now) / one)))
        middle = self.context / running + count / 2
        self.now += count * self.step.decode(running, middle)
        self.steps += count
        self.context += running * count
        self._end_finished()

    def _steps_of_one(self) -> int:
        return max(0, round(self.shape.output_tokens) - 1)

    def _end_finished(self) -> None:
        while self.ends and self.ends[0][0] <= self.steps:
            _, first = heapq.heappop(self.ends)
            self.context -= self.shape.input_tokens + self._steps_of_one()
            self.gaps.append((self.now - first) / max(1, self._steps_of_one()))
            self.ended += 1


@cache
def _unit_gaps(requests: int, burstiness: float) -> Sequence[float]:
    """Gamma gaps that sum to the number of requests, as ``vllm bench serve`` scales them."""
    draw = random.Random(_SEED)  # noqa: S311 - arrivals are no secret
    gaps = [draw.gammavariate(burstiness, 1 / burstiness) for _ in range(requests)]
    scale = requests / sum(gaps)
    return [gap * scale for gap in gaps]


def _arrival_times(requests: int, arrivals: Arrivals) -> Sequence[float]:
    times: list[float] = []
    now = 0.0
    for gap in _unit_gaps(requests, arrivals.burstiness):
        now += gap / arrivals.requests_per_second
        times.append(now)
    return times
