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
    """What a client counts over a whole run: rates a second, latencies in seconds (medians)."""

    seconds: float
    requests_per_second: float
    output_tokens_per_second: float
    ttft: float
    tpot: float


def finite_run(
    step: StepTimes,
    shape: RequestShape,
    arrivals: Arrivals,
    *,
    requests: int,
    concurrency: int,
    batched_tokens: int,
) -> FiniteRun:
    """Replay ``requests`` requests step by step, as vLLM schedules them.

    Waiting prompts are read first, as many as ``batched_tokens`` and ``concurrency`` allow,
    beside the tokens of what runs; requests that run go in lockstep, so the time to the next
    arrival or the next end is one jump. The last requests run in an emptying engine, which is
    why a run of N requests at a rate below saturation completes N / (N / rate + last latency).
    """
    run = _Replay(step=step, shape=shape)
    arriving = deque(_arrival_times(requests, arrivals))
    waiting: deque[float] = deque()
    prompts_a_step = max(1, int(batched_tokens // max(1.0, shape.uncached_input_tokens)))
    while run.ended < requests:
        while arriving and arriving[0] <= run.now:
            waiting.append(arriving.popleft())
        if not waiting and not run.running:
            run.now = arriving[0]
        elif waiting and run.running < concurrency:
            count = min(len(waiting), concurrency - run.running, prompts_a_step)
            run.admit([waiting.popleft() for _ in range(count)])
        else:
            run.advance(arriving[0] if arriving and run.running < concurrency else None)
    return FiniteRun(
        seconds=run.now,
        requests_per_second=requests / run.now,
        output_tokens_per_second=requests * shape.output_tokens / run.now,
        ttft=statistics.median(run.first_tokens),
        tpot=statistics.median(run.gaps),
    )


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
        self.context += self.running * self.step.drafting.kept + count * self.shape.input_tokens
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
        kept = count * self.step.drafting.kept
        middle = self.context / running + kept / 2
        self.now += count * self.step.decode(running, middle)
        self.steps += count
        self.context += running * kept
        self._end_finished()

    def _steps_of_one(self) -> int:
        return max(0, round(self.step.steps(self.shape)) - 1)

    def _end_finished(self) -> None:
        while self.ends and self.ends[0][0] <= self.steps:
            _, first = heapq.heappop(self.ends)
            steps, kept = self._steps_of_one(), self.step.drafting.kept
            self.context -= self.shape.input_tokens + steps * kept
            self.gaps.append((self.now - first) / max(1.0, steps * kept))
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
