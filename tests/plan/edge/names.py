"""Two names that have all that names may have, and three clients."""

from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.served import Backend, ServedName, first_token_seconds
from tokenfleet.plan.serving.warm_up import ROUTES

NAMES = [
    ServedName(
        name="chat",
        adapters=["chat-law", "chat.sql"],
        task="generate",
        routes=ROUTES["generate"],
        backends=[
            Backend(
                model=model,
                host=f"vllm-{model}.serving.svc.cluster.local",
                port=8000,
                weight=slots,
                priority=priority,
                most_replicas=4,
                bound=slots + 8,
                engine_holds=True,
            )
            for model, slots, priority in (
                ("chat-l40s", 32, 0),
                ("chat-h100", 128, 0),
                ("chat-cpu", 8, 1),
            )
        ],
        affinity=AffinityPlan(kind="prefix", reason="shared prompts"),
        context_length=32768,
        retry_after_seconds=4,
        start_seconds=180,
        first_token_seconds=first_token_seconds(2000),
        guard=4 * (40 + 136 + 16),
    ),
    ServedName(
        name="vectors",
        adapters=[],
        task="embed",
        routes=ROUTES["embed"],
        backends=[
            Backend(
                model="vectors",
                host="vllm-vectors.serving.svc.cluster.local",
                port=8000,
                weight=16,
                priority=0,
                most_replicas=1,
                bound=20,
                engine_holds=False,
            )
        ],
        affinity=AffinityPlan(kind="least request", reason="nothing is shared"),
        context_length=8192,
        retry_after_seconds=2,
        start_seconds=60,
        first_token_seconds=first_token_seconds(100_000),
        guard=20,
    ),
]
CLIENTS = [
    ClientPlan(
        name="alice",
        models=None,
        requests_per_minute=None,
        tokens_per_minute=None,
        priority="interactive",
    ),
    ClientPlan(
        name="bob",
        models=["vectors", "chat-law"],
        requests_per_minute=60,
        tokens_per_minute=20_000,
        priority="interactive",
    ),
    ClientPlan(
        name="nightly",
        models=None,
        requests_per_minute=None,
        tokens_per_minute=None,
        priority="batch",
    ),
]
