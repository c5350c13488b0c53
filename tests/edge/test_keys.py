"""Who may call: keys of clients, which go no further and are written nowhere."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.edge.client import Answer, Client, Headers
from tests.edge.edges import Edges, served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import ENGINE_KEY, KEYS, Envoy

ALICE, ALICE_TOO = KEYS["alice"]
(BOB,) = KEYS["bob"]
_EVERY_KEY = [key for keys in KEYS.values() for key in keys]


@pytest.fixture(scope="module")
def engine(module_edges: Edges) -> ScriptedEngine:
    return module_edges.engine()


@pytest.fixture(scope="module")
def envoy(module_edges: Edges, engine: ScriptedEngine) -> Envoy:
    return module_edges.envoy(served([engine]))


@pytest.mark.parametrize(("key", "client"), [(ALICE, "alice"), (ALICE_TOO, "alice"), (BOB, "bob")])
def test_every_key_of_a_client_opens_and_the_log_names_the_client(
    envoy: Envoy, key: str, client: str
) -> None:
    answer = asyncio.run(Client(envoy.port, key).complete())
    assert answer.ending == "complete"
    assert envoy.logged(answer)["client"] == client


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_a_scheme_is_of_either_case(envoy: Envoy, scheme: str) -> None:
    headers = [("authorization", f"{scheme} {ALICE}")]
    answer = asyncio.run(Client(envoy.port, BOB).complete(headers=headers))
    assert envoy.logged(answer)["client"] == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer wrong")],
        [("authorization", "")],
        [("authorization", "Bearer ")],
        [("authorization", f"Basic {ALICE}")],
        [("authorization", ALICE)],
        [("authorization", f"Bearer{ALICE}")],
        [("authorization", f"Bearer\t{ALICE}")],
        [("authorization", f"Bearer Bearer {ALICE}")],
        [("authorization", ""), ("proxy-authorization", f"Bearer {ALICE}")],
        [("authorization", f"Bearer {ALICE.upper()}")],
        [("authorization", f"Bearer {ALICE[:-1]}")],
        [("authorization", f"Bearer {ALICE} ,Bearer {BOB}")],
        [("authorization", f"Bearer {ALICE}"), ("authorization", f"Bearer {BOB}")],
        [("authorization", f"Bearer {ENGINE_KEY}")],
        [("authorization", ""), ("x-api-key", ALICE)],
        [("authorization", ""), ("x-client-id", "alice")],
        [("authorization", ""), ("cookie", f"authorization={ALICE}")],
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/models", "/", "/nowhere", "/metrics"])
def test_no_path_opens_without_a_key(envoy: Envoy, path: str, headers: Headers) -> None:
    method = "POST" if path == "/v1/completions" else "GET"
    answer = asyncio.run(Client(envoy.port, ALICE).send(method, path, headers=headers))
    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert answer.header("www-authenticate") == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        [("x-client-id", "alice")],
        [("X-CLIENT-ID", "alice")],
        [("x-client-id", "alice"), ("X-Client-Id", "root")],
        [("x-client-id", "bob"), ("x-client-id", "alice")],
    ],
    ids=str,
)
def test_a_header_makes_nobody_another_client(
    envoy: Envoy, engine: ScriptedEngine, headers: Headers
) -> None:
    answer = asyncio.run(Client(envoy.port, BOB).complete(headers=headers))
    assert envoy.logged(answer)["client"] == "bob"
    names = [name for name, _ in engine.did()["requests"][-1]["headers"]]
    assert "x-client-id" not in names


def test_engines_get_their_own_key_and_never_a_clients(
    envoy: Envoy, engine: ScriptedEngine
) -> None:
    engine.forget()
    elsewhere = ["api-key", "cookie", "proxy-authorization", "X-API-Key"]
    headers = [(name, f"Bearer {ALICE}") for name in elsewhere]
    asyncio.run(Client(envoy.port, ALICE).complete(headers=headers))
    (request,) = engine.did()["requests"]
    sent = [value for name, value in request["headers"] if name == "authorization"]
    assert sent == [f"Bearer {ENGINE_KEY}"]
    assert ALICE not in str(request)


def test_no_key_is_logged_wherever_a_client_puts_it(envoy: Envoy) -> None:
    client = Client(envoy.port, ALICE)

    async def everywhere() -> Sequence[Answer]:
        wrong = [("authorization", f"Basic {BOB}")]
        elsewhere = [
            ("referer", BOB),
            ("user-agent", BOB),
            ("x-api-key", BOB),
            ("x-request-id", BOB),
        ]
        return [
            await client.send("GET", f"/v1/models?key={ALICE}&api-key={BOB}"),
            await client.send("GET", "/v1/models", headers=wrong),
            await client.send("GET", "/v1/models", headers=elsewhere),
            await client.complete(prompt=f"my key is {BOB}", max_tokens=BOB, n=BOB, stream=BOB),
            await client.send("GET", f"/v1/{ALICE}"),
            await client.send("GET", f"/v1/models/{ALICE}", authorized=False),
            await client.send("GET", f"/v1%2f{ALICE}"),
            await client.complete(path=f"/v1/completions;{ALICE}"),
        ]

    assert len([envoy.logged(answer) for answer in asyncio.run(everywhere())]) == 8
    assert not [key for key in [*_EVERY_KEY, ENGINE_KEY] if key in envoy.log()]


def _credentials(document: Any) -> Any:  # noqa: ANN401 - JSON
    host = document["resources"][0]["virtual_hosts"][0]
    return host["typed_per_filter_config"]["envoy.filters.http.api_key_auth"]["credentials"]


def _twice(document: Any) -> None:  # noqa: ANN401 - JSON
    _credentials(document).append(dict(_credentials(document)[0]))


def _a_number(document: Any) -> None:  # noqa: ANN401 - JSON
    _credentials(document)[0]["key"] = 5


def _nobodys(document: Any) -> None:  # noqa: ANN401 - JSON
    _credentials(document)[0]["client"] = ""


def _no_domain(document: Any) -> None:  # noqa: ANN401 - JSON
    document["resources"][0]["virtual_hosts"][0]["domains"] = []


def _misspelt(document: Any) -> None:  # noqa: ANN401 - JSON
    document["resources"][0]["virtual_hosts"][0]["route"] = []


def _nowhere(document: Any) -> None:  # noqa: ANN401 - JSON
    for route in document["resources"][0]["virtual_hosts"][0]["routes"]:
        route.get("route", {})["cluster"] = "nowhere"


@pytest.mark.parametrize("broken", [_twice, _a_number, _nobodys, _no_domain, _misspelt, _nowhere])
def test_a_wrong_file_of_routes_is_counted_changes_nothing_and_shows_no_key(
    edges: Edges, broken: Callable[[Any], None]
) -> None:
    envoy = edges.envoy(served([edges.engine()]))
    document = envoy.routes()
    broken(document)
    envoy.publish(document)
    _is_refused_in_silence(envoy)


def test_half_a_file_of_routes_is_counted_changes_nothing_and_shows_no_key(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]))
    envoy.publish(json.dumps(envoy.routes())[:-20])
    _is_refused_in_silence(envoy)


def _is_refused_in_silence(envoy: Envoy) -> None:
    envoy.await_stat("http.edge.rds.edge.update_attempt", 2)
    stats = envoy.stats()
    refused = [stats[f"http.edge.rds.edge.update_{kind}"] for kind in ("failure", "rejected")]
    assert sum(refused) == 1
    assert "envoy_http_rds_update_rejected" in envoy.metrics()
    assert asyncio.run(Client(envoy.port, ALICE).complete()).ending == "complete"
    assert not [key for key in [*_EVERY_KEY, ENGINE_KEY] if key in envoy.log()]


def test_keys_change_under_streams_and_no_stream_ends(edges: Edges) -> None:
    engine = edges.engine(slots=16, early_headers=True, held=True)
    envoy = edges.envoy(served([engine]))
    changed = envoy.routes()
    _credentials(changed)[:] = [{"key": "a-new-key", "client": "alice"}]

    async def rotate() -> None:
        client = Client(envoy.port, ALICE, patience=60)
        streams = [asyncio.ensure_future(client.complete(stream=True)) for _ in range(8)]
        while (await asyncio.to_thread(engine.did))["running"] < len(streams):
            await asyncio.sleep(0.05)
        envoy.publish(changed)
        new = Client(envoy.port, "a-new-key")
        while (await new.send("GET", "/v1/models")).status == 401:
            await asyncio.sleep(0.05)
        assert (await Client(envoy.port, ALICE).complete()).status == 401
        assert not any(stream.done() for stream in streams)
        await asyncio.to_thread(engine.behave, held=False)
        assert (await new.complete()).ending == "complete"
        assert {answer.ending for answer in await asyncio.gather(*streams)} == {"complete"}

    asyncio.run(rotate())
