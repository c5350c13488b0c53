"""The request that a replica must have answered before it is ready, and what clients may ask then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.settings.models import ModelSettings
from tokenfleet.task import Task

ROUTES: Mapping[Task, Sequence[str]] = {
    "generate": ["/v1/chat/completions", "/v1/completions", "/v1/responses"],
    "embed": ["/v1/embeddings", "/v1/rerank", "/v1/score"],
    "rerank": ["/v1/rerank", "/v1/score", "/classify"],
    "classify": ["/classify"],
}
"""What clients may call, as the pinned engine has it (vllm/entrypoints)."""


@dataclass(frozen=True, kw_only=True)
class WarmUpPlan:
    """What the startup probe asks for, and why."""

    kind: Literal["chat", "completion", "embed", "rerank", "classify"]
    reason: str


def plan_warm_up(settings: ModelSettings, facts: ModelFacts, task: Task) -> WarmUpPlan:
    """What clients ask. A chat, of every model that chats: it can fail where a completion does not.

    So it did with gpt-oss where engines could not fetch its vocabulary (vllm-project/vllm#22525).
    """
    if task != "generate":
        return WarmUpPlan(kind=task, reason="what clients ask: its answers are no text")
    if facts.chats or settings.chat_template:
        return WarmUpPlan(
            kind="chat",
            reason="what clients ask: template and vocabulary of chats are loaded by the first one",
        )
    return WarmUpPlan(
        kind="completion",
        reason="its tokenizer has no chat template, or none that lies beside configJson",
    )
