"""What a request passes through: its key, its size, its model, its limits."""

import json
from collections.abc import Sequence
from importlib.resources import files

from tokenfleet.plan.edge.envoy.balancing import affinity_filters, affinity_keys
from tokenfleet.plan.edge.envoy.extension import Json, extension, typed
from tokenfleet.plan.edge.envoy.limits import limit_filters
from tokenfleet.plan.edge.envoy.metadata import (
    ANSWERS,
    CLIENT_HEADER,
    CLIENT_STATE,
    MAX_TOKENS,
    MODEL,
    NO_MODEL_VALUE,
    NOT_JSON_VALUE,
    STREAM,
    kept,
)
from tokenfleet.plan.edge.envoy.replies import AT_CAPACITY, RETRY_AFTER, UNAVAILABLE, Reply, header
from tokenfleet.plan.edge.served import ServedName

_HTTP = "envoy.extensions.filters.http"
KEYS_FILTER = "envoy.filters.http.api_key_auth"


def filters(names: Sequence[ServedName], *, max_request_mib: int) -> Sequence[Json]:
    """In the order in which they see a request."""
    script = (files("tokenfleet") / "userdata" / "bearer_key.lua").read_text(encoding="utf-8")
    return [
        # Should it fail, the next filter finds a key as before, or none.
        extension(
            "keys.lua",
            f"{_HTTP}.lua.v3.Lua",
            default_source_code={"inline_string": script},
            clear_route_cache=False,
        ),
        # Keys are in the routes, which are read anew without a listener that drains.
        extension(
            KEYS_FILTER,
            f"{_HTTP}.api_key_auth.v3.ApiKeyAuth",
            key_sources=[{"header": "authorization"}],
            forwarding=forwarding(),
        ),
        # The name outlives the header, and routes are chosen anew by it.
        extension(
            "envoy.filters.http.set_filter_state",
            f"{_HTTP}.set_filter_state.v3.Config",
            on_request_headers=[
                {
                    "object_key": CLIENT_STATE,
                    "factory_key": "envoy.string",
                    "format_string": {
                        "text_format_source": {
                            "inline_string": f"%REQ({CLIENT_HEADER})%",
                        }
                    },
                }
            ],
            clear_route_cache=True,
        ),
        # The whole body in hand: its size is bounded, and it can be sent once more.
        extension(
            "envoy.filters.http.buffer",
            f"{_HTTP}.buffer.v3.Buffer",
            max_request_bytes=max_request_mib * 2**20,
        ),
        extension(
            "envoy.filters.http.json_to_metadata",
            f"{_HTTP}.json_to_metadata.v3.JsonToMetadata",
            request_rules=_read_of_bodies(names),
        ),
        *limit_filters(),
        _for_clients(),
        *affinity_filters(names),
        extension(
            "envoy.filters.http.router", f"{_HTTP}.router.v3.Router", suppress_envoy_headers=True
        ),
    ]


def forwarding() -> Json:
    """The key ends here and the client's name goes on.

    To be said (edge.md, trap 1) in the filter and in the routes, which take nothing over from it.
    """
    return {"header": CLIENT_HEADER, "hide_credentials": True}


def _read_of_bodies(names: Sequence[ServedName]) -> Json:
    """What routes are chosen by, and what is logged; engines judge all else themselves.

    Numbers may come as strings, true is 1, and what is no number is left out (edge.md, trap 13). A body
    above 1,000 levels is no JSON here.
    """
    model = {
        "selectors": [{"key": "model"}],
        "on_present": kept(MODEL),
        "on_missing": kept(MODEL, value=NO_MODEL_VALUE),
        "on_error": kept(MODEL, value=NOT_JSON_VALUE),
    }
    numbers = {
        ANSWERS: ANSWERS,
        **dict.fromkeys(("max_tokens", "max_completion_tokens", "max_output_tokens"), MAX_TOKENS),
    }
    return {
        "allow_content_types_regex": {"regex": "(?i)application/json *(;.*)?"},
        "rules": [
            model,
            {"selectors": [{"key": STREAM}], "on_present": kept(STREAM)},
            *(
                {"selectors": [{"key": field}], "on_present": kept(key, type="NUMBER")}
                for field, key in numbers.items()
            ),
            *(
                {"selectors": [{"key": field}], "on_present": kept(key, type="STRING")}
                for field, key in affinity_keys(names).items()
            ),
        ],
    }


def _for_clients() -> Json:
    """What engines say to the edge, not to clients: each such answer becomes one of the edge's own.

    503: the engine is full, and says nothing of when to come back. 401: it does not know the
    edge's key, which is no fault of the client's.
    """
    return extension(
        "envoy.filters.http.custom_response",
        f"{_HTTP}.custom_response.v3.CustomResponse",
        custom_response_matcher={
            "matcher_list": {
                "matchers": [
                    _answered_instead(503, AT_CAPACITY),
                    _answered_instead(401, UNAVAILABLE),
                ]
            }
        },
    )


def _answered_instead(status: int, reply: Reply) -> Json:
    policy = "envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy"
    headers = {"retry-after": RETRY_AFTER, "content-type": "application/json"}
    answer = typed(
        policy,
        status_code=reply.status,
        body={"inline_string": json.dumps(reply.body)},
        response_headers_to_add=[header(name, value) for name, value in headers.items()],
    )
    from_engine = [
        _matched("HttpResponseStatusCodeMatchInput", str(status)),
        _matched("HttpResponseLocalReplyMatchInput", "false"),
    ]
    return {
        "predicate": {"and_matcher": {"predicate": from_engine}},
        "on_match": {"action": {"name": reply.code, "typed_config": answer}},
    }


def _matched(kind: str, value: str) -> Json:
    found = extension(kind, f"envoy.type.matcher.v3.{kind}")
    return {"single_predicate": {"input": found, "value_match": {"exact": value}}}
