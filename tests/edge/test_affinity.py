"""Requests that begin alike meet the same replica."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.edge.client import Answer, Client, Headers
from tests.edge.edges import Edges, served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import Envoy
from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.plan.edge.envoy.balancing import PREFIX_STATE
from tokenfleet.plan.edge.served import ServedName

_BY_PREFIX = AffinityPlan(kind="prefix", reason="a test")
_CHAT, _COMPLETIONS, _RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"
_LONG = "abcdefgh" * 200


def _by_prefix(*engines: ScriptedEngine, adapters: Sequence[str] = ()) -> ServedName:
    return replace(served(engines, adapters=adapters), affinity=_BY_PREFIX)


def _shows_keys(routes: Any) -> None:  # noqa: ANN401 - JSON
    """Else nobody could see them."""
    shown = {"header": {"key": "x-key", "value": f"%FILTER_STATE({PREFIX_STATE}:PLAIN)%"}}
    for route in routes["resources"][0]["virtual_hosts"][0]["routes"]:
        route["response_headers_to_add"] = [shown, *route.get("response_headers_to_add", [])]


@pytest.fixture(scope="module")
def envoy(module_edges: Edges) -> Envoy:
    name = _by_prefix(module_edges.engine(), adapters=["adapted"])
    return module_edges.envoy(name, edit_routes=_shows_keys, max_request_mib=4)


def _asked(envoy: Envoy, path: str, body: Mapping[str, object], headers: Headers = ()) -> Answer:
    text = json.dumps({"model": "m", "max_tokens": 1, **body}, ensure_ascii=False).encode()
    return _sent(envoy, path, text, headers)


def _sent(envoy: Envoy, path: str, body: bytes, headers: Headers = ()) -> Answer:
    client = Client(envoy.port, "key-of-alice-1")
    return asyncio.run(client.send("POST", path, body, headers))


_SYSTEM = {"role": "system", "content": "Be brief."}
_USER = {"role": "user", "content": "Who?"}


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        pytest.param(_CHAT, {"messages": [_SYSTEM, _USER]}, "m||Be brief.Who?", id="chat"),
        pytest.param(
            _CHAT,
            {"messages": [{"content": [{"type": "text", "text": "Who?"}], "role": "user"}]},
            "m||Who?",
            id="parts",
        ),
        pytest.param(
            _CHAT,
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,A"}},
                            {"type": "text", "text": "What is it?"},
                        ],
                    }
                ]
            },
            "m||What is it?",
            id="an image",
        ),
        pytest.param(
            _CHAT,
            {"tools": [{"function": {"name": "f", "description": "g"}}], "messages": [_USER]},
            "m||Who?",
            id="tools",
        ),
        pytest.param(
            _CHAT,
            {"messages": [_SYSTEM], "model": "adapted"},
            "adapted||Be brief.",
            id="an adapter",
        ),
        pytest.param(_CHAT, {"messages": [_USER], "cache_salt": "s"}, "m|s|Who?", id="a salt"),
        pytest.param(_COMPLETIONS, {"prompt": "Once"}, "m||Once", id="completion"),
        pytest.param(_COMPLETIONS, {"prompt": ["Once", "Twice"]}, "m||OnceTwice", id="a list"),
        pytest.param(_COMPLETIONS, {"prompt": [11, 12]}, "m||[11, 12]", id="tokens"),
        pytest.param(_COMPLETIONS, {"prompt": "Grüße"}, "m||Grüße", id="not ASCII"),
        pytest.param(_COMPLETIONS, {"prompt": 'a "b\\'}, 'm||a \\"b\\\\', id="escapes"),
        pytest.param(_COMPLETIONS, {"prompt": _LONG}, f"m||{_LONG[:1024]}", id="the first KiB"),
        pytest.param(
            _RESPONSES,
            {"input": "Who?", "instructions": "Be brief."},
            "m||Be brief.Who?",
            id="instructions first",
        ),
        pytest.param(
            _RESPONSES,
            {"input": _LONG, "instructions": "Be brief."},
            f"m||Be brief.{_LONG[:1015]}",
            id="instructions after much",
        ),
        pytest.param(
            _RESPONSES,
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Who?"}]}]},
            "m||Who?",
            id="input parts",
        ),
        pytest.param(
            _CHAT,
            {"metadata": {"messages": "no", "prompt": "no"}, "messages": [_USER]},
            "m||Who?",
            id="names further down",
        ),
    ],
)
def test_a_request_is_known_by_how_its_prompt_begins(
    envoy: Envoy, path: str, body: Mapping[str, object], key: str
) -> None:
    answer = _asked(envoy, path, body)
    found = (answer.header("x-key") or "").encode("latin-1").decode()
    assert (answer.status, found) == (200, f"prompt|{key}")


@pytest.mark.parametrize(
    ("body", "headers", "key"),
    [
        ({"prompt_cache_key": "k"}, [], "session|alice|k"),
        (
            {"prompt_cache_key": "k"},
            [("x-session-id", "x"), ("session-id", "s")],
            "session|alice|k",
        ),
        ({}, [("session-id", "s"), ("x-session-id", "x")], "session|alice|x"),
        ({}, [("session-id", "s")], "session|alice|s"),
        ({"prompt_cache_key": ""}, [], "prompt|m||p"),
        ({"prompt_cache_key": {"a": 1}}, [("session-id", "s")], "session|alice|s"),
        ({"prompt_cache_key": "k" * 10_000}, [], "prompt|m||p"),
        ({"user": "u"}, [("user", "u")], "prompt|m||p"),
    ],
)
def test_what_a_client_says_of_its_session_goes_first(
    envoy: Envoy, body: Mapping[str, object], headers: Headers, key: str
) -> None:
    answer = _asked(envoy, _COMPLETIONS, {"prompt": "p", **body}, headers)
    assert (answer.status, answer.header("x-key")) == (200, key)


@pytest.mark.parametrize(
    "header", [PREFIX_STATE, "x-client-id", "X-Client-Id", "x-envoy-hash", "x-key"]
)
def test_no_header_sets_the_key_and_neither_replica_nor_log_is_shown_it(
    module_edges: Edges, header: str
) -> None:
    engine = module_edges.engine()
    envoy = module_edges.envoy(_by_prefix(engine), edit_routes=_shows_keys)
    answer = _asked(envoy, _CHAT, {"messages": [_USER]}, [(header, "mine"), ("session-id", "s")])
    assert answer.header("x-key") == "session|alice|s"
    sent = engine.did()["requests"][-1]["headers"]
    assert not [value for _, value in sent if "session|" in value or "prompt|" in value]
    assert "session|" not in envoy.log()


_MIB = 2**20


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"model":"m","prompt":"' + b"a" * (4 * _MIB - 64) + b'"}', id="4 MiB"),
        pytest.param(b'{"model":"m","prompt":"' + b"\\" * _MIB + b'"}', id="backslashes"),
        pytest.param(b'{"model":"m","prompt":"' + b'\\"' * _MIB + b'"}', id="quotes"),
        pytest.param(b'{"model":"m","messages":' + b"[" * _MIB, id="brackets"),
        pytest.param(b'{"model":"m","a":' + b"[" * 900 + b"]" * 900 + b"}", id="deep"),
        pytest.param(b'{"model":"m","a":[' + b'"",' * _MIB + b'""]}', id="many strings"),
        pytest.param(b'{"model":"m","a":[' + b"1," * _MIB + b'1],"prompt":"p"}', id="far away"),
        pytest.param(b'{"model":"m",' + b'"prompt":"p",' * 200_000 + b'"a":1}', id="again"),
        pytest.param(b'{"model":"m","prompt":"\\ud800\\u0000\xff"}', id="no text"),
        pytest.param(b'{"model":"m","prompt":"a\0b"}', id="NUL"),
        pytest.param(b"{", id="cut"),
        pytest.param(b'{"model":"m","prompt":"', id="cut in a text"),
        pytest.param(b'{"model":"m","prompt"', id="cut after a name"),
        pytest.param(b'{"model":"m","prompt":}', id="no value"),
        pytest.param(b'{"model":"m","prompt":null,"messages":7,"input":{}}', id="odd values"),
        pytest.param(b'{"model":"m"}', id="no prompt"),
        pytest.param(b'"model"', id="a text"),
        pytest.param(b"[]" * 1000, id="closed"),
        pytest.param(b"}}}]]]", id="closed too often"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_no_body_makes_the_script_fail_or_wait(envoy: Envoy, body: bytes) -> None:
    before = envoy.processor_seconds()
    answer = _sent(envoy, _COMPLETIONS, body)
    # Envoy itself parses 4 MiB in less.
    assert envoy.processor_seconds() - before < 5
    assert answer.status in (200, 400, 404)
    assert envoy.stats()["http.edge.lua.errors"] == 0, envoy.log()
    assert _asked(envoy, _CHAT, {"messages": [_USER]}).status == 200


_KEYS = [str(number) for number in range(32)]


def _edge(edges: Edges, **engines: ScriptedEngine) -> Envoy:
    """Once it may choose all of them."""
    envoy = edges.envoy(_by_prefix(*engines.values()))
    envoy.await_healthy("m", len(engines))
    return envoy


def _engines(edges: Edges, **behaviour: object) -> dict[str, ScriptedEngine]:
    return {name: edges.engine(name, **behaviour) for name in "abc"}


def _servers(envoy: Envoy, key: str, times: int) -> Sequence[str]:
    """Who served so many requests of one session, one after the other."""
    client = Client(envoy.port, "key-of-alice-1")

    async def all_of_them() -> Sequence[Answer]:
        return [await client.complete(prompt_cache_key=key, max_tokens=1) for _ in range(times)]

    answers = asyncio.run(all_of_them())
    assert {answer.ending for answer in answers} == {"complete"}
    return [answer.json()["served_by"] for answer in answers]


def test_one_session_has_one_replica_and_many_have_all(edges: Edges) -> None:
    envoy = _edge(edges, **_engines(edges))
    servers = [set(_servers(envoy, key, 3)) for key in _KEYS]
    assert [len(own) for own in servers] == [1] * len(_KEYS)
    assert {server for own in servers for server in own} == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("fault", "most_others"),
    # Who drains or resets is ejected, and the ring without him is another one.
    [("full", 1), ("drain", 2), ("reset", 2)],
)
def test_who_is_not_served_by_his_replica_is_by_another_and_comes_back(
    edges: Edges, fault: str, most_others: int
) -> None:
    engines = _engines(edges)
    envoy = _edge(edges, **engines)
    (own,) = set(_servers(envoy, "k", 2))
    engines[own].behave(fault=fault)
    others = set(_servers(envoy, "k", 10))
    assert own not in others
    assert len(others) <= most_others
    engines[own].behave(fault="")
    deadline = time.monotonic() + 40  # an ejection takes ten seconds
    while _servers(envoy, "k", 1) != [own]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_replica_moves_its_own_sessions_and_few_others(edges: Edges) -> None:
    engines = _engines(edges)
    envoy = _edge(edges, **engines)
    by_key = {key: set(_servers(envoy, key, 1)) for key in _KEYS}
    engines["a"].kill()
    # Each is answered at once. The ring is another one when "a" is out of it, which a request or a
    # health check of some seconds brings about: a session may have two replicas until then.
    for key in _KEYS:
        _servers(envoy, key, 1)
    envoy.await_healthy("m", 2)
    after = {key: set(_servers(envoy, key, 2)) for key in by_key}
    others = {key: own for key, own in by_key.items() if own != {"a"}}
    # The ring keeps its size, so that those left get points between each other's: a sixth moves.
    assert sum(after[key] == own for key, own in others.items()) > len(others) / 2
    assert {frozenset(servers) for servers in after.values()} == {frozenset("b"), frozenset("c")}


def test_a_beginning_that_all_share_leaves_no_replica_idle(edges: Edges) -> None:
    engines = _engines(edges, slots=100)
    envoy = _edge(edges, **engines)
    for engine in engines.values():
        engine.behave(first=3600.0)
    client = Client(envoy.port, "key-of-alice-1", patience=600)

    def running() -> Sequence[int]:
        return sorted(int(engine.did()["running"]) for engine in engines.values())

    async def one_after_the_other() -> Sequence[int]:
        held: list[asyncio.Task[Answer]] = []
        for number in range(1, 31):
            held.append(asyncio.create_task(client.complete(prompt="the same", max_tokens=1)))
            # Envoy counts a request once its connection stands.
            while sum(await asyncio.to_thread(running)) < number:
                await asyncio.sleep(0)
        for task in held:
            task.cancel()
        return running()

    # 110 % of a third of 30 is 11, and who is at the bound may take one more.
    idle, _, busy = asyncio.run(asyncio.wait_for(one_after_the_other(), 300))
    assert busy <= 12
    assert idle > 0
