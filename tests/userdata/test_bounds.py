"""How many requests a replica has inside: what is in front of the engine counts them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.middleware import middleware

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Engine = Callable[[Message, object, Send], Awaitable[None]]

OTHERS, BATCH = "interactive", "batch"
METRICS_KEY = "the-key-to-metrics"
PATHS = ("/v1/completions", "/v1/embeddings", "/v1/chat/completions", "/classify")
HEAD: Message = {"type": "http.response.start", "status": 200, "headers": []}
STREAM: Message = {**HEAD, "headers": [(b"content-type", b"text/event-stream")]}
# After which whoever still waits for an answer goes away.
_AWAY_SECONDS = 0.1
REFUSED = b'data: {"error": {"message": "no", "code": 503}}\n\n'

# Variables, what is inside already, who asks, what it is answered.
ROWS: Mapping[str, tuple[Mapping[str, str], Sequence[str], str, int]] = {
    "a place is left": ({"REQUESTS_BOUND": "3"}, [OTHERS] * 2, OTHERS, 200),
    "none is left": ({"REQUESTS_BOUND": "3"}, [OTHERS] * 3, OTHERS, 503),
    "the engine holds": ({}, [OTHERS] * 50, OTHERS, 200),
    "batch, a place of its share is left": ({"BATCH_BOUND": "2"}, [BATCH], BATCH, 200),
    "batch, its share is taken": ({"BATCH_BOUND": "2"}, [BATCH] * 2, BATCH, 503),
    "batch, others have its share": ({"BATCH_BOUND": "2"}, [OTHERS] * 9, BATCH, 503),
    "batch has its share, another asks": ({"BATCH_BOUND": "2"}, [BATCH] * 2, OTHERS, 200),
    "both, none is left": (
        {"REQUESTS_BOUND": "3", "BATCH_BOUND": "1"},
        [BATCH, OTHERS, OTHERS],
        OTHERS,
        503,
    ),
    "both, one is left": (
        {"REQUESTS_BOUND": "3", "BATCH_BOUND": "1"},
        [BATCH, OTHERS],
        OTHERS,
        200,
    ),
}


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str], Engine], Any]:
    """The front of an engine, started with these variables."""

    def start(variables: Mapping[str, str], engine: Engine) -> Any:  # noqa: ANN401 - as ASGI has it
        for name in ("REQUESTS_BOUND", "BATCH_BOUND"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"METRICS_KEY": METRICS_KEY, **variables}.items():
            monkeypatch.setenv(name, value)
        return middleware("engine_front").EngineFront(engine)

    return start


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_beyond_its_bound_a_replica_refuses_as_vllm_does(
    row: tuple[Mapping[str, str], Sequence[str], str, int], path: str, front: Callable[..., Any]
) -> None:
    variables, inside, who, status = row

    async def ask() -> Sequence[Message]:
        gate = asyncio.Event()
        app = front(variables, _waiting(gate))
        async with _inside(app, inside):
            asked = asyncio.ensure_future(_asked(app, path, who))
            # Whoever gets in waits for the gate; a refusal does not.
            await asyncio.sleep(0)
            assert asked.done() == (status == 503)
            gate.set()
            return await asked

    head, body = asyncio.run(ask())
    assert head["status"] == status
    if status == 503:
        assert json.loads(body["body"])["error"] == {
            "message": "The replica is at capacity.",
            "type": "Service Unavailable",
            "param": None,
            "code": 503,
        }


async def _done(_: Message, __: object, send: Send) -> None:
    await send(HEAD)
    await send({"type": "http.response.body", "body": b"{}"})


async def _broken(_: Message, __: object, send: Send) -> None:
    await send(HEAD)
    msg = "the engine died"
    raise RuntimeError(msg)


async def _unanswered(_: Message, __: object, ___: object) -> None:
    raise ValueError


async def _refused_in_a_stream(_: Message, __: object, send: Send) -> None:
    await send(STREAM)
    await send({"type": "http.response.body", "body": REFUSED})


async def _cancelled(_: Message, __: object, ___: object) -> None:
    await asyncio.Event().wait()


async def _lost(_: Message, __: object, ___: object) -> None:
    msg = "the client is gone"
    raise OSError(msg)


@pytest.mark.parametrize(
    "ending", [_done, _broken, _unanswered, _refused_in_a_stream, _cancelled, _lost]
)
def test_a_place_is_free_again_however_an_answer_ends(
    ending: Engine, front: Callable[..., Any]
) -> None:
    async def ask() -> int:
        ends = iter([ending, _done])

        async def engine(scope: Message, receive: object, send: Send) -> None:
            await next(ends)(scope, receive, send)

        app = front({"REQUESTS_BOUND": "1"}, engine)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(_asked(app, PATHS[0], OTHERS), _AWAY_SECONDS)
        return (await _asked(app, PATHS[0], OTHERS))[0]["status"]

    assert asyncio.run(ask()) == 200


UNCOUNTED = [
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/v1/models"),
    ("POST", "/invocations"),
]


@pytest.mark.parametrize(("method", "path"), UNCOUNTED)
def test_what_infers_nothing_is_answered_when_all_places_are_taken(
    method: str, path: str, front: Callable[..., Any]
) -> None:
    async def ask() -> int:
        gate = asyncio.Event()
        app = front({"REQUESTS_BOUND": "1"}, _waiting(gate))
        async with _inside(app, [OTHERS]):
            gate.set()
            return (await _asked(app, path, BATCH, method=method))[0]["status"]

    assert asyncio.run(ask()) == (404 if path == "/invocations" else 200)


@pytest.mark.parametrize(("method", "path"), UNCOUNTED)
def test_what_infers_nothing_takes_no_place(
    method: str, path: str, front: Callable[..., Any]
) -> None:
    async def ask() -> int:
        gate = asyncio.Event()
        app = front({"REQUESTS_BOUND": "1", "BATCH_BOUND": "1"}, _waiting(gate))
        others = [asyncio.ensure_future(_asked(app, path, OTHERS, method=method)) for _ in range(3)]
        await asyncio.sleep(0)
        asked = asyncio.ensure_future(_asked(app, PATHS[0], BATCH))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*others)
        return (await asked)[0]["status"]

    assert asyncio.run(ask()) == 200


def _waiting(gate: asyncio.Event) -> Engine:
    """An engine that answers nothing until the gate is open."""

    async def engine(scope: Message, receive: object, send: Send) -> None:
        await gate.wait()
        await _done(scope, receive, send)

    return engine


@contextlib.asynccontextmanager
async def _inside(app: Any, who: Sequence[str]) -> AsyncGenerator[None]:  # noqa: ANN401 - as ASGI has it
    """While requests of these are inside."""
    asked = [asyncio.ensure_future(_asked(app, PATHS[0], one)) for one in who]
    await asyncio.sleep(0)
    assert not [one for one in asked if one.done()]
    yield
    assert {(await one)[0]["status"] for one in asked} == {200}


async def _asked(
    app: Any,  # noqa: ANN401 - as ASGI has it
    path: str,
    who: str,
    *,
    method: str = "POST",
) -> Sequence[Message]:
    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [(b"authorization", f"Bearer {METRICS_KEY}".encode())]
    if who == BATCH:
        headers.append((b"x-client-priority", b"batch"))
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    await app(scope, None, send)
    return answers
