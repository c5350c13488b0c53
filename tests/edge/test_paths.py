"""What is open: the paths of a model's task and the list of models, as they are written."""

import asyncio

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import KEYS, Envoy
from tokenfleet.plan.serving.warm_up import ROUTES
from tokenfleet.task import Task

KEY = KEYS["alice"][0]
_MODELS: dict[Task, str] = {
    "generate": "writes",
    "embed": "embeds",
    "rerank": "ranks",
    "classify": "sorts",
}
_OPEN = sorted({route for routes in ROUTES.values() for route in routes})


@pytest.fixture(scope="module")
def engine(module_edges: Edges) -> ScriptedEngine:
    return module_edges.engine()


@pytest.fixture(scope="module")
def envoy(module_edges: Edges, engine: ScriptedEngine) -> Envoy:
    return module_edges.envoy(
        *(served([engine], name, task=task, routes=ROUTES[task]) for task, name in _MODELS.items())
    )


@pytest.mark.parametrize("path", _OPEN)
@pytest.mark.parametrize("task", _MODELS)
def test_a_model_answers_on_the_paths_of_its_task_alone(
    envoy: Envoy, engine: ScriptedEngine, task: Task, path: str
) -> None:
    engine.forget()
    answer = asyncio.run(Client(envoy.port, KEY).complete(_MODELS[task], path=path))
    asked = [request["target"] for request in engine.did()["requests"]]
    if path in ROUTES[task]:
        assert (answer.ending, asked) == ("complete", [path])
    else:
        assert (answer.status, answer.code, asked) == (404, "wrong_path_for_model", [])


_TRICKS = [
    "/V1/completions",
    "//v1/completions",
    "/v1//completions",
    "/v1/completions/",
    "/v1/completions;a=b",
    "/v1/completions%3Fa",
    "/v1/completions%00",
    "/v1/completions#a",
    "/v1/%63ompletions",
    "/v1%2Fcompletions",
    "/v1%5Ccompletions",
    "/v1\\completions",
    "/v1/./completions",
    "/v1/models/../completions",
    "/v1/models/..;/completions",
    "/v1/models/%2e%2e/completions",
    "/v1/models/..%2Fcompletions",
    "http://edge/v1/completions",
    "http://edge//v1/completions",
    "v1/completions",
    "*",
    "/",
    "/health",
    "/metrics",
    "/load",
    "/version",
    "/docs",
    "/openapi.json",
    "/ping",
    "/tokenize",
    "/detokenize",
    "/invocations",
    "/inference/v1/generate",
    "/v1/messages",
    "/v1/models",
    "/v1/load_lora_adapter",
    "/stats/prometheus",
    "/ready",
    "/quitquitquit",
    "/v1/completions/../../metrics",
    "/v1/completions?/../../metrics#",
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", _TRICKS)
def test_no_other_path_reaches_an_engine(
    envoy: Envoy, engine: ScriptedEngine, path: str, method: str
) -> None:
    engine.forget()
    body = b'{"model": "writes"}'
    answer = asyncio.run(Client(envoy.port, KEY).send(method, path, body))
    expected = {200} if (method, path) == ("GET", "/v1/models") else {400, 404}
    assert answer.status in expected
    assert engine.did()["requests"] == []


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post"]
)
def test_no_other_method_reaches_an_engine(
    envoy: Envoy, engine: ScriptedEngine, method: str
) -> None:
    engine.forget()
    body = b'{"model": "writes"}'
    answer = asyncio.run(Client(envoy.port, KEY).send(method, "/v1/completions", body))
    assert answer.status in {400, 404}
    assert engine.did()["requests"] == []


_HEAD = f"POST /v1/completions HTTP/1.1\r\nhost: e\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
_INSIDE = f"{_HEAD}content-length: 19\r\n\r\n" + '{"model": "writes"}'


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
        (f"{_HEAD}connection: upgrade\r\nupgrade: websocket\r\n\r\n", {403}),
        (f"{_HEAD}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: \r\n\r\n", {400, 403}),
        (f"{_HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{_INSIDE}", {400}),
        (f"{_HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}{_INSIDE}", {400}),
        (f"{_HEAD}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{_INSIDE}", {400, 501}),
        (f"{_HEAD} content-length: 19\r\n\r\n" + '{"model": "writes"}', {400}),
        (_INSIDE.replace("HTTP/1.1", "HTTP/1.0"), {426}),
        (_INSIDE.replace("HTTP/1.1", "HTTP/2.0"), {400, 426}),
        (_INSIDE.replace("host: e\r\n", ""), {400}),
        (_INSIDE.replace("/v1/", "/v1%2f"), {400}),
        (_INSIDE.replace("host: e", f"host: e\r\nx-long: {'a' * 61 * 1024}"), {431}),
        (_INSIDE.replace("host: e", "host: e\r\n" + "x-many: 1\r\n" * 120 + "x-last: 1"), {431}),
    ],
    ids=lambda value: str(value)[-60:],
)  # fmt: skip
def test_what_two_servers_could_read_in_two_ways_is_refused(
    envoy: Envoy, engine: ScriptedEngine, sent: str, statuses: set[int]
) -> None:
    engine.forget()
    answer = asyncio.run(Client(envoy.port, KEY).raw(sent.encode()))
    assert answer.status in statuses
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert answer.header("content-type") == "application/json"
    assert engine.did()["requests"] == []


# Codex until 2026, and a name that others could take for the edge's own.
@pytest.mark.parametrize("header", ["session_id", "x_client_id", "content_length"])
def test_a_header_with_an_underscore_is_dropped_and_its_request_answered(
    envoy: Envoy, engine: ScriptedEngine, header: str
) -> None:
    engine.forget()
    asked = Client(envoy.port, KEY).complete("writes", headers=[(header, "alice")])
    assert asyncio.run(asked).ending == "complete"
    (request,) = engine.did()["requests"]
    assert header not in {name for name, _ in request["headers"]}
