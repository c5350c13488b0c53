"""What is written about requests, and what may be read of the edge from elsewhere."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, client, served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import KEYS, Envoy

ALICE, BOB = KEYS["alice"][0], KEYS["bob"][0]


@pytest.fixture(scope="module")
def engine(module_edges: Edges) -> ScriptedEngine:
    return module_edges.engine()


@pytest.fixture(scope="module")
def envoy(module_edges: Edges, engine: ScriptedEngine) -> Envoy:
    return module_edges.envoy(
        served([engine], adapters=["m-sql"]), clients=[client("bob", requests=1)]
    )


def test_a_line_tells_who_asked_whom_how_it_went_and_nothing_of_the_prompt(
    envoy: Envoy, engine: ScriptedEngine
) -> None:
    prompt = "the-words-of-a-prompt"
    asked: dict[str, Any] = {
        "prompt": prompt,
        "max_tokens": 9,
        "messages": [prompt],
        "user": prompt,
    }
    answer = asyncio.run(
        Client(envoy.port, ALICE).complete("m-sql", path="/v1/completions?a=b", **asked)
    )
    line = envoy.logged(answer)
    assert {
        name: line[name]
        for name in ("client", "method", "path", "model", "max_tokens", "status", "attempts")
    } == {
        "client": "alice",
        "method": "POST",
        "path": "/v1/completions",
        "model": "m-sql",
        "max_tokens": 9,
        "status": 200,
        "attempts": 1,
    }
    assert line["upstream"] == f"127.0.0.1:{engine.port}"
    assert prompt not in envoy.log()


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "secret" * 1000},
        {"model": 'secret"}\n{"client": "root"'},
        {"max_tokens": "secret" * 20},
        {"max_tokens": "secret" * 2000},
        {"n": "secret" * 20},
        {"stream": "secret" * 20},
        {"stream": "secret" * 2000},
        {"prompt_cache_key": "secret" * 2000},
        {"path": "/" + "secret" * 1000},
    ],
    ids=lambda value: str(value)[:40],
)
def test_no_field_of_a_request_fills_the_log(envoy: Envoy, asked: dict[str, Any]) -> None:
    envoy.all_logged()
    before = len(envoy.log())
    request: dict[str, Any] = {"model": "m", **asked}
    answer = asyncio.run(Client(envoy.port, ALICE).complete(**request))
    envoy.logged(answer)
    written = envoy.log()[before:]
    assert len(written) < 800
    assert written.count("secret") <= 128 / len("secret")
    assert json.loads(written)["client"] == "alice"


def test_requests_are_counted_by_client_model_and_status(envoy: Envoy) -> None:
    async def ask() -> None:
        bob = Client(envoy.port, BOB)
        for _ in range(3):
            await bob.complete()
        await bob.complete("made-up")
        await Client(envoy.port, "wrong").complete()

    asyncio.run(ask())
    envoy.all_logged()
    lines = set(envoy.metrics().splitlines())
    counted = {line for line in lines if line.startswith("envoy_edge_requests{")}
    assert 'envoy_edge_requests{client="bob",model="m",status="200"} 1' in counted
    assert 'envoy_edge_requests{client="bob",model="m",status="429"} 2' in counted
    assert 'envoy_edge_requests{client="",model="",status="401"} 1' in counted
    assert "made-up" not in envoy.metrics()


def _status(url: str, method: str) -> int:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/stats/prometheus", 200),
        ("/ready", 200),
        ("/", 404),
        ("/stats", 404),
        ("/stats/prometheus/", 404),
        ("/ready/../config_dump", 404),
        ("/config_dump", 404),
        ("/clusters", 404),
        ("/quitquitquit", 404),
        ("/healthcheck/fail", 404),
        ("/logging", 404),
        ("/v1/models", 404),
    ],
)
def test_metrics_and_readiness_are_all_that_others_may_read(
    envoy: Envoy, path: str, status: int
) -> None:
    assert _status(f"{envoy.metrics_url}{path}", "GET") == status
    assert _status(f"{envoy.metrics_url}{path}", "POST") == 404


def test_the_door_of_envoy_itself_is_on_loopback_and_shows_no_clients_key(envoy: Envoy) -> None:
    with urllib.request.urlopen(f"{envoy.admin_url}/config_dump", timeout=30) as answer:  # noqa: S310 - our own address
        dumped = answer.read().decode()
    assert "ApiKeyAuthPerRoute" in dumped
    assert not [key for keys in KEYS.values() for key in keys if key in dumped]
