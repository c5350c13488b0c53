"""What of a rank's memory a model takes, and how that is counted."""

from collections.abc import Sequence

from tokenfleet.plan.serving.memory import KvShare
from tokenfleet.plan.serving.model import ModelPlan


def memory_rows(model: ModelPlan) -> Sequence[tuple[str, str, str]]:
    """Name, GiB and reason of each part of it."""
    memory = model.memory
    adapters = f"{memory.adapters_gib:.2f} GiB"
    return [
        ("usable", f"{memory.usable_gib:.2f} GiB", f"of {memory.rank_gib:.2f}, {memory.ranks} x"),
        ("weights", f"{memory.weights_gib:.2f} GiB", "size of the files, shared by the ranks"),
        *(
            [("draft", f"{memory.draft_gib:.2f} GiB", "size of its files, shared too")]
            if memory.draft_gib
            else []
        ),
        *([("adapters", adapters, "all at once")] if memory.adapters_gib else []),
        ("runtime", f"{memory.runtime_gib:.2f} GiB", "what the engine needs beside both"),
        (
            "free" if memory.keeps_nothing else "KV cache",
            f"{memory.kv_gib:.2f} GiB",
            "what is left",
        ),
        (
            "one request",
            f"{memory.kv_one_request_gib:.2f} GiB",
            f"of {model.context_length:,} tokens: {memory.full_length_requests} such fit"
            if memory.full_length_requests is not None
            else "an encoder keeps nothing of it",
        ),
        *((_layers(share), f"{share.gib:.2f} GiB", share.arithmetic) for share in memory.kv_shares),
        *(
            [
                (
                    "in flight",
                    f"{memory.kv_in_flight_gib:.2f} GiB",
                    "besides: of windows while a prompt is read, copies of states, what pads blocks and groups",
                )
            ]
            if memory.kv_in_flight_gib
            else []
        ),
    ]


def _layers(share: KvShare) -> str:
    return f"{'draft: ' if share.of_draft else ''}{share.kind}, {share.layers} layers"
