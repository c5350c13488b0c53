"""Where weights lie: what is decided for nodes with and without local disks."""

from collections.abc import Mapping

import pytest

from tokenfleet.catalogue.machines.instances import instance_type, instance_types
from tokenfleet.catalogue.models.facts import ModelFacts, model_facts
from tokenfleet.plan.nodes.disks import VolumePlan, cache_gib, plan_disks

QWEN_8B = "Qwen/Qwen3-8B"
QWEN_4B = "Qwen/Qwen3-4B-Instruct-2507"

ROOT, BARE_ROOT = (70, 3000, 300), (40, 3000, 125)
# instance types, then for each kind of disks: types, local GB, (GiB, IOPS, MiB/s) of root and cache
Volume = tuple[int, int, int]
ROWS: Mapping[str, tuple[list[str], list[tuple[list[str], list[int], Volume, Volume | None]]]] = {
    "no disk": (
        ["c8g.4xlarge"],
        [(["c8g.4xlarge"], [], ROOT, (33, 3000, 596))],
    ),
    "one disk": (["c8gd.4xlarge"], [(["c8gd.4xlarge"], [950], BARE_ROOT, None)]),
    "several disks": (["c8gd.24xlarge"], [(["c8gd.24xlarge"], [5700], BARE_ROOT, None)]),
    "a pool of both": (
        ["c8g.4xlarge", "c8gd.4xlarge", "m8g.4xlarge"],
        [
            (["c8gd.4xlarge"], [950], BARE_ROOT, None),
            (["c8g.4xlarge", "m8g.4xlarge"], [], ROOT, (33, 3000, 596)),
        ],
    ),
    "more than gp3 offers": (
        ["c8g.24xlarge"],
        [(["c8g.24xlarge"], [], ROOT, (33, 8000, 2000))],
    ),
    "less than gp3 includes": (
        ["c8g.large"],
        [(["c8g.large"], [], (70, 3000, 125), (33, 3000, 125))],
    ),
    "network slower than EBS": (
        ["inf2.xlarge"],
        [(["inf2.xlarge"], [], (70, 3000, 149), (33, 3000, 149))],
    ),
}


def _volume(volume: VolumePlan | None) -> Volume | None:
    if volume is None:
        return None
    return volume.size_gib, volume.iops, volume.throughput_mib_per_second


@pytest.mark.parametrize(("types", "expected"), ROWS.values(), ids=ROWS)
def test_each_kind_of_disks_has_its_own_plan(
    types: list[str],
    expected: list[tuple[list[str], list[int], Volume, Volume | None]],
) -> None:
    plans = plan_disks([instance_type(name) for name in types], [model_facts(QWEN_8B)])
    assert [
        (
            list(plan.instance_types),
            list(plan.local_gb_by_type.values()),
            _volume(plan.root),
            _volume(plan.cache),
        )
        for plan in plans
    ] == expected


@pytest.mark.parametrize("name", instance_types())
def test_no_volume_is_paid_for_what_its_instance_cannot_use(name: str) -> None:
    kind = instance_type(name)
    (plan,) = plan_disks([kind], [model_facts(QWEN_8B)])
    if plan.cache is None:
        assert kind.local_nvme
        return
    rate = plan.cache.throughput_mib_per_second
    # 125 MiB/s are included; what is above must get through the instance's EBS link.
    assert rate == 125 or rate <= kind.ebs_baseline_mib_per_second
    assert 125 <= rate <= 2000
    assert rate <= 0.25 * plan.cache.iops
    assert kind.instance_type in plan.limited_by or "gp3" in plan.limited_by


@pytest.mark.parametrize(
    ("models", "compiled"),
    [([QWEN_8B], False), ([QWEN_8B, QWEN_4B], False), ([QWEN_8B], True), ([], False)],
)
def test_a_cache_holds_every_model_and_the_next_revision_of_the_largest(
    models: list[str], *, compiled: bool
) -> None:
    facts: list[ModelFacts] = [model_facts(name) for name in models]
    sizes = [model.weights_bytes for model in facts]
    needed = (sum(sizes) + max(sizes, default=0)) * (2 if compiled else 1)
    assert needed < cache_gib(facts, compiled=compiled) * 2**30 <= max(1.2 * needed, 10 * 2**30)


def test_nodes_without_models_have_no_cache() -> None:
    (plan,) = plan_disks([instance_type("m8g.large")], [])
    assert plan.cache is None
    assert _volume(plan.root) == BARE_ROOT
