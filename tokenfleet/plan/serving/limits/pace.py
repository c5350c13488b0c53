"""What users of a replica wait for while so many requests run: before a token, between two, for all."""

import math
from dataclasses import dataclass

from tokenfleet.estimate.load.running import Running, late_gap, room
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.settings.models import ObjectiveSettings


@dataclass(frozen=True, kw_only=True)
class Pace:
    """A replica's, in seconds, for requests of the expected lengths, by the estimate of its price."""

    most: Saturation

    def gap(self, running: float) -> float:
        """The mean between two tokens of one of them: prompts of the others are read beside."""
        return self.most.step.gap(running, self.most.shape, self._prompts(running))

    def gap_p99(self, running: float) -> float:
        """Between two tokens, 99th percentile."""
        now = Running(gap=self.gap(running), beside=running - 1)
        return late_gap(self.most, now, self._prompts(running))

    def first(self, running: float) -> float:
        """From a request's turn to its first token, median."""
        rest = self._rest(running)
        return self._own(running) + max(0.0, rest - self.gap(running) / 2)

    def first_p99(self, running: float) -> float:
        """The same, 99th percentile."""
        return self._own(running) + math.hypot(self.most.late_seconds, self._rest(running))

    def whole(self, running: float) -> float:
        """From a request's turn to the end of a mean answer."""
        return self.first(running) + (self.most.step.steps(self.most.shape) - 1) * self.gap(running)

    def missed(self, running: float, promised: ObjectiveSettings) -> str | None:
        """What of the objective so many running requests miss; None where they keep it."""
        for name, limit, found in (
            ("itlP99Ms", promised.itl_p99_ms, 1000 * self.gap_p99(running)),
            ("ttftP99Ms", promised.ttft_p99_ms, 1000 * self.first_p99(running)),
        ):
            if found > limit:
                return f"{name} {limit} ({found:,.1f} ms)"
        return None

    def _prompts(self, running: float) -> float:
        """Of others, that come each step: one in so many as an answer has steps ends and makes room."""
        return (running - 1) / self.most.step.steps(self.most.shape)

    def _rest(self, running: float) -> float:
        """Of what the others do when it comes: their step, and the next where that is decided on already."""
        steps = 2 if self.most.step.overlaps else 1
        return steps * self.gap(running) if running > 1 else 0.0

    def _own(self, running: float) -> float:
        """Until the engine sees it, and its prompt's own steps beside the others."""
        shape, step = self.most.shape, self.most.step
        tokens = shape.uncached_input_tokens
        _, chunks = room(self.most, running - 1)
        seconds = step.prefill(tokens, shape.cached_input_tokens) / chunks
        read = chunks * step.mixed(running - 1, shape.mean_context, tokens / chunks, seconds)
        return self.most.request_seconds + read
