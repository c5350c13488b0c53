"""Which replicas answer to a name, and who may use it."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, client, served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import KEYS, Envoy
from tests.edge.load import held

ALICE, BOB = KEYS["alice"][0], KEYS["bob"][0]


@pytest.fixture(scope="module")
def engines(module_edges: Edges) -> Mapping[str, ScriptedEngine]:
    return {name: module_edges.engine(name) for name in ("m", "n")}


@pytest.fixture(scope="module")
def envoy(module_edges: Edges, engines: Mapping[str, ScriptedEngine]) -> Envoy:
    names = [
        served([engines["m"]], "m", adapters=["m-sql", "m.law"]),
        served([engines["n"]], "n"),
    ]
    return module_edges.envoy(*names, clients=[client("bob", models=["n", "m-sql"])])


@pytest.mark.parametrize(
    ("model", "engine"), [("m", "m"), ("m-sql", "m"), ("m.law", "m"), ("n", "n")]
)
def test_a_name_and_its_adapters_lead_to_its_replicas(
    envoy: Envoy, model: str, engine: str
) -> None:
    answer = asyncio.run(Client(envoy.port, ALICE).complete(model))
    assert (answer.json()["served_by"], answer.json()["model"]) == (engine, model)


@pytest.mark.parametrize(
    ("key", "models"), [(ALICE, ["m", "m-sql", "m.law", "n"]), (BOB, ["m-sql", "n"])]
)
def test_the_list_has_what_the_client_may_use(envoy: Envoy, key: str, models: list[str]) -> None:
    listed = asyncio.run(Client(envoy.port, key).send("GET", "/v1/models"))
    assert listed.header("content-type") == "application/json"
    assert [model["id"] for model in listed.json()["data"]] == models
    for model in models:
        assert asyncio.run(Client(envoy.port, key).complete(model)).ending == "complete"


@pytest.mark.parametrize("model", ["m", "m.law"])
def test_a_client_without_a_model_is_told_so_and_others_may_use_it(
    envoy: Envoy, model: str
) -> None:
    refused = asyncio.run(Client(envoy.port, BOB).complete(model))
    assert (refused.status, refused.code) == (403, "model_not_allowed")
    assert asyncio.run(Client(envoy.port, ALICE).complete(model)).ending == "complete"


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ('{"model": "x"}', 404, "model_not_found", "model"),
        ('{"model": "M"}', 404, "model_not_found", "model"),
        ('{"model": " m"}', 404, "model_not_found", "model"),
        ('{"model": "m\\u0000"}', 404, "model_not_found", "model"),
        ('{"model": "mxlaw"}', 404, "model_not_found", "model"),
        ('{"model": ""}', 404, "model_not_found", "model"),
        ('{"model": 5}', 404, "model_not_found", "model"),
        ('{"model": "m", "model": "x"}', 404, "model_not_found", "model"),
        ('{"model": "-missing-"}', 400, "missing_model", "model"),
        ('{"model": null}', 400, "missing_model", "model"),
        ('{"model": ["m"]}', 400, "missing_model", "model"),
        ('{"prompt": "m"}', 400, "missing_model", "model"),
        ('["m"]', 400, "missing_model", "model"),
        ('"m"', 400, "missing_model", "model"),
        ("", 400, "missing_model", "model"),
        ("model=m", 400, "invalid_json", None),
        ('{"model": "m"', 400, "invalid_json", None),
        ('{"model": "m"} {"model": "n"}', 400, "invalid_json", None),
        ('{"model": "m", "a": NaN}', 400, "invalid_json", None),
        ('{"model": "m", "a": "\udcff"}', 400, "invalid_json", None),
        ('{"model": "m", "prompt": "\\ud800"}', 400, "invalid_json", None),
        ("[" * 900_000, 400, "invalid_json", None),
        ('{"model":"m","a":' + "[" * 400_000 + "]" * 400_000 + "}", 400, "invalid_json", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_names_no_model_is_refused_as_openai_does(
    envoy: Envoy, body: str, status: int, code: str, param: str | None
) -> None:
    sent = body.encode(errors="surrogateescape")
    answer = asyncio.run(Client(envoy.port, ALICE).send("POST", "/v1/completions", sent))
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["param"]) == (status, code, param)
    assert set(error) == {"message", "type", "param", "code"}
    assert answer.header("content-type") == "application/json"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON ;charset=UTF-8", 200),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/jsonp", 400),
        ("", 400),
    ],
)
def test_json_is_what_says_that_it_is(envoy: Envoy, kind: str, status: int) -> None:
    answer = asyncio.run(
        Client(envoy.port, ALICE).send(
            "POST", "/v1/completions", b'{"model": "m"}', [("content-type", kind)]
        )
    )
    assert answer.status == status


def test_of_two_models_in_a_body_edge_and_engine_take_the_same(
    envoy: Envoy, engines: Mapping[str, ScriptedEngine]
) -> None:
    sent = b'{"model": "n", "model": "m"}'
    answer = asyncio.run(Client(envoy.port, ALICE).send("POST", "/v1/completions", sent))
    body = engines["m"].did()["requests"][-1]["body"]
    assert (answer.json()["served_by"], json.loads(body)["model"]) == ("m", "m")


def test_a_client_may_not_use_a_model_that_it_names_second(envoy: Envoy) -> None:
    sent = b'{"model": "n", "model": "m"}'
    answer = asyncio.run(Client(envoy.port, BOB).send("POST", "/v1/completions", sent))
    assert answer.status == 403


def _served_by(envoy: Envoy, requests: int) -> Counter[str]:
    async def ask() -> list[Answer]:
        asked = (Client(envoy.port, ALICE).complete() for _ in range(requests))
        return await asyncio.gather(*asked)

    return Counter(answer.json()["served_by"] for answer in asyncio.run(ask()))


def test_a_name_on_two_pools_fills_them_by_what_their_replicas_hold(edges: Edges) -> None:
    small, large = edges.engine("small"), edges.engine("large", slots=32)
    envoy = edges.envoy(served([small, large], weights=[8, 32]))
    envoy.await_healthy("m", 2)
    asks = [Client(envoy.port, ALICE, patience=60).complete] * 40
    answers = asyncio.run(held([small, large], asks, fit=40))
    share = Counter(answer.json()["served_by"] for answer in answers)["large"] / 40
    assert share == pytest.approx(0.8, abs=0.05)


def test_a_fallback_serves_only_while_the_first_has_too_few_healthy_replicas(
    edges: Edges,
) -> None:
    first, second = edges.engine("first"), edges.engine("second")
    envoy = edges.envoy(served([first, second], priorities=[0, 1]))
    envoy.await_healthy("m", 2)
    assert _served_by(envoy, 20) == {"first": 20}
    first.kill()
    envoy.await_healthy("m", 1)
    assert _served_by(envoy, 20) == {"second": 20}
    first.restart()
    envoy.await_healthy("m", 2)
    assert _served_by(envoy, 20) == {"first": 20}


def test_a_fallback_takes_what_the_first_has_no_room_for(edges: Edges) -> None:
    first, second = edges.engine("first", fault="full"), edges.engine("second")
    envoy = edges.envoy(served([first, second], priorities=[0, 1]))
    envoy.await_healthy("m", 2)
    assert _served_by(envoy, 20) == {"second": 20}


def test_clients_of_the_same_models_are_told_of_them_alike(edges: Edges) -> None:
    names = [served([edges.engine(name)], name) for name in ("m", "n")]
    envoy = edges.envoy(*names, clients=[client(who, models=["n"]) for who in ("alice", "bob")])
    for key in (ALICE, BOB):
        asked = Client(envoy.port, key)
        listed = asyncio.run(asked.send("GET", "/v1/models"))
        assert [model["id"] for model in listed.json()["data"]] == ["n"]
        assert asyncio.run(asked.complete("m")).code == "model_not_allowed"
        assert asyncio.run(asked.complete("n")).ending == "complete"


def test_a_list_of_many_models_is_answered_whole(edges: Edges) -> None:
    adapters = [f"adapter-number-{number}" for number in range(60)]
    envoy = edges.envoy(served([edges.engine()], "m", adapters=adapters))
    listed = asyncio.run(Client(envoy.port, ALICE).send("GET", "/v1/models"))
    assert [model["id"] for model in listed.json()["data"]] == ["m", *adapters]


@pytest.mark.parametrize("name", ["admin", "edge", "metrics"])
def test_a_model_may_be_called_as_parts_of_the_edge_are(edges: Edges, name: str) -> None:
    envoy = edges.envoy(served([edges.engine()], name))
    assert asyncio.run(Client(envoy.port, ALICE).complete(name)).ending == "complete"
