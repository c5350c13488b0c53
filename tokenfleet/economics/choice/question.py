"""Which hardware should serve this? The question: a model, its load, its promise, and how to buy."""

import math
from dataclasses import dataclass

from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.estimate.at_load import QUEUE_GROWS_ABOVE, Served, at_load
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import Arrivals, RequestShape
from tokenfleet.plan.serving.memory import MemoryUse

# A replica that has next to nothing to do: as fast as it gets.
_IDLE_SHARE = 1e-3
# Halvings of the load that a replica carries: to a thousandth of what it could.
_HALVINGS = 10


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What users are promised, in seconds: 99th percentiles of first token and between tokens."""

    ttft_p99: float
    itl_p99: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                problem = f"{value:g} s is not above 0"
                raise CostError(problem, place=name.replace("_", " "))

    def missed_by(self, served: Served) -> str | None:
        """What of it is missed, as the estimate's median has it; None where it is met."""
        if served.ttft_p99 is None:
            return "the queue grows"
        if served.ttft_p99.p50 > self.ttft_p99:
            first = "TTFT p99" if served.itl_p99 else "p99"
            return f"{first} {1000 * served.ttft_p99.p50:,.0f} ms"
        if served.itl_p99 is not None and served.itl_p99.p50 > self.itl_p99:
            return f"ITL p99 {1000 * served.itl_p99.p50:,.0f} ms"
        return None

    def is_safe(self, served: Served) -> bool:
        """Whether it is met even where the server is as slow as the estimate's 10th percentile."""
        return (
            served.ttft_p99 is not None
            and served.ttft_p99.p90 <= self.ttft_p99
            and (served.itl_p99 is None or served.itl_p99.p90 <= self.itl_p99)
        )


@dataclass(frozen=True, kw_only=True)
class Question:
    """What hardware is wanted for.

    ``requests_per_second`` is None where nobody knows: then there are prices at saturation only.
    ``spare`` replicas are kept for a lost one (1 is N + 1).
    """

    model: str
    facts: ModelFacts
    shape: RequestShape
    objective: Objective
    context_length: int
    region: str
    requests_per_second: float | None = None
    spot: bool = False
    spare: int = 0

    @property
    def memory_use(self) -> MemoryUse:
        """As a stack would serve the model without further settings."""
        return MemoryUse(context_length=self.context_length)

    def __post_init__(self) -> None:
        if self.requests_per_second is not None:
            Arrivals(requests_per_second=self.requests_per_second)
        most = self.facts.context_length
        if not 0 < self.context_length <= most:
            problem = f"{self.context_length:,} is not between 1 and the model's {most:,}"
            raise CostError(problem, place="context length")
        if self.facts.task == "generate" and self.shape.is_pooled:
            problem = "a model that generates has one or more"
            raise CostError(problem, place="output tokens")
        if self.facts.task != "generate" and not self.shape.is_pooled:
            problem = (
                f"what the model does is {self.facts.task}, and its answers have none: leave it out"
            )
            raise CostError(problem, place="output tokens")
        tokens = self.shape.input_tokens + self.shape.output_tokens
        if tokens > self.context_length:
            problem = (
                f"{tokens:,.0f} tokens in and out are more than the context length of"
                f" {self.context_length:,}"
            )
            raise CostError(problem, place="lengths")


def carried(most: Saturation, objective: Objective) -> float | str:
    """The requests a second that one replica carries within the objective, or why it carries none.

    At most what keeps queues from growing.
    """
    full = QUEUE_GROWS_ABOVE * most.theta.p50 / most.shape.produced
    if objective.missed_by(at_load(most, full)) is None:
        return full
    missed = objective.missed_by(at_load(most, _IDLE_SHARE * full))
    if missed is not None:
        return f"{missed} even when idle"
    least, too_much = _IDLE_SHARE * full, full
    for _ in range(_HALVINGS):
        middle = (least + too_much) / 2
        if objective.missed_by(at_load(most, middle)) is None:
            least = middle
        else:
            too_much = middle
    return least
