"""Which hardware should serve this? The question: a model, its load, its promise, and how to buy."""

from dataclasses import dataclass

from tokenfleet.catalogue.machines.hardware import Hardware
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.estimate.load.carried import Objective
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.traffic import Arrivals, RequestShape
from tokenfleet.plan.serving.limits.server import Server, server_on
from tokenfleet.plan.serving.memory import MemoryUse


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

    def server_on(self, hardware: Hardware, kind: InstanceType) -> Server:
        """As a stack would serve the model there without further settings."""
        use = MemoryUse(context_length=self.context_length)
        return server_on(self.facts, use, hardware, kind)

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
