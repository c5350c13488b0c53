"""The list of models, which the edge itself answers: to each client those that it may use."""

import json
from collections.abc import Sequence

from tokenfleet.plan.edge.clients import ClientPlan, clients_by_models
from tokenfleet.plan.edge.envoy.extension import Json
from tokenfleet.plan.edge.envoy.matches import GET, MODELS_PATH, client_is
from tokenfleet.plan.edge.envoy.replies import answered
from tokenfleet.plan.edge.served import ServedName


def model_lists(names: Sequence[ServedName], clients: Sequence[ClientPlan]) -> Sequence[Json]:
    """Routes that answer as OpenAI does, with the context's length as vLLM tells it."""
    return [
        *(
            _listed(names, models, client_is(sharing))
            for models, sharing in clients_by_models(clients).items()
        ),
        _listed(names, None),
    ]


def _listed(names: Sequence[ServedName], allowed: Sequence[str] | None, *headers: Json) -> Json:
    data = [
        {
            "id": model,
            "object": "model",
            "created": 0,
            "owned_by": "tokenfleet",
            "parent": None if model == name.name else name.name,
            "max_model_len": name.context_length,
        }
        for name in names
        for model in name.models
        if allowed is None or model in allowed
    ]
    return {
        "match": {"path": MODELS_PATH, "headers": [GET, *headers]},
        **answered(200, json.dumps({"object": "list", "data": data})),
    }
