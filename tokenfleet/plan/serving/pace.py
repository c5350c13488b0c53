"""What users of a replica wait for while so many requests run: before a token, between two, for all."""

import math
from dataclasses import dataclass

from tokenfleet.estimate.poisson import poisson_p99
from tokenfleet.plan.serving.roofline import Roofline
from tokenfleet.settings.models import ObjectiveSettings


@dataclass(frozen=True, kw_only=True)
class Pace:
    """A replica's, in seconds, for requests of the expected lengths.

    ``prompt`` are the tokens of a mean prompt that are not cached, ``answer`` those of a mean
    answer, none where answers are numbers. A step reads ``chunk`` tokens of prompts at most.
    """

    roofline: Roofline
    prompt: float
    answer: int
    chunk: int

    def cycle(self, running: float) -> float:
        """The mean step: one request in ``answer`` ends in it, and another prompt is read."""
        return self.roofline.cycle(running, self.prompt, self.answer)

    def gap_p99(self, running: float) -> float:
        """Between two tokens, 99th percentile: a step with the prompts that come together.

        With one at least: fewer running would change how often, not for how long, one waits.
        """
        together = max(1, poisson_p99(running / self.answer))
        return self.roofline.step(running, min(self.chunk, together * self.prompt))

    def first(self, running: float) -> float:
        """From a request's turn to its first token, median: half a step, then those of its prompt."""
        steps = max(1, math.ceil(self.prompt / self.chunk))
        last = self.roofline.step(running, min(self.chunk, self.prompt))
        return self.roofline.request + (steps - 0.5) * self.cycle(running) + last

    def first_p99(self, running: float) -> float:
        """The same, 99th percentile."""
        return self.first(running) + self.roofline.late

    def whole(self, running: float) -> float:
        """From a request's turn to the end of a mean answer."""
        return self.first(running) + (self.answer - 1) * self.cycle(running)

    def each(self, together: int) -> float:
        """Of an answer of numbers: its share of steps that read so many prompts."""
        step = self.roofline.step(together, together * (self.prompt - 1))
        return step * max(1.0, together * self.prompt / self.chunk) / together

    def missed(self, running: float, promised: ObjectiveSettings) -> str | None:
        """What of the objective so many running requests miss; None where they keep it."""
        for name, limit, found in (
            ("itlP99Ms", promised.itl_p99_ms, 1000 * self.gap_p99(running)),
            ("ttftP99Ms", promised.ttft_p99_ms, 1000 * self.first_p99(running)),
        ):
            if found > limit:
                return f"{name} {limit} ({found:,.1f} ms)"
        return None
