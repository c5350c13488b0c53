from functools import partial

import pytest

from tokenfleet.plan.edge.affinity import LEAST_CACHED_SHARE, AffinityPlan, plan_affinity
from tokenfleet.plan.edge.envoy.balancing import (
    affinity_filters,
    affinity_keys,
    affinity_per_filter,
)

_planned = partial(
    plan_affinity, task="generate", prefix_caching=True, cached_share=0.5, most_replicas=3
)


@pytest.mark.parametrize(
    ("plan", "kind", "said"),
    [
        (_planned(), "prefix", "50% of a prompt"),
        (_planned(cached_share=LEAST_CACHED_SHARE), "prefix", "traffic.cachedShare"),
        (_planned(cached_share=0.01), "least request", "traffic.cachedShare 0.01 is below"),
        (_planned(cached_share=0.0), "least request", "traffic.cachedShare is 0"),
        (_planned(most_replicas=1), "least request", "one replica"),
        (_planned(prefix_caching=False), "least request", "keeps no prompts"),
        (_planned(task="embed"), "least request", "this task"),
    ],
)
def test_affinity_needs_a_cache_a_choice_and_what_prompts_share(
    plan: AffinityPlan, kind: str, said: str
) -> None:
    assert plan.kind == kind
    assert said in plan.reason


def test_without_affinity_no_body_is_read_for_it() -> None:
    assert not affinity_filters([])
    assert not affinity_keys([])
    assert not affinity_per_filter(_planned(cached_share=0.0))
