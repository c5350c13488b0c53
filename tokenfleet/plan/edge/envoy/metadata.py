"""What the edge knows of a request while it passes, and under which names it keeps that."""

from tokenfleet.plan.edge.envoy.extension import Json

CLIENT_HEADER = "x-client-id"
"""Who calls, written by the edge alone; it does not go on to engines."""
PRIORITY_HEADER = "x-client-priority"
"""Written by the edge alone: ``batch`` on requests that a replica refuses first."""
CLIENT_STATE = "edge.client"
"""The same, for what is written after the header is gone."""
METADATA = "edge"
"""Where what was read of a body is kept."""
MODEL, STREAM, ANSWERS, MAX_TOKENS = "model", "stream", "n", "max_tokens"
ASKED, COUNTED = "asked", "counted"
"""Tokens that a client with a limit of them asks for, and its name (``userdata/client_limits.lua``)."""
NO_MODEL_VALUE, NOT_JSON_VALUE = "-missing-", "-not-json-"
"""As models: names of the stack file begin with a letter or digit."""


def matching(key: str, value: Json, *, inverted: bool = False) -> Json:
    """Of a route: that it is kept so."""
    found = {"filter": METADATA, "path": [{"key": key}], "value": value}
    return {**found, "invert": True} if inverted else found


def kept(key: str, **fields: object) -> Json:
    """Of a rule about a body: where it goes."""
    return {"metadata_namespace": METADATA, "key": key, **fields}
