"""What is read from objects of the API server that people may have edited."""

from datetime import UTC, datetime, timedelta

import pytest

from tokenfleet.capacity.controller.cluster import MANAGER, SURGE, Deployment, Node, Pod, Surge

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


def _written(manager: str, second: int, *path: str) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name in reversed(path):
        fields = {name: fields}
    return {"manager": manager, "time": f"2026-11-29T18:00:{second:02}Z", "fieldsV1": fields}


REPLICAS = ("f:spec", "f:replicas")
ANNOTATION = ("f:metadata", "f:annotations", f"f:{SURGE}")
OURS = [_written(MANAGER, 5, *REPLICAS), _written(MANAGER, 5, *ANNOTATION)]


@pytest.mark.parametrize(
    ("written", "wanted", "surge"),
    [
        (OURS, 2, 1),
        ([*OURS, _written("pulumi", 9, *REPLICAS)], 3, 1),
        ([*OURS, _written("pulumi", 1, *REPLICAS)], 2, 1),
        ([*OURS, _written("pulumi", 5, *REPLICAS)], 3, 1),  # in the same second, and so later
        (
            [*OURS, _written("kube-controller-manager", 9, *REPLICAS)],
            2,
            1,
        ),  # it adds to what it sees
        ([*OURS, _written("kubectl-rollout", 9, *ANNOTATION)], 3, 0),  # a surge of long ago
        ([], 2, 1),
    ],
)
def test_who_wrote_last_says_what_replicas_mean(
    written: list[dict[str, object]], wanted: int, surge: int
) -> None:
    found = Deployment.of(
        {
            "metadata": {
                "name": "vllm-m",
                "uid": "u",
                "resourceVersion": "1",
                "generation": 1,
                "labels": {"tokenfleet.io/model": "m"},
                "annotations": {SURGE: Surge(replicas=1, total=3).text},
                "managedFields": written,
            },
            "spec": {"replicas": 3},
        }
    )
    assert (found.wanted, found.surge.replicas) == (wanted, surge)


def test_the_pod_of_a_job_is_known_by_the_label_that_kubernetes_gives_it() -> None:
    # kubernetes.io, "Well-Known Labels": batch.kubernetes.io/job-name.
    labels = {"tokenfleet.io/model": "m"}
    jobs = [
        Pod.of(
            {
                "metadata": {
                    "name": "p",
                    "uid": "u",
                    "resourceVersion": "1",
                    "creationTimestamp": "2026-11-29T00:00:00+00:00",
                    "labels": labels | more,
                },
                "spec": {},
            }
        ).job
        for more in ({}, {"batch.kubernetes.io/job-name": "compile-m"})
    ]
    assert jobs == [False, True]
