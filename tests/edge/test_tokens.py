"""Tokens that a client with a limit of them asks for: counted, or refused where they cannot be."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, client, served
from tests.edge.envoy import KEYS, Envoy

ALICE, BOB = KEYS["alice"][0], KEYS["bob"][0]
_CHAT, _TEXT, _RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"


def _ask(envoy: Envoy, key: str, **asked: Any) -> Answer:  # noqa: ANN401 - JSON
    return asyncio.run(Client(envoy.port, key).complete(**asked))


_COUNTED: list[tuple[str, Mapping[str, Any], int]] = [
    (_TEXT, {"max_tokens": 7}, 7),
    (_CHAT, {"max_tokens": 7}, 7),
    (_CHAT, {"max_completion_tokens": 7}, 7),
    (_CHAT, {"max_completion_tokens": 3, "max_tokens": 7}, 7),
    (_CHAT, {"max_completion_tokens": 7, "max_tokens": None}, 7),
    (_RESPONSES, {"max_output_tokens": 7}, 7),
    (_RESPONSES, {"max_output_tokens": 7, "prompt": ["a", "b"]}, 7),
    (_TEXT, {"max_tokens": 7, "max_output_tokens": 1}, 7),
    (_TEXT, {"max_tokens": 7, "n": 3}, 21),
    (_TEXT, {"max_tokens": 7, "n": None}, 7),
    (_TEXT, {"max_tokens": 7.0}, 7),
    (_TEXT, {"max_tokens": 7, "prompt": ["a", "b", "c"]}, 21),
    (_TEXT, {"max_tokens": 7, "prompt": ["a"]}, 7),
    (_TEXT, {"max_tokens": 7, "prompt": []}, 7),
    (_TEXT, {"max_tokens": 7, "prompt": [1, 2, 3]}, 7),
    (_TEXT, {"max_tokens": 7, "prompt": [[1, 2], [3]]}, 14),
    (_TEXT, {"max_tokens": 7, "prompt": ["a", "b"], "n": 2}, 28),
    (_TEXT, {"max_tokens": 7, "prompt": None, "prompt_embeds": ["a", "b", "c"]}, 21),
    (_TEXT, {"max_tokens": 7, "prompt": ["a", "b"], "prompt_embeds": ["c"]}, 21),
    (_TEXT, {"max_tokens": 7, "prompt": 'a", "max_tokens": 90, "b\\'}, 7),
    (_TEXT, {"max_tokens": 7, "prompt": ['"[', '\\"', "]}"]}, 21),
    (_CHAT, {"max_tokens": 7, "messages": [{"content": {"max_tokens": 90, "n": 9}}]}, 7),
]

# One for each token that Bob may ask for in a minute, and one more.
_MANY = '"prompt": [' + ", ".join(['"a"'] * 1001) + "]"


@pytest.fixture(scope="module")
def counting(module_edges: Edges) -> Envoy:
    """Bob's bucket is one that no row empties."""
    names = [served([module_edges.engine()]), served([module_edges.engine()], "n")]
    return module_edges.envoy(*names, clients=[client("bob", tokens=1000)])


@pytest.mark.parametrize(("path", "asked", "tokens"), _COUNTED, ids=str)
def test_tokens_are_those_of_all_answers_to_all_prompts(
    edges: Edges, path: str, asked: Mapping[str, Any], tokens: int
) -> None:
    envoy = edges.envoy(served([edges.engine()]), clients=[client("bob", tokens=tokens + 1)])
    began = time.monotonic()
    assert _ask(envoy, BOB, path=path, **asked).status == 200
    refused = _ask(envoy, BOB, max_tokens=tokens + 1)
    assert refused.status == 429
    seconds, waited = 60 * tokens / (tokens + 1), time.monotonic() - began
    assert seconds - waited - 3 < int(refused.header("retry-after") or 0) < seconds + 3


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({}, "max_tokens"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": "7"}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": -5}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 7.5}, "max_tokens"),
        ({"max_tokens": 1e300}, "max_tokens"),
        ({"max_tokens": 2**70}, "max_tokens"),
        ({"max_tokens": [7]}, "max_tokens"),
        ({"max_tokens": {"max_tokens": 7}}, "max_tokens"),
        ({"max_output_tokens": 7}, "max_tokens"),
        ({"max_completion_tokens": 7}, "max_tokens"),
        ({"max_tokens": 1001}, "max_tokens"),
        ({"max_tokens": 501, "n": 2}, "max_tokens"),
        ({"max_tokens": 1, "prompt": ["a"] * 1001}, "max_tokens"),
        ({"max_tokens": 7, "n": "2"}, "n"),
        ({"max_tokens": 7, "n": 0}, "n"),
        ({"max_tokens": 7, "n": 1.5}, "n"),
        ({"path": _RESPONSES, "max_tokens": 7}, "max_output_tokens"),
        ({"path": _CHAT}, "max_completion_tokens"),
        ({"path": _CHAT + "?a=b"}, "max_completion_tokens"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_counted_is_refused_to_clients_with_a_limit_alone(
    counting: Envoy, asked: Mapping[str, Any], param: str
) -> None:
    refused = _ask(counting, BOB, **asked)
    assert (refused.status, refused.json()["error"]["param"]) == (400, param)
    assert refused.code == "tokens_asked"
    # Of others the engine judges, which knows the context.
    assert _ask(counting, ALICE, **asked).status in {200, 400}


@pytest.mark.parametrize(
    "body",
    [
        '{"model": "m", "max\\u005ftokens": 900, "max_tokens": 1}',
        '{"model": "m", "max_tokens": 1, "max_tokens": 5000}',
        '{"model": "m", "max_tokens": 1, "\\u006e": 50}',
        '{"model": "m", "prompt": "\\\\", "max_tokens": 5000}',
        '{"model": "m", "prompt": "\\\\\\"", "max_tokens" : 5000 }',
        '{"model": "m", "a": [{"b": "]}"}], "max_tokens":5000}',
        '\ufeff{"model": "m", "max_tokens": 5000}',
        *(
            f'{{"model": "m", "max_tokens": 1, {members}}}'
            for own in ("0", "-1", "0.001", "null", '["a"]')
            for members in (f'{_MANY}, "prompts": {own}', f'"prompts": {own}, {_MANY}')
        ),
        f'{{"model": "m", "max_tokens": 1, "prompt": ["a"], {_MANY}}}',
        f'{{"model": "m", "max_tokens": 1, {_MANY.replace("prompt", "prompt_embeds")}}}',
    ],
    ids=lambda body: body if len(body) < 80 else f"{body[:48]}...{body[-24:]}",
)
def test_no_way_of_writing_hides_tokens(counting: Envoy, body: str) -> None:
    sent = body.encode()
    refused = asyncio.run(Client(counting.port, BOB).send("POST", _TEXT, sent))
    assert (refused.status, refused.code) == (400, "tokens_asked")


def test_what_gets_no_tokens_costs_none(counting: Envoy) -> None:
    bob = Client(counting.port, BOB)

    async def ask() -> list[int]:
        asked = [
            *(bob.send("GET", "/v1/models") for _ in range(3)),
            *(bob.complete("x", max_tokens=1000) for _ in range(3)),
            *(bob.complete(path="/nowhere", max_tokens=1000) for _ in range(3)),
            *(bob.complete(max_tokens="x") for _ in range(3)),
        ]
        return [(await answer).status for answer in asked]

    assert Counter(asyncio.run(ask())) == {200: 3, 404: 6, 400: 3}
    assert _ask(counting, BOB, max_tokens=900).status == 200
