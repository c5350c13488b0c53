"""Bills of models, which together are the stack's."""

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.economics.stacks import Keys, plan_of
from tokenfleet.economics.bill.by_model import model_bills
from tokenfleet.economics.bill.forecast import forecast
from tokenfleet.economics.bill.lines import Bill
from tokenfleet.economics.bill.scenario import Scenario
from tokenfleet.plan.stack import Plan


@cache
def crowded() -> Plan:
    """Prod with a second model on Graviton4."""

    def edit(keys: Keys) -> None:
        keys["models"]["again"] = keys["models"]["qwen3-8b"]

    return plan_of("prod", edit)


REPLICAS = st.fixed_dictionaries({m.name: st.floats(0, 9) for m in crowded().models})


@settings(deadline=None)  # the first example reads the catalogue
@given(replicas=REPLICAS)
def test_the_bills_of_the_models_are_the_bill(replicas: Mapping[str, float]) -> None:
    bill = forecast(crowded(), Scenario(replicas=replicas)).expected
    parts = model_bills(bill, crowded(), replicas)
    assert parts.keys() == replicas.keys()
    assert sum(part.usd_per_hour for part in parts.values()) == pytest.approx(
        bill.usd_per_hour, rel=1e-9
    )
    for cause, usd in bill.usd_per_hour_by_cause.items():
        found = sum(part.usd_per_hour_by_cause.get(cause, 0) for part in parts.values())
        assert found == pytest.approx(usd, rel=1e-9, abs=1e-12)
    for pool, nodes in bill.unplaced_nodes.items():
        assert sum(p.unplaced_nodes.get(pool, 0) for p in parts.values()) == pytest.approx(nodes)


def test_models_of_a_pool_share_it_by_replicas() -> None:
    replicas = {"qwen3-8b": 3.0, "again": 1.0, "qwen25-7b": 2.0, "gpt-oss-120b": 1.0}
    bill = forecast(crowded(), Scenario(replicas=replicas)).expected
    parts = model_bills(bill, crowded(), replicas)

    def on_graviton(part: Bill) -> float:
        return sum(row.usd_per_hour or 0 for row in part.lines if row.pool == "graviton4")

    assert on_graviton(parts["qwen3-8b"]) == pytest.approx(3 * on_graviton(parts["again"]))
    assert parts["qwen3-8b"].usd_per_hour == pytest.approx(3 * parts["again"].usd_per_hour)
    assert on_graviton(parts["qwen25-7b"]) == 0


def test_without_replicas_everything_is_shared_evenly() -> None:
    plan = plan_of("dev", lambda keys: keys["models"].update(again=keys["models"]["qwen3-4b"]))
    nothing = {"again": 0.0, "qwen3-4b": 0.0}
    bill = forecast(plan, Scenario(replicas=nothing)).expected
    parts = model_bills(bill, plan, nothing)
    assert parts["again"].usd_per_hour == pytest.approx(bill.usd_per_hour / 2)
