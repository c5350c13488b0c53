"""What a client may ask for in a minute, on one pod of the edge."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.extension import Json, typed
from tokenfleet.plan.edge.filters import CLIENT_HEADER, METADATA, REQUESTS_FILTER, TOKENS_FILTER

_KIND = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_ALWAYS = {"default_value": {"numerator": 100}}
# For whoever has no limit: as good as none.
_UNLIMITED = {"max_tokens": 2**31, "tokens_per_fill": 2**31, "fill_interval": "1s"}


def limits(clients: Sequence[ClientPlan]) -> Mapping[str, Json]:
    """By the filter that keeps them. Buckets are full again after every reload of the routes."""
    requests = {client.name: client.requests_per_minute for client in clients}
    tokens = {client.name: client.tokens_per_minute for client in clients}
    asked = {"hits_addend": {"format": f"%DYNAMIC_METADATA({METADATA}:max_tokens)%"}}
    return {
        REQUESTS_FILTER: _limit("requests", requests, {}),
        TOKENS_FILTER: _limit("tokens", tokens, asked),
    }


def _limit(name: str, by_client: Mapping[str, int | None], counted: Json) -> Json:
    return typed(
        _KIND,
        stat_prefix=name,
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        token_bucket=_UNLIMITED,
        enable_retry_after_header=True,
        rate_limits=[
            {
                "actions": [
                    {
                        "request_headers": {
                            "header_name": CLIENT_HEADER,
                            "descriptor_key": "client",
                        }
                    }
                ],
                **counted,
            }
        ],
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
            if most is not None
        ],
    )
