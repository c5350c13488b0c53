"""When the head of an answer leaves the engine: that of a stream with its first token."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import pytest

from tests.middleware import middleware

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

CREATED, IN_PROGRESS = b"event: response.created\n", b"event: response.in_progress\n"
TOKEN, DONE = b'data: {"choices": [{"text": "a"}]}\n\n', b"data: [DONE]\n\n"
DELTA = b'event: response.output_text.delta\ndata: {"delta": "a"}\n\n'
KEPT_ALIVE = b": keep-alive\n\n"
BUSY = "The engine is currently busy"
ERROR = {"message": BUSY, "type": "Service Unavailable", "param": None, "code": 503}
REFUSED = f"data: {json.dumps({'error': ERROR})}\n\n".encode()

# Parts that the engine sends, and how many of its messages have to be there until its head leaves.
STREAMS: Mapping[str, tuple[Sequence[bytes], int]] = {
    "tokens": ([TOKEN, TOKEN, DONE], 2),
    "responses": ([CREATED, IN_PROGRESS, DELTA], 4),
    "a comment while it waits in the queue": ([KEPT_ALIVE, TOKEN], 2),
    "an error behind a token": ([TOKEN, REFUSED, DONE], 2),
    "nothing": ([b""], 2),
}


class QueueOverflowError(Exception):
    """As vLLM's, which knows its status."""

    http_status = HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("name", list(STREAMS))
def test_the_head_of_a_stream_leaves_with_its_first_token(name: str) -> None:
    parts, needed = STREAMS[name]
    left_after: list[int] = []

    async def engine(_: Message, __: object, send: Send) -> None:
        for count, message in enumerate(_stream(parts), start=1):
            await send(message)
            if answers and not left_after:
                left_after.append(count)

    answers: list[Message] = []
    _run(engine, answers)
    assert left_after == [needed]
    assert answers == _stream(parts)


def test_an_answer_that_is_no_stream_leaves_as_it_comes() -> None:
    seen: list[int] = []

    async def engine(_: Message, __: object, send: Send) -> None:
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        seen.append(len(answers))
        await send({"type": "http.response.body", "body": b"{}"})

    answers: list[Message] = []
    _run(engine, answers)
    assert (seen, len(answers)) == ([1], 2)


def test_a_refusal_inside_a_stream_is_answered_as_one() -> None:
    async def engine(_: Message, __: object, send: Send) -> None:
        for message in _stream([REFUSED, DONE]):
            await send(message)

    assert _refusal(engine) == (503, ERROR)


@pytest.mark.parametrize("before", [[], [CREATED], [CREATED, IN_PROGRESS]])
def test_a_stream_that_fails_before_a_token_is_a_refusal(before: list[bytes]) -> None:
    async def engine(_: Message, __: object, send: Send) -> None:
        for message in _stream([*before, b""])[:-1]:
            await send(message)
        raise RuntimeError from QueueOverflowError(BUSY)

    assert _refusal(engine) == (503, ERROR)


@pytest.mark.parametrize(
    ("parts", "cause"), [([TOKEN], QueueOverflowError(BUSY)), ([CREATED], ValueError("a mistake"))]
)
def test_what_else_fails_stays_the_server_s(parts: list[bytes], cause: Exception) -> None:
    """It closes the connection of an answer that has begun, and says 500 where none has."""

    async def engine(_: Message, __: object, send: Send) -> None:
        for message in _stream([*parts, b""])[:-1]:
            await send(message)
        raise RuntimeError from cause

    with pytest.raises(RuntimeError):
        _run(engine, [])


def _stream(parts: Sequence[bytes]) -> list[Message]:
    head = [(b"content-type", b"text/event-stream; charset=utf-8")]
    last = len(parts) - 1
    return [
        {"type": "http.response.start", "status": 200, "headers": head},
        *(
            {"type": "http.response.body", "body": part, "more_body": number < last}
            for number, part in enumerate(parts)
        ),
    ]


def _refusal(engine: object) -> tuple[int, Mapping[str, object]]:
    answers: list[Message] = []
    _run(engine, answers)
    head, body = answers
    assert dict(head["headers"])[b"content-length"] == b"%d" % len(body["body"])
    return head["status"], json.loads(body["body"])["error"]


def _run(engine: object, answers: list[Message]) -> None:
    async def send(message: Message) -> None:
        answers.append(message)

    front = middleware("engine_front").EngineFront(engine)
    scope: Message = {"type": "http", "path": "/v1/completions", "headers": []}
    asyncio.run(front(scope, None, send))
