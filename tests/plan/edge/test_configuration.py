"""Envoy's files as the plan renders them; what Envoy makes of them is tests/edge."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.plan.edge.names import CLIENTS, NAMES
from tokenfleet.plan.edge.envoy.bootstrap import bootstrap, checked_bootstrap
from tokenfleet.plan.edge.envoy.clusters import cluster
from tokenfleet.plan.edge.envoy.memory import memory_limit_mib
from tokenfleet.plan.edge.envoy.routes import routes
from tokenfleet.plan.edge.served import first_token_seconds

KEYS = {
    "alice": ["key-of-alice"],
    "bob": ["key-of-bob-1", "key-of-bob-2"],
    "carol": ["key-of-carol"],
}
ENGINE_KEY = "key-of-engines"
GOLDEN = Path(__file__).parents[2] / "golden" / "edge"
CHAT, VECTORS = NAMES


def _routes(names: Sequence[Any] = NAMES, clients: Sequence[Any] = CLIENTS) -> list[Any]:
    found: Any = routes(names, clients, KEYS, ENGINE_KEY)
    return found["resources"][0]["virtual_hosts"][0]["routes"]


def _values(document: object) -> Iterator[object]:
    if isinstance(document, Mapping):
        for value in cast("Mapping[str, object]", document).values():
            yield from _values(value)
    elif isinstance(document, list):
        for value in cast("list[object]", document):
            yield from _values(value)
    else:
        yield document


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("envoy.json", bootstrap(NAMES, max_request_mib=4)),
        ("rds.json", routes(NAMES, CLIENTS, KEYS, ENGINE_KEY)),
    ],
)
def test_envoys_files_are_as_recorded(
    name: str, document: object, request: pytest.FixtureRequest
) -> None:
    text = json.dumps(document, indent=1) + "\n"
    path = GOLDEN / name
    if request.config.getoption("--write-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_no_key_stands_in_what_is_no_secret() -> None:
    text = json.dumps(bootstrap(NAMES, max_request_mib=4))
    assert not [key for keys in [*KEYS.values(), [ENGINE_KEY]] for key in keys if key in text]


def test_a_checked_bootstrap_differs_in_its_routes_alone() -> None:
    document: Any = routes(NAMES, CLIENTS, KEYS, ENGINE_KEY)
    files: list[Any] = [
        json.loads(json.dumps(found))
        for found in (
            bootstrap(NAMES, max_request_mib=4),
            checked_bootstrap(NAMES, document, max_request_mib=4),
        )
    ]
    managers = [
        found["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        for found in files
    ]
    assert managers[0].pop("rds")
    inside = managers[1].pop("route_config")
    assert inside["virtual_hosts"] == document["resources"][0]["virtual_hosts"]
    assert files[0] == files[1]


def test_another_name_moves_no_route_and_no_cluster_of_the_others() -> None:
    more = [*NAMES, replace(VECTORS, name="words")]
    mine = [found for found in _routes(more) if "route" in found and found["name"] != "words"]
    assert mine == [found for found in _routes() if "route" in found]
    assert [cluster(name) for name in more][: len(NAMES)] == [cluster(name) for name in NAMES]


def test_another_key_changes_nothing_but_keys() -> None:
    texts = [
        json.dumps(routes(NAMES, CLIENTS, keys, ENGINE_KEY)).replace(json.dumps(found), "")
        for keys in (KEYS, {**KEYS, "alice": ["a-new-key"]})
        for found in [[{"key": k, "client": c} for c, given in keys.items() for k in given]]
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("key", ["50%", "%REQ(x)%", "%%"])
def test_an_engines_key_is_no_pattern_of_envoys(key: str) -> None:
    values = list(_values(routes(NAMES, CLIENTS, KEYS, key)))
    assert f"Bearer {key.replace('%', '%%')}" in values
    assert f"Bearer {key}" not in values


def test_a_fallback_is_asked_after_two_others_and_only_where_there_is_one() -> None:
    priorities = {
        found["name"]: found["route"]["retry_policy"].get("retry_priority")
        for found in _routes()
        if "route" in found
    }
    assert priorities["vectors"] is None
    assert priorities["chat"]["typed_config"]["update_frequency"] == 2


@pytest.mark.parametrize(
    ("most_replicas", "retries"), [(1, 2), (2, 2), (3, 2), (4, 3), (5, 3), (100, 3)]
)
def test_as_many_tries_as_there_are_other_replicas_within_reason(
    most_replicas: int, retries: int
) -> None:
    backends = [replace(VECTORS.backends[0], most_replicas=most_replicas)]
    (found,) = [
        found for found in _routes([replace(VECTORS, backends=backends)], []) if "route" in found
    ]
    assert found["route"]["retry_policy"]["num_retries"] == retries


@pytest.mark.parametrize(
    ("ttft_p99_ms", "seconds"), [(200, 60), (30_000, 60), (30_001, 62), (90_000, 180)]
)
def test_a_promised_wait_is_not_taken_for_a_hang(ttft_p99_ms: int, seconds: int) -> None:
    assert first_token_seconds(ttft_p99_ms) == seconds


def test_without_a_limit_no_request_is_counted() -> None:
    document: Any = routes(NAMES, [client for client in CLIENTS if client.name != "bob"], KEYS, "k")
    host = document["resources"][0]["virtual_hosts"][0]
    assert list(host["typed_per_filter_config"]) == ["envoy.filters.http.api_key_auth"]


def test_a_secret_holds_twenty_models_and_a_hundred_clients() -> None:
    """1 MiB is all that one may hold: Kubernetes refuses it otherwise."""
    models = [replace(CHAT, name=f"a-model-of-the-edge-{number}") for number in range(20)]
    some = [model.name for model in models[:10]]
    clients = [replace(CLIENTS[1], name=f"a-client-{n}", models=some) for n in range(100)]
    keys = {client.name: [f"{client.name:0>64}", f"{client.name:1>64}"] for client in clients}
    found = routes(models, clients, keys, ENGINE_KEY)
    checked = checked_bootstrap(models, found, max_request_mib=4)
    assert len(json.dumps(found)) + len(json.dumps(checked)) < 2**20


def test_the_worst_body_fits_into_memory() -> None:
    """1 MiB of `1,` took 90 MiB while it was read (2026-11-30); Envoy itself takes 71."""
    for mib in (1, 4, 64):
        assert memory_limit_mib(mib) * 0.9 > 71 + 90 * mib
