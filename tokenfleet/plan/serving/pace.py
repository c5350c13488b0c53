"""What users of a replica wait for while so many requests run: before a token, between two, for all."""

import math
from dataclasses import dataclass

from tokenfleet.estimate.at_load import Running, late_gap
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
        """From a request's turn to its first token, median: half a step, then those of its prompt."""
        return self.most.request_seconds + self.gap(running) / 2 + self._reading(running)

    def first_p99(self, running: float) -> float:
        """The same, 99th percentile."""
        late = math.hypot(self.most.late_seconds, self.gap(running))
        return self.most.request_seconds + self._reading(running) + late

    def whole(self, running: float) -> float:
        """From a request's turn to the end of a mean answer."""
        return self.first(running) + max(0.0, self.most.shape.produced - 1) * self.gap(running)

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
        """Of others, that come each step: one in so many as an answer has tokens ends and makes room."""
        return (running - 1) / self.most.shape.produced

    def _reading(self, running: float) -> float:
        """A prompt's own steps, beside the others."""
        shape, step = self.most.shape, self.most.step
        tokens = shape.uncached_input_tokens
        chunks = max(1, math.ceil(tokens / max(1.0, self.most.batched_tokens - (running - 1))))
        seconds = step.prefill(tokens, shape.cached_input_tokens) / chunks
        return chunks * step.mixed(running - 1, shape.mean_context, tokens / chunks, seconds)
