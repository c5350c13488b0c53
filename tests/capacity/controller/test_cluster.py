"""What is read from objects of the API server that people may have edited."""

from datetime import UTC, datetime, timedelta

import pytest

from tokenfleet.capacity.controller.cluster import Node, Surge

NOT_READY = [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "two",
        "[]",
        "{}",
        '{"replicas": "two", "total": 3, "returning": 0}',
        '{"replicas": 1e999, "total": 3, "returning": 0}',
    ],
)
def test_a_surge_that_a_person_broke_counts_for_nothing(text: str | None) -> None:
    assert Surge.of(text) == Surge()


def test_a_surge_is_read_as_it_was_written() -> None:
    surge = Surge(replicas=2, total=5, returning=1.5)
    assert Surge.of(surge.text) == surge


def _moment(seconds_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("status", "born", "changed", "ready"),
    [
        ("True", 900, 880, True),
        ("Unknown", 900, 10, True),  # it was ready, and may be again
        ("Unknown", 900, 300, False),
        ("False", 20, 20, False),  # it has just joined
        ("False", 900, 900, False),  # it never was
    ],
)
def test_a_node_that_blinks_is_not_given_up(
    status: str,
    born: float,
    changed: float,
    ready: bool,  # noqa: FBT001 - a column of the table
) -> None:
    condition = {"type": "Ready", "status": status, "lastTransitionTime": _moment(changed)}
    node = {
        "metadata": {
            "name": "a",
            "uid": "u",
            "resourceVersion": "1",
            "creationTimestamp": _moment(born),
            "labels": {"tokenfleet.io/pool": "p"},
        },
        "spec": {"taints": [] if status == "True" else NOT_READY},
        "status": {"conditions": [condition]},
    }
    assert Node.of(node).ready == ready
