"""What is wrong with a request is said by whoever sees it first, in the shape that clients read."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.engine.edge.places import ASKED, BOUND, CONTEXT_LENGTH, ask, posted
from tests.engine.engine import Engine

COMPLETION = "/v1/completions"
JSON = "application/json"
DEEP = b'{"model": "%s", "prompt": ' + b"[" * 5000 + b"]" * 5000 + b"}"

# What of a completion is changed, and what the engine answers (0.32.0).
TO_THE_ENGINE: Mapping[str, tuple[Mapping[str, object], int]] = {
    "tokens by a word": ({"max_tokens": "many"}, 400),
    "tokens below none": ({"max_tokens": -5}, 400),
    "no tokens": ({"max_tokens": 0}, 400),
    "tokens beyond any number": ({"max_tokens": 1e300}, 400),
    "half a token": ({"max_tokens": 2.5}, 400),
    "tokens as a list": ({"max_tokens": [5]}, 400),
    "more tokens than the context": ({"max_tokens": CONTEXT_LENGTH + 1}, 400),
    "tokens by a truth": ({"max_tokens": True}, 200),
    "tokens by digits": ({"max_tokens": "5"}, 200),
    "a prompt longer than the context": ({"prompt": "a " * CONTEXT_LENGTH}, 400),
    "the same as a stream": ({"prompt": "a " * CONTEXT_LENGTH, "stream": True}, 400),
    "a large body": ({"prompt": "a " * 450_000}, 400),
    "no choices": ({"n": 0}, 400),
    "a grammar that is none": ({"response_format": {"type": "regex"}}, 400),
}
# A body of another kind: (content type, bytes, status, code).
TO_THE_EDGE: Mapping[str, tuple[str, bytes, int, str]] = {
    "no JSON": (JSON, b"{nope", 400, "invalid_json"),
    "another content type": ("text/plain", b'{"model": "%s"}', 400, "invalid_json"),
    "JSON of another kind": ("application/vnd.api+json", b'{"model": "%s"}', 400, "invalid_json"),
    "not a number": (JSON, b'{"model": "%s", "max_tokens": NaN}', 400, "invalid_json"),
    "nested too deep": (JSON, DEEP, 400, "invalid_json"),
    "another model": (JSON, b'{"model": "another", "prompt": "Hi"}', 404, "model_not_found"),
    "no model": (JSON, b'{"prompt": "Hi"}', 400, "missing_model"),
}


@pytest.mark.parametrize("name", list(TO_THE_ENGINE))
def test_the_engine_s_word_on_a_request_reaches_the_client(
    name: str, client: Client, pair: Sequence[Engine]
) -> None:
    changed, status = TO_THE_ENGINE[name]
    body = {"model": pair[0].model, "prompt": "Hi", "max_tokens": 2, **changed}
    answer = asyncio.run(posted(client, COMPLETION, body))
    assert (answer.status, answer.header("content-type")) == (status, JSON), answer
    if status != 200:
        error = _error(answer)
        assert (error["code"], error["message"] != "") == (status, True)


@pytest.mark.parametrize("name", list(TO_THE_EDGE))
def test_what_the_edge_refuses_no_engine_sees(
    name: str, client: Client, pair: Sequence[Engine]
) -> None:
    kind, body, status, code = TO_THE_EDGE[name]
    sent = body.replace(b"%s", pair[0].model.encode())
    answer = asyncio.run(client.send("POST", COMPLETION, sent, [("content-type", kind)]))
    assert (answer.status, _error(answer)["code"]) == (status, code)


@pytest.mark.parametrize(
    "body", [b'{"model": "another", "model": "%s"', b'\xef\xbb\xbf{"model": "%s"']
)
def test_edge_and_engine_read_the_same_model(
    body: bytes, client: Client, pair: Sequence[Engine]
) -> None:
    """Else a client that may use one model could name another to the engine."""
    sent = body.replace(b"%s", pair[0].model.encode()) + b', "prompt": "Hi", "max_tokens": 1}'
    answer = asyncio.run(client.send("POST", COMPLETION, sent))
    assert (answer.status, answer.json()["model"]) == (200, pair[0].model)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"n": BOUND + 1}, 400, "too_many_answers"),
        # The edge does not look into prompts; that it is never let in, docs/edge.md says.
        ({"prompt": ["Hi"] * (BOUND + 1)}, 429, "at_capacity"),
        ({"n": BOUND}, 200, ""),
        ({"prompt": ["Hi"] * BOUND}, 200, ""),
    ],
)
def test_each_answer_that_a_request_asks_for_takes_a_place(
    asked: Mapping[str, object],
    status: int,
    code: str,
    client: Client,
    pair: Sequence[Engine],
) -> None:
    body = {"model": pair[0].model, "prompt": "Hi", "max_tokens": 1, **asked}
    answer = asyncio.run(posted(client, COMPLETION, body))
    assert answer.status == status
    if status == 200:
        assert len(answer.json()["choices"]) == BOUND
    else:
        assert _error(answer)["code"] == code


@pytest.mark.parametrize("path", list(ASKED))
def test_an_answer_says_what_it_used_and_a_stream_on_request(
    path: str, client: Client, pair: Sequence[Engine]
) -> None:
    model = pair[0].model
    whole = asyncio.run(ask(client, path, model, 3))
    assert _used(whole.json()["usage"]) == 3
    wanted = {} if path == "/v1/responses" else {"stream_options": {"include_usage": True}}
    streamed = asyncio.run(ask(client, path, model, 3, stream=True, **wanted))
    # Tokens may be any characters, so that lines end at line feeds alone.
    lines = streamed.body.decode().split("\n")
    parts: list[Any] = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert _used(parts[-1].get("usage") or parts[-1]["response"]["usage"]) == 3


@pytest.mark.parametrize("path", ["/metrics", "/invocations", "/tokenize", "/health", "/version"])
def test_the_edge_leads_to_no_other_route_of_the_engine(path: str, client: Client) -> None:
    answer = asyncio.run(client.send("GET", path))
    assert (answer.status, _error(answer)["code"]) == (404, "not_found")


def _error(answer: Answer) -> Mapping[str, Any]:
    error = answer.json()["error"]
    assert {"message", "type", "param", "code"} == error.keys()
    return error


def _used(usage: Mapping[str, int]) -> int:
    return usage.get("completion_tokens") or usage["output_tokens"]
