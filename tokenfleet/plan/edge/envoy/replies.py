"""What the edge itself answers, in the shape that OpenAI's clients read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.plan.edge.envoy.extension import Json, extension
from tokenfleet.plan.edge.envoy.limits import REQUESTS_STATUS, TOKENS_STATUS


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An error: ``kind`` and ``code`` are OpenAI's where it has one."""

    status: int
    message: str
    kind: str
    code: str
    param: str | None = None

    @property
    def body(self) -> Mapping[str, object]:
        """As OpenAI answers."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}


ROUTE_METADATA = "edge"
RETRY_AFTER, START_SECONDS = (
    f"%METADATA(ROUTE:{ROUTE_METADATA}:{key})%" for key in ("retry_after", "start_seconds")
)
"""What the route of a model knows of it, as headers of answers put it."""
# Where the edge has no memory left, and no route yet. Bodies are gone within a second; streams that
# hold memory last longer.
_OVERLOADED_SECONDS = "5"
_INVALID = "invalid_request_error"
AT_CAPACITY = Reply(
    status=429,
    message="The model is at capacity, retry later.",
    kind="overloaded_error",
    code="at_capacity",
)
REQUESTS_LIMITED = Reply(
    status=429,
    message="This client made all the requests that it may make in a minute.",
    kind="requests",
    code="rate_limit_exceeded",
)
TOKENS_LIMITED = Reply(
    status=429,
    message="This client asked for all the tokens that it may ask for in a minute.",
    kind="tokens",
    code="rate_limit_exceeded",
)
NO_REPLICA = Reply(
    status=503,
    message="No replica of the model is ready.",
    kind="server_error",
    code="no_replica",
)
UNAVAILABLE = Reply(
    status=503,
    message="The request could not be taken now, retry later.",
    kind="server_error",
    code="unavailable",
)
UNAUTHENTICATED = Reply(
    status=401,
    message="Incorrect API key provided.",
    kind="authentication_error",
    code="invalid_api_key",
)
FORBIDDEN = Reply(
    status=403,
    message="This client may not use this model.",
    kind="permission_error",
    code="model_not_allowed",
)
TOO_SLOW = Reply(
    status=408,
    message="The request was not received in time.",
    kind=_INVALID,
    code="request_timeout",
)
TOO_LARGE = Reply(
    status=413, message="Request body too large.", kind=_INVALID, code="request_too_large"
)
NOT_JSON = Reply(
    status=400,
    message=(
        "The body must be a JSON object sent as application/json: UTF-8 without halves of surrogate "
        "pairs, without NaN, and no more than 1,000 levels deep."
    ),
    kind=_INVALID,
    code="invalid_json",
)
NO_MODEL = Reply(
    status=400,
    message="You must provide a model parameter.",
    kind=_INVALID,
    param="model",
    code="missing_model",
)
TOO_MANY_ANSWERS = Reply(
    status=400,
    message="n is larger than the number of requests that a replica of this model takes in.",
    kind=_INVALID,
    param="n",
    code="too_many_answers",
)
WRONG_ROUTE = Reply(
    status=404,
    message="The model does not answer on this path.",
    kind=_INVALID,
    param="model",
    code="wrong_path_for_model",
)
UNKNOWN_MODEL = Reply(
    status=404,
    message="The model does not exist or you do not have access to it.",
    kind=_INVALID,
    param="model",
    code="model_not_found",
)
UNKNOWN_PATH = Reply(status=404, message="Unknown path.", kind=_INVALID, code="not_found")

# By status, where Envoy itself gives up.
_OTHERS: Sequence[Reply] = [
    UNAUTHENTICATED,
    TOO_SLOW,
    TOO_LARGE,
    Reply(status=500, message="Internal error.", kind="server_error", code="internal_error"),
    Reply(
        status=502,
        message="The replica broke the connection.",
        kind="server_error",
        code="bad_gateway",
    ),
    UNAVAILABLE,
    Reply(
        status=504,
        message="The replica did not answer in time.",
        kind="server_error",
        code="timeout",
    ),
]
# Of HTTP itself: before there is a route, with a reason of Envoy's own or a body of plain text. Routes
# and scripts of ours answer with the same statuses, and in the shape that clients read.
_NOT_OURS = "!(response.code_details in ['direct_response', 'lua_response'])"
_UNREADABLE: Sequence[Reply] = [
    Reply(status=400, message="Not a valid HTTP request.", kind=_INVALID, code="bad_request"),
    Reply(status=403, message="No upgrade of a connection.", kind=_INVALID, code="upgrade_refused"),
    Reply(status=426, message="HTTP/1.1 is needed.", kind=_INVALID, code="upgrade_required"),
    Reply(
        status=431, message="Request headers too large.", kind=_INVALID, code="headers_too_large"
    ),
    Reply(
        status=501,
        message="Not an HTTP request of a form that is served.",
        kind=_INVALID,
        code="not_implemented",
    ),
]
_HEADERS: Mapping[int, Sequence[tuple[str, str]]] = {
    401: [("www-authenticate", "Bearer")],
    # A value that turns out empty does not replace the one before.
    503: [("retry-after", _OVERLOADED_SECONDS), ("retry-after", RETRY_AFTER)],
}


def header(name: str, value: str) -> Json:
    """A header that replaces whatever has its name."""
    return {
        "header": {"key": name, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def direct(reply: Reply) -> Json:
    """The part of a route that answers so."""
    return answered(reply.status, json.dumps(reply.body))


def answered(status: int, body: str) -> Json:
    """The part of a route that answers with that JSON."""
    return {
        "direct_response": {"status": status, "body": {"inline_string": body}},
        "response_headers_to_add": [header("content-type", "application/json")],
    }


def mappers() -> Sequence[Json]:
    """How Envoy's own answers are put; the first that fits counts."""
    return [
        _mapped(_flags("UO"), AT_CAPACITY, [("retry-after", RETRY_AFTER)]),
        _mapped(_status(REQUESTS_STATUS), REQUESTS_LIMITED, []),
        _mapped(_status(TOKENS_STATUS), TOKENS_LIMITED, []),
        _mapped(_flags("UH", "NC"), NO_REPLICA, [("retry-after", START_SECONDS)]),
        *(
            _mapped(_status(reply.status), reply, _HEADERS.get(reply.status, []))
            for reply in _OTHERS
        ),
        *(
            _mapped(
                {"and_filter": {"filters": [_status(reply.status), _cel(_NOT_OURS)]}}, reply, []
            )
            for reply in _UNREADABLE
        ),
    ]


def _mapped(found: Json, reply: Reply, headers: Sequence[tuple[str, str]]) -> Json:
    return {
        "filter": found,
        "status_code": reply.status,
        "headers_to_add": [header(name, value) for name, value in headers],
        "body_format_override": {"json_format": reply.body},
    }


def _flags(*flags: str) -> Json:
    return {"response_flag_filter": {"flags": list(flags)}}


def _cel(expression: str) -> Json:
    kind = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    name = "envoy.access_loggers.extension_filters.cel"
    return {"extension_filter": extension(name, kind, expression=expression)}


def _status(status: int) -> Json:
    value = {"default_value": status, "runtime_key": f"edge.{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}
