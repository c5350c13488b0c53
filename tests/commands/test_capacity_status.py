"""``tokenfleet capacity status``, with a kubectl that answers as one of a cluster would."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.capacity.controller.pools import NOW, Machine, Seen
from tokenfleet.capacity.controller.status import PoolStatus, WarmStatus, pool_status
from tokenfleet.capacity.policy.memory import Memory, ZoneMemory
from tokenfleet.cli import app

BAD_INPUT = 2


def _status() -> PoolStatus:
    machines = [
        Machine(deadline=NOW + 70, cost=-200),
        Machine(zone="b"),
        Machine(tier="on-demand", pod="starting"),
        Machine(zone="c", joined=False, pod=None, age=5),
    ]
    zones = {"a": ZoneMemory(losses=2, rest_until=NOW + 60), "b": ZoneMemory(held_since=NOW - 7200)}
    return pool_status(Seen(machines=machines, replicas=3).state(), Memory(zones=zones))


def _kubectl(folder: Path, *, out: str = "", error: str = "", code: int = 0) -> None:
    """A kubectl that says just that."""
    (folder / "out").write_text(out)
    (folder / "error").write_text(error)
    script = folder / "kubectl"
    script.write_text(
        f"#!/bin/sh\n/bin/cat {folder}/out\n/bin/cat {folder}/error >&2\nexit {code}\n"
    )
    script.chmod(0o755)


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["capacity", "status", *words])


@pytest.fixture(autouse=True)
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def _state(found: PoolStatus) -> str:
    data = {"pool.memory": "{}", "pool.status": json.dumps(asdict(found))}
    return json.dumps({"kind": "ConfigMap", "data": data})


def test_people_see_what_is_held_and_what_goes(tmp_path: Path) -> None:
    _kubectl(tmp_path, out=_state(replace(_status(), at=time.time() - 5)))
    shown = _run().stdout
    assert re.search(r"pool: 3 nodes wanted, seen \d+ s ago", shown)
    assert "under notice" in shown
    assert "booting" in shown
    assert "0.41" in shown  # losses an hour of a zone held for two hours
    assert "has said nothing since" not in shown


@pytest.mark.parametrize(
    ("warm", "says"),
    [
        (WarmStatus(wanted=2, stopped=2, warming=0, coming=0), "2 of 2 nodes wait stopped."),
        (
            WarmStatus(wanted=3, stopped=1, warming=1, coming=1),
            "1 of 3 nodes wait stopped, 1 warming up, 1 drawn and not seen yet.",
        ),
        (None, ""),
    ],
)
def test_nodes_that_wait_stopped_are_counted(
    warm: WarmStatus | None, says: str, tmp_path: Path
) -> None:
    _kubectl(tmp_path, out=_state(replace(_status(), warm=warm)))
    shown = _run().stdout
    assert says in shown
    assert ("wait stopped" in shown) == (warm is not None)


def test_a_controller_that_is_silent_is_told(tmp_path: Path) -> None:
    _kubectl(tmp_path, out=_state(replace(_status(), at=time.time() - 500)))
    assert "has said nothing since" in _run().stdout


def test_machines_get_the_same(tmp_path: Path) -> None:
    found = _status()
    _kubectl(tmp_path, out=_state(found))
    answer = json.loads(_run("--json").stdout)
    (pool,) = answer["pools"]
    assert answer["schema"] == "tokenfleet/capacity-status/1"
    assert pool["nodes"][0]["deadline"] == NOW + 70
    assert pool["models"][0]["onDemand"] == 1
    assert len(pool["nodes"]) == len(found.nodes)


WRONG: Mapping[str, tuple[Mapping[str, str | int], str]] = {
    "no such object": (
        {"error": 'Error from server (NotFound): configmaps "capacity-state" not found', "code": 1},
        "no pool has a spot tier",
    ),
    "no access": ({"error": "Error from server (Forbidden): no", "code": 1}, "Forbidden"),
    "another version": (
        {"out": json.dumps({"data": {"pool.status": "{}"}})},
        "of another version of tokenfleet",
    ),
}


@pytest.mark.parametrize("row", list(WRONG))
def test_what_is_wrong_is_a_sentence(row: str, tmp_path: Path) -> None:
    answer, sentence = WRONG[row]
    _kubectl(tmp_path, **answer)  # pyright: ignore[reportArgumentType] - rows of its arguments
    result = _run()
    assert result.exit_code == BAD_INPUT
    assert sentence in result.output


def test_without_kubectl_the_way_to_get_it_is_named() -> None:
    result = _run()
    assert result.exit_code == BAD_INPUT
    assert "install it" in result.output
