"""What clients call by one name, from the models of a stack."""

import math
from collections.abc import Sequence
from itertools import groupby

from tokenfleet.plan.edge.affinity import plan_affinity
from tokenfleet.plan.edge.served import Backend, ServedName, first_token_seconds
from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.serving.engine.process import PORT
from tokenfleet.plan.serving.model import ModelPlan

# That of EKS: nothing there sets another.
_CLUSTER_DOMAIN = "cluster.local"


def plan_names(models: Sequence[ModelPlan]) -> Sequence[ServedName]:
    """Every name, in order; of those that share one, the first to serve stand first."""
    ordered = sorted(models, key=lambda model: (model.served_as, model.fallback, model.name))
    return [
        _served(name, list(sharing))
        for name, sharing in groupby(ordered, key=lambda model: model.served_as)
    ]


def _served(name: str, models: Sequence[ModelPlan]) -> ServedName:
    first = models[0]
    # Envoy wants priorities without gaps.
    priorities = sorted({model.fallback for model in models})
    return ServedName(
        name=name,
        adapters=sorted(first.adapters),
        task=first.task,
        routes=first.routes,
        backends=[
            Backend(
                model=model.name,
                host=f"vllm-{model.name}.{MODEL_READER.namespace}.svc.{_CLUSTER_DOMAIN}",
                port=PORT,
                weight=model.admission.slots,
                priority=priorities.index(model.fallback),
                most_replicas=model.max_replicas,
                bound=model.admission.bound,
                engine_holds=model.admission.engine_holds,
            )
            for model in models
        ],
        affinity=plan_affinity(
            task=first.task,
            prefix_caching=any(a.flag == "enable-prefix-caching" for a in first.arguments),
            cached_share=max(m.traffic.cached_share if m.traffic else 0.0 for m in models),
            most_replicas=sum(model.max_replicas for model in models),
        ),
        context_length=first.context_length,
        retry_after_seconds=max(model.admission.retry_after_seconds for model in models),
        first_token_seconds=first_token_seconds(max(m.objective.ttft_p99_ms for m in models)),
        # The soonest: a client that comes back too early is only told again.
        start_seconds=math.ceil(min(model.cold_start.total.expected for model in models)),
        guard=sum(model.max_replicas * model.admission.bound for model in models),
    )
