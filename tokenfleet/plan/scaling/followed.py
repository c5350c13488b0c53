"""A model whose replicas follow the load: what the rules, the scraper and the autoscaler need of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.serving.model import ModelPlan


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What is asked about it, by its name and by the one that clients use.

    ``answer_seconds`` is what a mean answer takes, before any has been measured. ``keeps_kv``:
    whether its requests fill a KV cache.
    """

    model: str
    served_name: str
    policy: ScalingPolicy
    answer_seconds: float
    keeps_kv: bool

    @property
    def deployment(self) -> str:
        """Of that name are its Deployment, its Service and what scales it."""
        return f"vllm-{self.model}"

    @property
    def job(self) -> str:
        """Of the scraper: one a model."""
        return self.deployment

    @property
    def here(self) -> str:
        """The selector of its own series."""
        return f'{{model="{self.model}"}}'

    def at_edge(self, *more: str) -> str:
        """The selector of the edge's series about its served name."""
        return "{" + ", ".join([f'envoy_cluster_name="{self.served_name}"', *more]) + "}"


def followed_models(models: Sequence[ModelPlan]) -> Sequence[Followed]:
    """Those that are published and have room between both bounds."""
    return [
        Followed(
            model=model.name,
            served_name=model.served_as,
            policy=model.scaling,
            answer_seconds=model.admission.answer_seconds or model.objective.ttft_p99_ms / 1000,
            keeps_kv=not model.memory.keeps_nothing,
        )
        for model in models
        if model.follows_load
    ]
