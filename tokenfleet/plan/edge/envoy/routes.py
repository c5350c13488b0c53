"""Which request goes where: keys, models, limits. Read anew whenever it changes."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.edge.clients import ClientPlan, clients_by_models
from tokenfleet.plan.edge.envoy.extension import Json, typed
from tokenfleet.plan.edge.envoy.files import ROUTES_NAME
from tokenfleet.plan.edge.envoy.filters import KEYS_FILTER, forwarding
from tokenfleet.plan.edge.envoy.limits import limits
from tokenfleet.plan.edge.envoy.lists import model_lists
from tokenfleet.plan.edge.envoy.matches import POST, client_is, model_is, paths
from tokenfleet.plan.edge.envoy.metadata import CLIENT_HEADER, NO_MODEL_VALUE, NOT_JSON_VALUE
from tokenfleet.plan.edge.envoy.model_routes import model_routes
from tokenfleet.plan.edge.envoy.replies import (
    FORBIDDEN,
    NO_MODEL,
    NOT_JSON,
    UNKNOWN_MODEL,
    UNKNOWN_PATH,
    WRONG_ROUTE,
    Reply,
    direct,
)
from tokenfleet.plan.edge.served import ServedName


def routes(
    names: Sequence[ServedName],
    clients: Sequence[ClientPlan],
    keys: Mapping[str, Sequence[str]],
    engine_key: str,
) -> Json:
    """The file that Envoy watches; ``keys`` are by the client's name."""
    found = typed(
        "envoy.config.route.v3.RouteConfiguration",
        name=ROUTES_NAME,
        virtual_hosts=[
            {
                "name": ROUTES_NAME,
                "domains": ["*"],
                "typed_per_filter_config": {KEYS_FILTER: _authentication(keys), **limits(clients)},
                "routes": _routes(names, clients, engine_key),
            }
        ],
        # Else a route to an unknown one is taken and answers 503. So a pod that is older than a
        # model keeps the routes it has.
        validate_clusters=True,
        # Else 4,096, of which each name in the list of models takes 130. A Secret holds no more than that.
        max_direct_response_body_size_bytes=2**20,
        request_headers_to_remove=[
            CLIENT_HEADER,
            "x-envoy-internal",
            "x-envoy-external-address",
            # No engine reads them, and a client may have its key in them for another's sake.
            *("api-key", "cookie", "proxy-authorization", "x-api-key"),
        ],
        response_headers_to_remove=["server"],
    )
    return {"resources": [found]}


def _authentication(keys: Mapping[str, Sequence[str]]) -> Json:
    """Several keys a client. Envoy looks a key up in a hash map, not in constant time (edge.md, trap 12)."""
    return typed(
        "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute",
        credentials=[
            {"key": key, "client": client} for client, given in keys.items() for key in given
        ],
        forwarding=forwarding(),
    )


def _routes(
    names: Sequence[ServedName], clients: Sequence[ClientPlan], engine_key: str
) -> Sequence[Json]:
    """The first that fits counts."""
    open_paths = sorted({route for name in names for route in name.routes})
    known = [model for name in names for model in name.models]
    return [
        *model_lists(names, clients),
        *(
            _refused(open_paths, FORBIDDEN, model_is(*others), clients=sharing)
            for models, sharing in clients_by_models(clients).items()
            if (others := [model for model in known if model not in models])
        ),
        *(route for name in names for route in model_routes(name, clients, engine_key)),
        _refused(open_paths, NOT_JSON, model_is(NOT_JSON_VALUE)),
        _refused(open_paths, NO_MODEL, model_is(NO_MODEL_VALUE)),
        *([_refused(open_paths, WRONG_ROUTE, model_is(*known))] if known else []),
        *([_refused(open_paths, UNKNOWN_MODEL)] if known else []),
        {"match": {"prefix": "/"}, **direct(UNKNOWN_PATH)},
    ]


def _refused(
    open_paths: Sequence[str], reply: Reply, *metadata: Json, clients: Sequence[str] = ()
) -> Json:
    return {
        "match": {
            **paths(open_paths),
            "headers": [POST, *([client_is(clients)] if clients else [])],
            "dynamic_metadata": list(metadata),
        },
        **direct(reply),
    }
