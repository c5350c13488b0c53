"""What Prometheus works out of a model's load every few seconds: the policy, as recording rules."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.plan.scaling.followed import Followed

Rule = Mapping[str, object]

EVALUATION_SECONDS = 5
"""As often as replicas and the edge are asked."""

IN_FLIGHT, SHED, ANSWER = (
    "tokenfleet:in_flight",
    "tokenfleet:shed_per_second",
    "tokenfleet:answer_seconds",
)
LOAD, ASKED, KV_CACHE = "tokenfleet:load", "tokenfleet:asked", "tokenfleet:kv_cache"
_ANSWERS_OVER, _WOKEN_FOR = "5m", "1m"
_LOOKUP_FAILURES = "prometheus_sd_dns_lookup_failures_total"


def rule_groups(followed: Sequence[Followed]) -> Sequence[Mapping[str, object]]:
    """A group a model: its rules are worked out one after the other."""
    return [
        {
            "name": f"load-{one.model}",
            "interval": f"{EVALUATION_SECONDS}s",
            "rules": list(recording_rules(one)),
        }
        for one in followed
    ]


def recording_rules(one: Followed) -> Iterator[Rule]:
    """From what replicas and the edge say to what the autoscaler is told.

    No rule answers where the replicas that there are do not: a lost target must not look like no
    load. Only where the names of the cluster know no replica there are no requests in flight.
    """
    policy = one.policy
    lately = f"{policy.average_seconds}s"
    yield _record(
        IN_FLIGHT,
        one,
        f"{_of_all(one, f'vllm:num_requests_running{one.here} + vllm:num_requests_waiting{one.here}')}"
        f" or {_without_replicas(one)}",
    )
    # Those that found no replica count among the 503, but a counter that does not exist before its
    # first count hides that one: the first request of all must wake a model that has no replica.
    # KEDA looks four times a minute for it.
    full = 'envoy_response_code="503"'
    refused = f"sum(rate(envoy_cluster_upstream_rq{one.at_edge(full)}[{lately}]))"
    unmet = f"sum(rate(envoy_cluster_upstream_cx_none_healthy{one.at_edge()}[{_WOKEN_FOR}]))"
    yield _record(SHED, one, f"({refused} > {unmet}) or {unmet} or {refused} or vector(0)")
    total, count = (
        f"sum(rate(vllm:e2e_request_latency_seconds_{part}{one.here}[{_ANSWERS_OVER}]))"
        for part in ("sum", "count")
    )
    yield _record(ANSWER, one, f"{total} / ({count} > 0) or vector({one.answer_seconds:.1f})")
    mean = f"avg_over_time({IN_FLIGHT}{one.here}[{lately}])"
    shed = f"{SHED}{one.here} * {ANSWER}{one.here}"
    # Only while the last sample is there: an average outlives the target by a minute.
    yield _record(
        LOAD,
        one,
        f"({mean} + clamp_max({shed}, scalar(clamp_min({mean}, {policy.each:g}))))"
        f" and {IN_FLIGHT}{one.here}",
    )
    load = f"{LOAD}{one.here}"
    most = policy.spare * policy.each
    yield _record(ASKED, one, f"{load} + clamp_max({policy.spare_share:g} * {load}, {most:g})")
    if one.keeps_kv:
        used = _of_all(one, f"avg_over_time(vllm:kv_cache_usage_perc{one.here}[{lately}])")
        yield _record(KV_CACHE, one, f"{used} or {_without_replicas(one)}")


def _of_all(one: Followed, each: str) -> str:
    """The sum over replicas; those that did not answer are taken for as busy as the others."""
    up = f"up{one.here}"
    return f"sum({each}) * count({up}) / count({up} == 1)"


def _without_replicas(one: Followed) -> str:
    """Zero where the model's Service has no address, nothing otherwise, or where names fail."""
    none = f'sum(prometheus_sd_discovered_targets{{config="{one.job}"}}) == 0'
    return f"({none} and on() sum(increase({_LOOKUP_FAILURES}[1m])) == 0)"


def _record(name: str, one: Followed, expression: str) -> Rule:
    return {"record": name, "expr": expression, "labels": {"model": one.model}}
