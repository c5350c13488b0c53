"""The routes of one model: to its replicas, and again to others while nothing was answered."""

from collections.abc import Sequence
from itertools import product

from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.envoy.balancing import affinity_per_filter
from tokenfleet.plan.edge.envoy.extension import Json, extension
from tokenfleet.plan.edge.envoy.listener import IDLE_SECONDS
from tokenfleet.plan.edge.envoy.matches import POST, client_is, model_is, paths
from tokenfleet.plan.edge.envoy.metadata import ANSWERS, PRIORITY_HEADER, STREAM, matching
from tokenfleet.plan.edge.envoy.replies import ROUTE_METADATA, TOO_MANY_ANSWERS, direct, header
from tokenfleet.plan.edge.served import ServedName

# Of 20 bursts of 64 requests that just fit into 8 replicas none had one refused with 7 retries; with 3
# none through one pod of the edge, 11 through two, of which each sees its own alone (2026-11-30). Envoy
# counts tries whatever they ended by: a request that breaks its engine breaks as many.
_LEAST_RETRIES, _MOST_RETRIES = 2, 7
# To find a replica of two that was not asked, by four at random each time: 0.94^200.
_SELECTIONS = 200


def model_routes(
    name: ServedName, clients: Sequence[ClientPlan], engine_key: str
) -> Sequence[Json]:
    """``batch`` clients have the default priority, whose share of the guard is smaller.

    Replicas are told, and refuse them while there are places for others (``userdata/engine_front.py``).
    """
    batch = [client.name for client in clients if client.priority == "batch"]
    return [
        *_too_many_answers(name),
        *(
            {
                "name": name.name,
                "match": {
                    **paths(name.routes),
                    "headers": [POST, *([client_is(batch)] if priority == "DEFAULT" else [])],
                    "dynamic_metadata": [
                        model_is(*name.models),
                        *([matching(STREAM, {"bool_match": True})] if streamed else []),
                    ],
                },
                "metadata": _told(name),
                "typed_per_filter_config": affinity_per_filter(name.affinity),
                "request_headers_to_add": [
                    header("authorization", "Bearer " + engine_key.replace("%", "%%")),
                    *([header(PRIORITY_HEADER, "batch")] if priority == "DEFAULT" else []),
                ],
                "route": {
                    "cluster": name.name,
                    "priority": priority,
                    # However long: what bounds an answer is the time without a byte of it.
                    "timeout": "0s",
                    "idle_timeout": f"{IDLE_SECONDS}s",
                    "retry_policy": _retries(name, streamed=streamed),
                },
            }
            for priority, streamed in product(
                ["DEFAULT", "HIGH"] if batch else ["HIGH"],
                [True, False] if name.task == "generate" else [False],
            )
        ),
    ]


def _told(name: ServedName) -> Json:
    """For answers of the edge's own about this model."""
    seconds = {
        "retry_after": str(name.retry_after_seconds),
        "start_seconds": str(name.start_seconds),
    }
    return {"filter_metadata": {ROUTE_METADATA: seconds}}


def _too_many_answers(name: ServedName) -> Sequence[Json]:
    """An engine counts each answer, so it would refuse more than its bound for ever."""
    bounds = [backend.bound for backend in name.backends if backend.engine_holds]
    if not bounds:
        return []
    more = {"double_match": {"range": {"start": max(bounds) + 1, "end": 1e308}}}
    match = {
        **paths(name.routes),
        "headers": [POST],
        "dynamic_metadata": [model_is(*name.models), matching(ANSWERS, more)],
    }
    return [{"match": match, **direct(TOO_MANY_ANSWERS)}]


def _retries(name: ServedName, *, streamed: bool) -> Json:
    """Elsewhere, and only before the headers of an answer (edge.md, trap 7: not `reset-before-request`).

    As often as there are other replicas, within reason: the request may fit into the last one
    alone. Headers of a stream come with its first token (``userdata/engine_front.py``); what is not
    streamed has none, so nothing but its end tells it from an engine that hangs.
    """
    others = sum(backend.most_replicas for backend in name.backends) - 1
    waits = name.first_token_seconds if streamed else IDLE_SECONDS
    previous = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    return {
        "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
        # 500: so vLLM answers while it drains. 503: it is full.
        "retriable_status_codes": [500, 503],
        "per_try_idle_timeout": f"{waits}s",
        "num_retries": min(max(others, _LEAST_RETRIES), _MOST_RETRIES),
        "host_selection_retry_max_attempts": _SELECTIONS,
        "retry_host_predicate": [extension("envoy.retry_host_predicates.previous_hosts", previous)],
        **_elsewhere(name),
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.05s"},
    }


def _elsewhere(name: ServedName) -> Json:
    """After two replicas of the first choice, those that serve only in its place."""
    if len({backend.priority for backend in name.backends}) == 1:
        return {}
    kind = "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
    return {
        "retry_priority": extension(
            "envoy.retry_priorities.previous_priorities", kind, update_frequency=2
        )
    }
