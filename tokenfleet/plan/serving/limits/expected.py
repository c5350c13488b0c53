"""What is expected of a replica before it is planned: lengths of requests, drafts, adapters."""

from tokenfleet.estimate.features.adapters import Adapters
from tokenfleet.estimate.features.assumed import Features
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.gain import speculation_of
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.plan.serving.memory import adapter_slots
from tokenfleet.settings.models import ModelSettings, TrafficSettings
from tokenfleet.task import Task

# In 16 bits.
_BYTES = 2


def expected_shape(traffic: TrafficSettings, task: Task) -> RequestShape:
    """Mean lengths of what is asked of it; where answers are numbers nothing is kept of prompts."""
    is_text = task == "generate"
    return RequestShape(
        input_tokens=traffic.input_tokens,
        output_tokens=traffic.output_tokens if is_text else 0,
        cached_share=traffic.cached_share if is_text else 0.0,
    )


def expected_features(settings: ModelSettings, server: Server) -> Features:
    """What it does besides; whether alike requests meet on it is decided later, by the edge."""
    asked = settings.speculative
    return Features(
        speculation=speculation_of(
            server,
            method=asked.method,
            tokens=asked.tokens,
            accepted_share=asked.accepted_share,
        )
        if asked
        else None,
        adapters=adapters_of(server, len(settings.adapters)),
        gathered=settings.replicas.max == 1,
    )


def expected_saturation(
    settings: ModelSettings, traffic: TrafficSettings, server: Server, batch: BatchPlan
) -> Saturation:
    """What a replica with those steps serves at most of what is expected.

    Raises:
        CostError: when not one such request fits the KV cache.
    """
    return server.saturation(
        batch,
        expected_shape(traffic, settings.task or server.facts.task),
        features=expected_features(settings, server),
    )


def adapters_of(server: Server, count: int) -> Adapters | None:
    """So many adapters, as large as the budget has them on the mean."""
    one_gib = server.memory.adapters_gib / max(1, adapter_slots(count, server.kind))
    return Adapters(count=count, parameters=one_gib * 2**30 / _BYTES) if count else None
