"""What is on a pool's machine image is in the way to start that the pool has in use, and in its price."""

from collections.abc import Sequence

import pytest

from tests.economics.stacks import Keys, bill_of, line_of, plan_of
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.economics.bill.ways import WayPrice, way_prices
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

ENGINE = f"{engines()['vllm-cpu'].image}@sha256:{'1' * 64}"
WITHOUT_DISKS, WITH_DISKS = ["c8g.8xlarge", "m8g.8xlarge"], ["c8gd.8xlarge"]
# us-east-1: Amazon EBS pricing, $0.05 a GB and month; and $0.0036 for each GiB that is filled
# (catalogue/data/cold_start.yaml, snapshots.initialisationPrice).
STORED, FILLED = 0.05, 0.0036


def _plan(types: Sequence[str], *, weights: bool) -> Plan:
    """The prod stack with graviton4 on baked nodes."""

    def edit(keys: Keys) -> None:
        model = keys["models"]["qwen3-8b"]
        baked = [f"{model['huggingFaceId']}/{model['revision']}"] if weights else []
        keys["pools"]["graviton4"] |= {
            "instanceTypes": [*types],
            "baked": {
                "imageId": "ami-0123456789abcdef0",
                "engineImage": ENGINE,
                "weights": baked,
            },
        }

    return plan_of("prod", edit)


def _in_use(types: Sequence[str], *, weights: bool) -> tuple[ModelPlan, WayPrice]:
    """The model of graviton4, and the price of how its nodes start."""
    plan = _plan(types, weights=weights)
    (pool,) = [pool for pool in plan.pools if pool.name == "graviton4"]
    (model,) = [model for model in plan.models if model.pool == pool.name]
    (way,) = [p for p in way_prices(model.start_choices, pool, plan.prices) if p.way.in_use]
    return model, way


@pytest.mark.parametrize("weights", [False, True])
def test_the_way_in_use_is_the_start_that_is_planned_for(*, weights: bool) -> None:
    model, price = _in_use(WITHOUT_DISKS, weights=weights)
    assert price.way.start == model.cold_start


def test_baked_weights_are_stored_and_fill_a_volume_at_each_start() -> None:
    model, without = _in_use(WITHOUT_DISKS, weights=False)
    _, with_weights = _in_use(WITHOUT_DISKS, weights=True)
    gib = model.facts.fetched_bytes / 2**30
    assert without.per_month is not None
    assert without.per_start is not None
    assert with_weights.per_month == pytest.approx(without.per_month + gib * STORED)
    assert with_weights.per_start == pytest.approx(without.per_start + gib * FILLED)


@pytest.mark.parametrize("weights", [False, True])
def test_the_bill_has_what_is_stored(*, weights: bool) -> None:
    model, price = _in_use(WITHOUT_DISKS, weights=weights)
    line = line_of(bill_of(_plan(WITHOUT_DISKS, weights=weights)), f"{model.pool} baked image")
    assert line.usd_per_month == pytest.approx(price.per_month)
    assert line.usd_per_unit == STORED


def test_nodes_with_local_disks_fill_no_volume_of_weights() -> None:
    _, without = _in_use([*WITHOUT_DISKS, *WITH_DISKS], weights=False)
    _, with_weights = _in_use([*WITHOUT_DISKS, *WITH_DISKS], weights=True)
    start = with_weights.way.start
    assert start
    assert instance_type(start.instance_type).local_nvme
    assert with_weights.per_start == without.per_start
