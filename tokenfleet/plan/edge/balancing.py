"""How a replica is chosen for a request, in the words of Envoy's configuration."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.plan.edge.served import ServedName

PREFIX_STATE = "tokenfleet.prefix"
"""Filter state with what a request has in common with others (``userdata/prefix_hash.lua``)."""
LUA_FILTER = "envoy.filters.http.lua"
_SCRIPT = "prefix"
_LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3"
_POLICIES = "type.googleapis.com/envoy.extensions.load_balancing_policies"
# No replica has more than so many percent of the mean load while others have less: a prompt that
# everybody shares moves on to the next replica, always the same one, instead of queueing.
_MOST_OF_MEAN_PERCENT = 125
# Points of the ring: with 32 replicas 128 each, so that shares differ by about 1 / sqrt(128) = 9 %.
_RING_SIZE = 4096


def load_balancing(affinity: AffinityPlan) -> Mapping[str, object]:
    """``load_balancing_policy`` of a cluster.

    A retry that refuses the host of the try before (``previous_hosts``) walks on along the ring.
    """
    if affinity.kind == "prefix":
        return _policy(
            "ring_hash.v3.RingHash",
            {
                "minimum_ring_size": _RING_SIZE,
                "consistent_hashing_lb_config": {
                    "hash_balance_factor": _MOST_OF_MEAN_PERCENT,
                    "hash_policy": [{"filter_state": {"key": PREFIX_STATE}}],
                },
            },
        )
    # Two at random, the less busy one: a full scan finds the host of the try before again, and
    # sends everything to one that fails at once (facts of 2026-11-28, trap 4).
    return _policy("least_request.v3.LeastRequest", {"choice_count": 2})


def _policy(kind: str, typed: Mapping[str, object]) -> Mapping[str, object]:
    name = kind.partition(".")[0]
    config = {
        "name": f"envoy.load_balancing_policies.{name}",
        "typed_config": {"@type": f"{_POLICIES}.{kind}", **typed},
    }
    return {"policies": [{"typed_extension_config": config}]}


def affinity_filters(names: Sequence[ServedName]) -> Sequence[Mapping[str, object]]:
    """The HTTP filter that reads prompts, right before the router; none if nobody wants it.

    Without a default script it does nothing on routes that name none. ``disabled`` in the chain
    would not do: that is decided by the first route, before the body has named the model.
    """
    if not any(served.affinity.kind == "prefix" for served in names):
        return []
    script = (files("tokenfleet") / "userdata" / "prefix_hash.lua").read_text(encoding="utf-8")
    typed = {"@type": f"{_LUA}.Lua", "source_codes": {_SCRIPT: {"inline_string": script}}}
    return [{"name": LUA_FILTER, "typed_config": typed}]


def affinity_per_filter(affinity: AffinityPlan) -> Mapping[str, object]:
    """What a route of the model adds to its ``typed_per_filter_config``."""
    if affinity.kind == "prefix":
        return {LUA_FILTER: {"@type": f"{_LUA}.LuaPerRoute", "name": _SCRIPT}}
    return {}
