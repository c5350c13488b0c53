"""What clients get: honest refusals, nothing of the inside, no answer twice."""

import asyncio
import socket
import urllib.request
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import KEYS, Envoy, replaced
from tests.edge.load import held

KEY = KEYS["alice"][0]


def _ask(envoy: Envoy, **asked: Any) -> Answer:  # noqa: ANN401 - JSON
    return asyncio.run(Client(envoy.port, KEY).complete(**asked))


def _burst(envoy: Envoy, engine: ScriptedEngine, *, fit: int, **asked: Any) -> list[Answer]:  # noqa: ANN401 - JSON
    """Nine at once, of which so many fit."""
    ask = partial(Client(envoy.port, KEY, patience=60).complete, **asked)
    return asyncio.run(held([engine], [ask] * 9, fit=fit))


@pytest.mark.parametrize("stream", [False, True])
def test_a_full_engine_is_a_429_that_says_when_to_come_back(edges: Edges, *, stream: bool) -> None:
    engine = edges.engine(slots=2, bound=3)
    answers = _burst(edges.envoy(served([engine])), engine, fit=3, stream=stream)
    refused = [answer for answer in answers if answer.status == 429]
    assert Counter(answer.ending for answer in answers) == {"complete": 3, "refused": 6}
    assert {(answer.code, answer.header("retry-after")) for answer in refused} == {
        ("at_capacity", "7")
    }


def test_the_guard_of_the_edge_refuses_as_a_full_engine_does(edges: Edges) -> None:
    engine = edges.engine(slots=9)
    answers = _burst(edges.envoy(served([engine], guard=3)), engine, fit=3)
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 6
    assert {(answer.code, answer.header("retry-after")) for answer in refused} == {
        ("at_capacity", "7")
    }


def test_without_a_replica_clients_are_told_how_long_a_start_takes(edges: Edges) -> None:
    engine = edges.engine()
    envoy = edges.envoy(served([engine]))
    engine.kill()
    envoy.await_healthy("m", 0)
    answer = _ask(envoy)
    assert (answer.status, answer.code) == (503, "no_replica")
    assert answer.header("retry-after") == "90"


def test_an_engine_that_refuses_the_edges_key_is_no_fault_of_the_client(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine(status=401)]))
    answer = _ask(envoy)
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.header("retry-after") == "7"
    assert answer.header("www-authenticate") is None


@pytest.mark.parametrize("status", [400, 404, 422, 501])
def test_what_an_engine_says_of_a_request_comes_through_as_it_is(edges: Edges, status: int) -> None:
    """`max_tokens` that is no number, below 1 or beyond the context among it: engines judge that."""
    engine = edges.engine(status=status)
    answer = _ask(edges.envoy(served([engine])), max_tokens="many")
    assert (answer.status, answer.json()["error"]["message"]) == (status, "as told")
    assert len(engine.did()["requests"]) == 1


@pytest.fixture(scope="module")
def plain(module_edges: Edges) -> Envoy:
    return module_edges.envoy(served([module_edges.engine()]))


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/models", "/nowhere", "/v1%2fmodels"])
@pytest.mark.parametrize("authorized", [True, False])
def test_answers_say_nothing_of_the_inside(plain: Envoy, path: str, *, authorized: bool) -> None:
    method, body = ("POST", b'{"model": "m"}') if "completions" in path else ("GET", b"")
    one = Client(plain.port, KEY)
    answer = asyncio.run(one.send(method, path, body, authorized=authorized))
    allowed = {"content-type", "content-length", "date", "x-request-id", "connection"}
    allowed |= {"www-authenticate"} if answer.status == 401 else set()
    assert {name for name, _ in answer.headers} <= allowed
    assert b"envoy" not in answer.body.lower()


@pytest.mark.parametrize(
    "header",
    [
        "x-envoy-retry-on",
        "x-envoy-max-retries",
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-upstream-alt-stat-name",
        "X-Envoy-Original-Path",
        "x-envoy-internal",
        "x-envoy-expected-rq-timeout-ms",
    ],
)
def test_clients_cannot_instruct_envoy_and_engines_see_none_of_it(
    edges: Edges, header: str
) -> None:
    engine = edges.engine(first=0.2)
    answer = asyncio.run(
        Client(edges.envoy(served([engine])).port, KEY).complete(headers=[(header, "1")])
    )
    (request,) = engine.did()["requests"]
    assert answer.ending == "complete"
    assert not [name for name, _ in request["headers"] if name.startswith("x-envoy")]


def test_a_request_has_one_id_for_client_engine_and_log(edges: Edges) -> None:
    engine = edges.engine()
    envoy = edges.envoy(served([engine]))
    own = [("x-request-id", "mine")]
    answer = asyncio.run(Client(envoy.port, KEY).complete(headers=own))
    (request,) = engine.did()["requests"]
    ids = {answer.header("x-request-id"), dict(request["headers"])["x-request-id"]}
    assert ids == {envoy.logged(answer)["id"]}
    assert "mine" not in ids


def test_a_large_body_is_sent_to_another_replica_too(edges: Edges) -> None:
    engines = [edges.engine(fault="drain"), edges.engine()]
    envoy = edges.envoy(served(engines), max_request_mib=4)
    envoy.await_healthy("m", 2)
    answers = [_ask(envoy, prompt="x" * 3 * 2**20) for _ in range(6)]
    assert {answer.ending for answer in answers} == {"complete"}
    assert engines[0].did()["requests"]


def test_an_answer_that_began_is_not_asked_for_again(edges: Edges) -> None:
    engines = [edges.engine(fault="die") for _ in range(2)]
    envoy = edges.envoy(served(engines))
    answer = _ask(envoy, stream=True, max_tokens=9)
    assert (answer.ending, answer.status) == ("broken", 200)
    assert sum(len(engine.did()["requests"]) for engine in engines) == 1


def _impatient(document: Any) -> None:  # noqa: ANN401 - JSON
    for route in document["resources"][0]["virtual_hosts"][0]["routes"]:
        policy = route.get("route", {}).get("retry_policy", {})
        if policy.get("per_try_idle_timeout") == "60s":
            policy["per_try_idle_timeout"] = "1s"


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_only_of_streams_a_late_first_byte_means_that_an_engine_hangs(
    edges: Edges, *, stream: bool
) -> None:
    late, quick = edges.engine(first=3.0), edges.engine()
    envoy = edges.envoy(served([late, quick], priorities=[0, 1]), edit_routes=_impatient)
    # Else the quick one may be the first that is found.
    envoy.await_healthy("m", 2)
    answer = _ask(envoy, stream=stream)
    assert answer.ending == "complete"
    assert (envoy.logged(answer)["attempts"] > 1) is stream


def test_tokens_apart_do_not_end_a_stream_and_silence_does(edges: Edges) -> None:
    def impatient(document: Any) -> None:  # noqa: ANN401 - JSON
        replaced(document, "idle_timeout", "3s")
        replaced(document, "per_try_idle_timeout", "3s")

    # Together longer than that, and each a fifth of it: a busy machine lets a token be late.
    slow, silent = edges.engine(between=0.6), edges.engine(between=9.0)
    names = [served([slow]), served([silent], "n")]
    envoy = edges.envoy(*names, edit_routes=impatient)
    assert _ask(envoy, stream=True, max_tokens=7).ending == "complete"
    assert _ask(envoy, model="n", stream=True, max_tokens=5).ending == "broken"


def _without_memory(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
    replaced(bootstrap, "max_heap_size_bytes", 1)


def test_an_edge_without_memory_refuses_and_says_when_to_come_back(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]), edit=_without_memory)
    envoy.await_stat("overload.envoy.overload_actions.stop_accepting_requests.active", 1)
    answer = _ask(envoy)
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.header("retry-after") == "5"
    _is_probed_and_scraped(envoy)


def _with_few_connections(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
    replaced(bootstrap, "max_active_downstream_connections", 2)


def test_an_edge_with_all_the_connections_it_takes_is_not_taken_for_ill(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]), edit=_with_few_connections)
    with ExitStack() as kept:
        for _ in range(2):
            kept.enter_context(socket.create_connection(("127.0.0.1", envoy.port)))
        envoy.await_stat("http.edge.downstream_cx_active", 2)
        assert _ask(envoy).ending == "broken"
        _is_probed_and_scraped(envoy)


def _is_probed_and_scraped(envoy: Envoy) -> None:
    for page in ("/live", "/ready", "/stats/prometheus"):
        with urllib.request.urlopen(envoy.metrics_url + page, timeout=30) as answer:  # noqa: S310 - our own address
            assert answer.status == 200
