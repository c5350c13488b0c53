"""What routes tell requests apart by."""

import re
from collections.abc import Sequence

from tokenfleet.plan.edge.envoy.extension import Json
from tokenfleet.plan.edge.envoy.metadata import CLIENT_HEADER, MODEL, matching

POST, GET = ({"name": ":method", "string_match": {"exact": verb}} for verb in ("POST", "GET"))
MODELS_PATH = "/v1/models"
"""Of the list that the edge itself answers."""


def paths(open_paths: Sequence[str]) -> Json:
    """Exactly one of them, its query aside."""
    return {"safe_regex": {"regex": _one_of(open_paths)}}


def client_is(clients: Sequence[str]) -> Json:
    """One of them, as its key says."""
    return {"name": CLIENT_HEADER, "string_match": {"safe_regex": {"regex": _one_of(clients)}}}


def model_is(*models: str) -> Json:
    """One of them, as the body says."""
    return matching(MODEL, {"string_match": {"safe_regex": {"regex": _one_of(models)}}})


def _one_of(texts: Sequence[str]) -> str:
    """Envoy compares a whole text, with its beginning and its end.

    There may be as many as a Secret holds: ``bootstrap.py`` lifts the limit for patterns.
    """
    return "|".join(re.escape(text) for text in texts)
