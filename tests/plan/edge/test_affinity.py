from typing import TypedDict

import pytest

from tokenfleet.plan.edge.affinity import LEAST_CACHED_SHARE, plan_affinity
from tokenfleet.plan.edge.balancing import affinity_filters, affinity_keys, affinity_per_filter
from tokenfleet.task import Task


class Asked(TypedDict, total=False):
    task: Task
    prefix_caching: bool
    cached_share: float
    most_replicas: int


_ASKED = Asked(task="generate", prefix_caching=True, cached_share=0.5, most_replicas=3)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({}, "prefix", "50% of a prompt"),
        ({"cached_share": LEAST_CACHED_SHARE}, "prefix", "traffic.cachedShare"),
        ({"cached_share": 0.01}, "least request", "traffic.cachedShare 0.01 is below"),
        ({"cached_share": 0.0}, "least request", "traffic.cachedShare is 0"),
        ({"most_replicas": 1}, "least request", "one replica"),
        ({"prefix_caching": False}, "least request", "keeps no prompts"),
        ({"task": "embed"}, "least request", "this task"),
    ],
)
def test_affinity_needs_a_cache_a_choice_and_what_prompts_share(
    asked: Asked, kind: str, said: str
) -> None:
    found = plan_affinity(**{**_ASKED, **asked})
    assert found.kind == kind
    assert said in found.reason


def test_without_affinity_no_body_is_read_for_it() -> None:
    plain = plan_affinity(task="generate", prefix_caching=True, cached_share=0, most_replicas=3)
    assert not affinity_filters([])
    assert not affinity_keys([])
    assert not affinity_per_filter(plain)
