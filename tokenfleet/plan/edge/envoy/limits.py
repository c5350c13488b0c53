"""What a client may ask for in a minute, on one pod of the edge."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.envoy.extension import Json, extension, typed
from tokenfleet.plan.edge.envoy.metadata import ASKED, CLIENT_HEADER, COUNTED, METADATA

REQUESTS_STATUS, TOKENS_STATUS = 423, 424
"""How the limits refuse before their answer is put as a 429. Neither status occurs otherwise, and
Envoy's own flag of it is set only after answers were put (edge.md, trap 3)."""
_SCRIPT_FILTER = "limits.lua"
_REQUESTS_FILTER, _TOKENS_FILTER = "requests.local_ratelimit", "tokens.local_ratelimit"
_SCRIPT = "client_limits"
_LUA = "envoy.extensions.filters.http.lua.v3"
_KIND = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_ALWAYS = {"default_value": {"numerator": 100}}
# For whoever has no limit: as good as none.
_UNLIMITED = {"max_tokens": 2**31, "tokens_per_fill": 2**31, "fill_interval": "1s"}


def limit_filters() -> Sequence[Json]:
    """They do nothing until routes tell them to, which know the clients."""
    script = (files("tokenfleet") / "userdata" / f"{_SCRIPT}.lua").read_text(encoding="utf-8")
    return [
        extension(_SCRIPT_FILTER, f"{_LUA}.Lua", source_codes={_SCRIPT: {"inline_string": script}}),
        *(
            extension(name, _KIND, stat_prefix=name.partition(".")[0])
            for name in (_REQUESTS_FILTER, _TOKENS_FILTER)
        ),
    ]


def limits(clients: Sequence[ClientPlan]) -> Mapping[str, Json]:
    """By the filter that keeps them.

    Buckets fill steadily and are those of one pod; after a reload of the routes they are full
    again (edge.md, trap 11).
    """
    requests = {c.name: c.requests_per_minute for c in clients if c.requests_per_minute}
    tokens = {c.name: c.tokens_per_minute for c in clients if c.tokens_per_minute}
    found: dict[str, Json] = {}
    if requests or tokens:
        found[_SCRIPT_FILTER] = typed(f"{_LUA}.LuaPerRoute", name=_SCRIPT, filter_context=tokens)
    if requests:
        found[_REQUESTS_FILTER] = _limit(
            "requests",
            requests,
            REQUESTS_STATUS,
            {
                "actions": [
                    {
                        "request_headers": {
                            "header_name": CLIENT_HEADER,
                            "descriptor_key": "client",
                        }
                    }
                ]
            },
        )
    if tokens:
        found[_TOKENS_FILTER] = _limit(
            "tokens",
            tokens,
            TOKENS_STATUS,
            # Only what the script counted: Envoy refuses whatever asks for 0.
            {
                "actions": [
                    {
                        "metadata": {
                            "descriptor_key": "client",
                            "metadata_key": {"key": METADATA, "path": [{"key": COUNTED}]},
                        }
                    }
                ],
                "hits_addend": {"format": f"%DYNAMIC_METADATA({METADATA}:{ASKED})%"},
            },
        )
    return found


def _limit(name: str, by_client: Mapping[str, int], status: int, counted: Json) -> Json:
    return typed(
        _KIND,
        stat_prefix=name,
        status={"code": status},
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        token_bucket=_UNLIMITED,
        rate_limits=[counted],
        descriptors=[
            {
                "entries": [{"key": "client", "value": client}],
                "token_bucket": {
                    "max_tokens": most,
                    "tokens_per_fill": most,
                    "fill_interval": "60s",
                },
            }
            for client, most in by_client.items()
        ],
        # The script makes a Retry-After of these: Envoy's own comes with a 429 alone.
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        response_headers_to_add=[{"header": {"key": "x-edge-limit", "value": name}}],
    )
