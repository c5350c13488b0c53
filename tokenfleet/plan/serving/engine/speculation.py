"""How a replica drafts tokens that its model then verifies."""

import json
from dataclasses import dataclass

from tokenfleet.counted import count
from tokenfleet.estimate.quantiles import Quantiles
from tokenfleet.plan.serving.engine.process import MODELS_PATH
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.gain import compared, speculation_of
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.speculation import SpeculativeMethod, SpeculativeSettings
from tokenfleet.weights.layout import files_folder, snapshot_of


@dataclass(frozen=True, kw_only=True)
class SpeculationPlan:
    """How tokens are drafted, and what a step keeps of them."""

    method: SpeculativeMethod
    tokens: int
    accepted_share: float | None
    """Of the drafted tokens, as somebody measured it."""
    kept: Quantiles
    """Tokens that a step gives each request, its own among them."""
    draft: str | None
    """The snapshot of the model that drafts, where another one does."""
    draft_gb: float
    """What of it a node fetches, 10^9 bytes."""
    in_flight: float | None
    """Requests at once on each of the fewest replicas; None where no traffic is given."""
    times_as_soon: Quantiles | None
    """How much sooner a token then comes than without drafts; below 1 it comes later."""
    config: str
    """What the engine is told, as JSON."""


def plan_speculation(
    settings: ModelSettings, server: Server, batch: BatchPlan
) -> SpeculationPlan | None:
    """Decide it for a replica whose steps are of ``batch``."""
    asked, traffic = settings.speculative, settings.traffic
    if asked is None:
        return None
    found = speculation_of(
        server,
        method=asked.method,
        tokens=asked.tokens,
        accepted_share=asked.accepted_share,
    )
    gain = (
        compared(found, server, batch, traffic).gain(max(1, settings.replicas.min))
        if traffic
        else None
    )
    draft = server.facts.draft
    return SpeculationPlan(
        method=asked.method,
        tokens=asked.tokens,
        accepted_share=asked.accepted_share,
        kept=found.kept,
        draft=draft_snapshot(asked),
        draft_gb=draft.weights_bytes / 1e9 if draft else 0.0,
        in_flight=gain and gain.in_flight,
        times_as_soon=gain and gain.times_as_soon,
        config=json.dumps(_config(asked), separators=(",", ":")),
    )


def kept(found: SpeculationPlan) -> str:
    """What a step keeps and who says so, in words."""
    if found.accepted_share is not None:
        return f"{found.kept.p50:.1f} tokens, by acceptedShare {found.accepted_share:g}"
    low, high = found.kept.p10, found.kept.p90
    return f"{found.kept.p50:.1f} tokens ({low:.1f} to {high:.1f} unless acceptedShare is given)"


def gained(found: SpeculationPlan) -> str:
    """How much sooner or later a token comes, in words."""
    if found.times_as_soon is None or found.in_flight is None:
        return "without traffic nobody knows whether it pays"
    times, requests = found.times_as_soon, count(max(1, round(found.in_flight)), "request")
    ranged = f" ({times.p10:.2f} to {times.p90:.2f})" if times.width > 1 else ""
    later = ", which is later" if times.p50 < 1 else ""
    return f"a token comes {times.p50:.2f} times as soon{ranged}{later}, with {requests} in flight"


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
