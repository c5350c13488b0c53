"""Which tier a replica runs on, and what is paid beside it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.economics.stacks import RESERVATION, plan_of, with_tiers
from tokenfleet.economics.bill.placement import place

Tiers = dict[str, Any]
Row = tuple[Tiers, float, float, dict[str, tuple[float, ...]], float]

BOTH: Tiers = {"spot": {"max": 4}, "on-demand": {"max": 2}}
BASE: Tiers = {"spot": {"min": 1, "max": 4}, "on-demand": {"min": 1, "max": 2}}
RESERVED: Tiers = {"reserved": {"max": 3, "reservation": RESERVATION}}

# tiers, nodes needed, share that is spot: (kept, added, idle) by tier, and what finds no place
ROWS: Mapping[str, Row] = {
    "nothing": (BOTH, 0, 0.5, {"spot": (0, 0, 0), "on-demand": (0, 0, 0)}, 0),
    "split": (BOTH, 3, 2 / 3, {"spot": (0, 2, 0), "on-demand": (0, 1, 0)}, 0),
    "a mean of the hour": (BOTH, 0.5, 0.5, {"spot": (0, 0.25, 0), "on-demand": (0, 0.25, 0)}, 0),
    "all spot": (BOTH, 3, 1, {"spot": (0, 3, 0), "on-demand": (0, 0, 0)}, 0),
    "spot is full": (BOTH, 5, 1, {"spot": (0, 4, 0), "on-demand": (0, 1, 0)}, 0),
    "on demand is full": (BOTH, 5, 0, {"spot": (0, 3, 0), "on-demand": (0, 2, 0)}, 0),
    "all is full": (BOTH, 8, 0.5, {"spot": (0, 4, 0), "on-demand": (0, 2, 0)}, 2),
    "one tier": ({"spot": {"max": 4}}, 3, 0.1, {"spot": (0, 3, 0)}, 0),
    "only on demand": ({"on-demand": {"max": 4}}, 3, 0.9, {"on-demand": (0, 3, 0)}, 0),
    "minimums idle": (BASE, 0, 0.5, {"spot": (0, 0, 1), "on-demand": (0, 0, 1)}, 0),
    "cheapest minimum first": (BASE, 1, 0.5, {"spot": (1, 0, 0), "on-demand": (0, 0, 1)}, 0),
    "minimums and one more": (BASE, 3, 1, {"spot": (1, 1, 0), "on-demand": (1, 0, 0)}, 0),
    "reservation first": (
        RESERVED | BOTH,
        2,
        0.5,
        {"reserved": (2, 0, 1), "spot": (0, 0, 0), "on-demand": (0, 0, 0)},
        0,
    ),
    "beyond the reservation": (
        RESERVED | BOTH,
        5,
        0.5,
        {"reserved": (3, 0, 0), "spot": (0, 1, 0), "on-demand": (0, 1, 0)},
        0,
    ),
    "reservation alone": (RESERVED, 5, 0.5, {"reserved": (3, 0, 0)}, 2),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_nodes_are_bought_where_the_autoscaler_would(
    row: Row,
) -> None:
    tiers, needed, share, expected, unplaced = row
    plan = plan_of("dev", with_tiers("graviton4", tiers))
    placed = place(plan.node_groups_by_pool["graviton4"], needed, share)
    found = {t.group.role: (t.kept, t.added, t.idle) for t in placed.tiers}
    assert found == {role: pytest.approx(nodes) for role, nodes in expected.items()}
    assert placed.unplaced == pytest.approx(unplaced)


@pytest.mark.parametrize(
    ("row", "share"),
    [
        ("nothing", None),
        ("minimums idle", None),
        ("split", 2 / 3),
        ("spot is full", 4 / 5),
        ("cheapest minimum first", 1),
        ("minimums and one more", 2 / 3),
        ("beyond the reservation", 1 / 5),
        ("only on demand", 0),
    ],
)
def test_the_share_of_spot_is_that_of_nodes_with_replicas(row: str, share: float | None) -> None:
    tiers, needed, wanted, _, _ = ROWS[row]
    plan = plan_of("dev", with_tiers("graviton4", tiers))
    placed = place(plan.node_groups_by_pool["graviton4"], needed, wanted)
    assert placed.spot_share == pytest.approx(share)


def test_nothing_is_spot_where_nothing_may_be() -> None:
    plan = plan_of("dev", with_tiers("graviton4", BOTH))
    placed = place(plan.node_groups_by_pool["graviton4"], 5, 0, no_spot=True)
    assert {t.group.role: t.added for t in placed.tiers} == {"spot": 0, "on-demand": 2}
    assert placed.unplaced == 3
