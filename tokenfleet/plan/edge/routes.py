"""Which request goes where: keys, models, limits. Read anew whenever it changes."""

import json
import re
from collections.abc import Mapping, Sequence

from tokenfleet.plan.edge.balancing import affinity_per_filter
from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.extension import Json, typed
from tokenfleet.plan.edge.filters import (
    CLIENT_HEADER,
    KEYS_FILTER,
    METADATA,
    NO_MODEL_VALUE,
    NOT_JSON_VALUE,
    forwarding,
)
from tokenfleet.plan.edge.limits import limits
from tokenfleet.plan.edge.listener import IDLE_SECONDS, ROUTES_NAME
from tokenfleet.plan.edge.replies import (
    FORBIDDEN,
    NO_MODEL,
    NOT_JSON,
    ROUTE_METADATA,
    UNKNOWN_MODEL,
    UNKNOWN_PATH,
    answered,
    direct,
    header,
)
from tokenfleet.plan.edge.served import ServedName

MODELS_ROUTE = "/v1/models"
_LEAST_RETRIES, _MOST_RETRIES = 2, 7
_POST, _GET = ({"name": ":method", "string_match": {"exact": verb}} for verb in ("POST", "GET"))


def routes(
    names: Sequence[ServedName],
    clients: Sequence[ClientPlan],
    keys: Mapping[str, Sequence[str]],
    engine_key: str,
) -> Json:
    """The file that Envoy watches; ``keys`` are by the client's name."""
    credentials = [
        {"key": key, "client": client} for client, given in keys.items() for key in given
    ]
    authentication = typed(
        "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute",
        credentials=credentials,
        forwarding=forwarding(),
    )
    every = sorted({route for name in names for route in name.routes})
    found = {
        "name": "edge",
        "domains": ["*"],
        "typed_per_filter_config": {KEYS_FILTER: authentication, **limits(clients)},
        "routes": [
            *_lists(names, clients),
            *_forbidden(names, clients, every),
            *(route for name in names for route in _model(name, clients, engine_key)),
            _refused(every, direct(NOT_JSON), _model_is(NOT_JSON_VALUE)),
            _refused(every, direct(NO_MODEL), _model_is(NO_MODEL_VALUE)),
            _refused(every, direct(UNKNOWN_MODEL)),
            {"match": {"prefix": "/"}, **direct(UNKNOWN_PATH)},
        ],
    }
    kind = "envoy.config.route.v3.RouteConfiguration"
    document = typed(
        kind,
        name=ROUTES_NAME,
        virtual_hosts=[found],
        # Else an unknown one is taken and answers 503. A pod that does not have a new model yet
        # keeps what it has.
        validate_clusters=True,
        request_headers_to_remove=[CLIENT_HEADER, "x-envoy-internal", "x-envoy-external-address"],
        response_headers_to_remove=["server"],
    )
    return {"resources": [document]}


def _model(name: ServedName, clients: Sequence[ClientPlan], engine_key: str) -> Sequence[Json]:
    """One route for the clients that shed first, one for the others."""
    batch = [client.name for client in clients if client.priority == "batch"]
    return [
        {
            "name": name.name,
            "metadata": {
                "filter_metadata": {
                    ROUTE_METADATA: {
                        "retry_after": str(name.retry_after_seconds),
                        "start_seconds": str(name.start_seconds),
                    }
                }
            },
            "match": {
                **_paths(name.routes),
                "headers": [_POST, *([_client_is(batch)] if priority == "DEFAULT" else [])],
                "dynamic_metadata": [_model_is(*name.models)],
            },
            "typed_per_filter_config": affinity_per_filter(name.affinity),
            "request_headers_to_add": [header("authorization", f"Bearer {engine_key}")],
            "route": {
                "cluster": name.name,
                "priority": priority,
                # A stream may be long: what bounds it is the time without a byte.
                "timeout": "0s",
                "idle_timeout": f"{IDLE_SECONDS}s",
                "retry_policy": _retries(name),
            },
        }
        for priority in (["DEFAULT", "HIGH"] if batch else ["HIGH"])
    ]


def _retries(name: ServedName) -> Json:
    """Elsewhere, and only before the headers of an answer (trap 7: `reset`, not the other one).

    Every replica is asked before a request is refused, so that none is that would have fit: with
    two tries more, one or two of 64 were that filled eight replicas (tests/edge/test_bounds.py). Of
    more than eight a few are asked, for a refusal is to come soon.
    """
    replicas = sum(backend.most_replicas for backend in name.backends)
    previous = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    return {
        "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
        # 500: so vLLM answers while it drains. 503: it is full.
        "retriable_status_codes": [500, 503],
        "per_try_idle_timeout": "60s",
        "num_retries": max(_LEAST_RETRIES, min(_MOST_RETRIES, replicas - 1)),
        "host_selection_retry_max_attempts": 20,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": typed(previous),
            }
        ],
        # Another replica need not be spared: what was wrong is wrong with the one that was left.
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.05s"},
    }


def _lists(names: Sequence[ServedName], clients: Sequence[ClientPlan]) -> Sequence[Json]:
    """What a client may use, as OpenAI lists it."""
    restricted = [client for client in clients if client.models is not None]
    return [
        *(
            {
                "match": {"path": MODELS_ROUTE, "headers": [_GET, _client_is([client.name])]},
                **answered(200, _listed([n for n in names if n.name in (client.models or ())])),
            }
            for client in restricted
        ),
        {"match": {"path": MODELS_ROUTE, "headers": [_GET]}, **answered(200, _listed(names))},
    ]


def _listed(names: Sequence[ServedName]) -> str:
    data = [
        {
            "id": name.name,
            "object": "model",
            "created": 0,
            "owned_by": "tokenfleet",
            "max_model_len": name.context_length,
        }
        for name in names
    ]
    return json.dumps({"object": "list", "data": data})


def _forbidden(
    names: Sequence[ServedName], clients: Sequence[ClientPlan], paths: Sequence[str]
) -> Sequence[Json]:
    return [
        {
            "match": {
                **_paths(paths),
                "headers": [_POST, _client_is([client.name])],
                "dynamic_metadata": [_model_is(model)],
            },
            **direct(FORBIDDEN),
        }
        for client in clients
        if client.models is not None
        for name in names
        for model in name.models
        if model not in client.models
    ]


def _refused(paths: Sequence[str], answer: Json, *metadata: Json) -> Json:
    match = {**_paths(paths), "headers": [_POST], "dynamic_metadata": list(metadata)}
    return {"match": match, **answer}


def _paths(paths: Sequence[str]) -> Json:
    return {"safe_regex": {"regex": "|".join(re.escape(path) for path in paths)}}


def _client_is(clients: Sequence[str]) -> Json:
    names = "|".join(re.escape(client) for client in clients)
    return {"name": CLIENT_HEADER, "string_match": {"safe_regex": {"regex": names}}}


def _model_is(*models: str) -> Json:
    values = [{"string_match": {"exact": model}} for model in models]
    return {
        "filter": METADATA,
        "path": [{"key": "model"}],
        "value": {"or_match": {"value_matchers": values}} if len(values) > 1 else values[0],
    }
