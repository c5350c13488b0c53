"""How a replica drafts tokens that its model then verifies."""

import json
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.serving.engine import MODELS_PATH
from tokenfleet.plan.serving.in_flight import requests_in_flight
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.speculation import SpeculativeMethod, SpeculativeSettings
from tokenfleet.weights.layout import files_folder, snapshot_of

MOST_IN_FLIGHT = 64
"""Requests at once from which on verifying drafts takes longer than it saves (docs/numbers-you-may-have-read.md)."""


@dataclass(frozen=True, kw_only=True)
class SpeculationPlan:
    """How tokens are drafted, and how many requests share the steps that verify them."""

    method: SpeculativeMethod
    tokens: int
    draft: str | None
    """The snapshot of the model that drafts, where another one does."""
    draft_gb: float
    """What of it a node fetches, 10^9 bytes."""
    in_flight: float | None
    """Requests at once on each of the fewest replicas; None where no traffic is given."""
    config: str
    """What the engine is told, as JSON."""


def plan_speculation(
    settings: ModelSettings,
    facts: ModelFacts,
    memory: MemoryBudget,
    *,
    hardware: Hardware,
    kind: InstanceType,
    most: int,
) -> SpeculationPlan | None:
    """Decide it for a replica on an instance of that type; ``most`` requests run at once."""
    asked = settings.speculative
    if asked is None:
        return None
    traffic = settings.traffic
    return SpeculationPlan(
        method=asked.method,
        tokens=asked.tokens,
        draft=draft_snapshot(asked),
        draft_gb=facts.draft.weights_bytes / 1e9 if facts.draft else 0.0,
        in_flight=requests_in_flight(
            facts,
            memory,
            traffic,
            hardware=hardware,
            kind=kind,
            replicas=settings.replicas.min,
            most=most,
        )
        if traffic
        else None,
        config=json.dumps(_config(asked), separators=(",", ":")),
    )


def in_flight(found: SpeculationPlan) -> str:
    """How many requests share a step, and up to how many of them drafting may pay, in words."""
    if found.in_flight is None:
        return f"without traffic nobody knows whether it pays: above {MOST_IN_FLIGHT} in flight it does not"
    return (
        f"about {found.in_flight:,.0f} requests in flight on a replica, of at most {MOST_IN_FLIGHT}"
    )


def draft_snapshot(asked: SpeculativeSettings) -> str | None:
    """The published revision that drafts, None where the model does it by itself."""
    draft = asked.draft
    return snapshot_of(draft.hugging_face_id, draft.revision) if draft else None


def _config(asked: SpeculativeSettings) -> dict[str, str | int]:
    """The keys of vLLM's SpeculativeConfig; the draft is a folder, as all else a replica loads."""
    config: dict[str, str | int] = {
        "method": asked.method,
        "num_speculative_tokens": asked.tokens,
    }
    if snapshot := draft_snapshot(asked):
        config["model"] = files_folder(MODELS_PATH, snapshot)
    return config
