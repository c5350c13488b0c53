"""The document that the plan writes and the controller reads."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from tokenfleet.capacity.controller.settings import SettingsError, WarmSettings, read_settings

GOOD: Mapping[str, Any] = {
    "region": "us-east-1",
    "namespace": "serving",
    "stateNamespace": "capacity",
    "stateName": "capacity-state",
    "noticeSeconds": 120,
    "intervalSeconds": 15,
    "metricsPort": 8080,
    "pools": {
        "p": {
            "groups": {"spot": "a", "on-demand": "b"},
            "zones": ["z"],
            "bounds": {"spot": [0, 3], "on-demand": [0, 2]},
            "knobs": {"boot": 60.0, "serves": 20.0, "spotPrice": 0.3},
            "provisionSeconds": 600,
            "models": {"m": {"graceSeconds": 100, "startSeconds": 60}},
            "dryRun": False,
        }
    },
}


def test_every_key_arrives() -> None:
    found = read_settings(json.dumps(GOOD))
    pool = found.pools["p"]
    assert (pool.knobs.boot, pool.knobs.serves, pool.knobs.spot_price) == (60, 20, 0.3)
    assert pool.bounds["spot"] == (0, 3)
    assert pool.models["m"].grace_seconds == 100
    assert found.notice_seconds == 120


def test_nodes_that_wait_stopped_are_told_of_or_not() -> None:
    assert read_settings(json.dumps(GOOD)).pools["p"].warm is None
    content = deepcopy(dict(GOOD))
    content["pools"]["p"] |= {"warm": {"nodes": 2, "drawSeconds": 45}}
    content["pools"]["p"]["knobs"]["warmBoot"] = 40.0
    pool = read_settings(json.dumps(content)).pools["p"]
    assert pool.warm == WarmSettings(nodes=2, draw_seconds=45)
    assert pool.knobs.warm_boot == 40


def _without(pool: dict[str, Any], key: str) -> None:
    del pool[key]


SPOILT: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing": (lambda p: _without(p, "zones"), "settings.pools.p: .*zones"),
    "unknown": (lambda p: p.update(x=1), "settings.pools.p: unknown x"),
    "knob": (lambda p: p["knobs"].update(luck=1), "settings.pools.p.knobs: unknown luck"),
    "bounds": (lambda p: p["bounds"].update(spot=[3, 1]), "settings.pools.p.bounds.spot"),
    "model": (
        lambda p: p["models"].update(m={}),
        "settings.pools.p.models.m: .*graceSeconds|grace",
    ),
    "warm pool": (lambda p: p.update(warm={"nodes": 2}), "settings.pools.p.warm: .*draw_seconds"),
    "not a mapping": (lambda p: p.update(models=[]), "settings.pools.p.models: not a mapping"),
}


@pytest.mark.parametrize("row", list(SPOILT))
def test_what_is_wrong_is_named_with_its_place(row: str) -> None:
    spoil, message = SPOILT[row]
    content = deepcopy(dict(GOOD))
    spoil(content["pools"]["p"])
    with pytest.raises(SettingsError, match=message):
        read_settings(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pools": 1}'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="settings"):
        read_settings(text)
