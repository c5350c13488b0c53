"""How a replica is chosen for a request, in the words of Envoy's configuration."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.plan.edge.envoy.extension import Json, extension, typed
from tokenfleet.plan.edge.served import ServedName

PREFIX_STATE = "tokenfleet.prefix"
"""Filter state with what a request has in common with others (``userdata/prefix_hash.lua``)."""
_FILTER = "affinity.lua"
_LUA = "envoy.extensions.filters.http.lua.v3"
_SCRIPT = "prefix"
_POLICIES = "envoy.extensions.load_balancing_policies"
# A replica gets no more than so many percent of the mean load: a beginning that all prompts share
# moves on to another replica, always the same one, instead of queueing at the first. With 125 the
# first token of prompts that share nothing came 1.31 times later than by least request, with 110
# 1.09 times, and that of shared ones 7 and 9 times sooner (bench.affinity, 2026-11-30).
_MOST_OF_MEAN_PERCENT = 110
# So many find free places so well that few tries do (``model_routes.py``): with two, 8 of 20 bursts
# of 64 requests that just fit into 8 replicas had some refused after four retries (2026-11-30).
_CHOICE = 4
# Points of the ring: with 32 replicas 128 each, so that their shares differ by about 1 / sqrt(128),
# 9 %. More would cost more whenever a replica comes or goes.
_RING_SIZE = 4096


def load_balancing(affinity: AffinityPlan) -> Json:
    """``load_balancing_policy`` of a cluster.

    Of some replicas at random the least busy one, or the one whose part of the ring the request falls
    into. A retry that refuses the replica of the try before (``previous_hosts``) finds another
    with both: at random, or further along the ring. A full scan would not (edge.md, trap 4).
    """
    if affinity.kind == "prefix":
        return _policy(
            "ring_hash",
            "RingHash",
            minimum_ring_size=_RING_SIZE,
            consistent_hashing_lb_config={
                "hash_balance_factor": _MOST_OF_MEAN_PERCENT,
                "hash_policy": [{"filter_state": {"key": PREFIX_STATE}}],
            },
        )
    return _policy("least_request", "LeastRequest", choice_count=_CHOICE)


def _policy(name: str, message: str, **fields: object) -> Json:
    found = extension(
        f"envoy.load_balancing_policies.{name}", f"{_POLICIES}.{name}.v3.{message}", **fields
    )
    return {"policies": [{"typed_extension_config": found}]}


def affinity_keys(names: Sequence[ServedName]) -> Mapping[str, str]:
    """What of a body the script wants to be told, by field: where the edge keeps it."""
    wanted = {"prompt_cache_key": "cache_key", "cache_salt": "cache_salt"}
    return wanted if _is_wanted(names) else {}


def affinity_filters(names: Sequence[ServedName]) -> Sequence[Json]:
    """The HTTP filter that reads prompts, after those that know the model; none if nobody wants it.

    It has no default script, so that it does nothing on routes that name none. ``disabled`` in
    the chain would not do: that is decided by the first route, before the body names the model.
    """
    if not _is_wanted(names):
        return []
    script = (files("tokenfleet") / "userdata" / "prefix_hash.lua").read_text(encoding="utf-8")
    return [extension(_FILTER, f"{_LUA}.Lua", source_codes={_SCRIPT: {"inline_string": script}})]


def affinity_per_filter(affinity: AffinityPlan) -> Json:
    """What a route of the model adds to its ``typed_per_filter_config``."""
    if affinity.kind == "prefix":
        return {_FILTER: typed(f"{_LUA}.LuaPerRoute", name=_SCRIPT)}
    return {}


def _is_wanted(names: Sequence[ServedName]) -> bool:
    return any(served.affinity.kind == "prefix" for served in names)
