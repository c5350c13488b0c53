"""How much a client may ask for: requests, tokens, bytes, seconds to ask in; who is refused first."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, client, served
from tests.edge.envoy import KEYS, Envoy, replaced

ALICE, BOB = KEYS["alice"][0], KEYS["bob"][0]
_CHAT, _TEXT, _RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"


def _ask(envoy: Envoy, key: str, **asked: Any) -> Answer:  # noqa: ANN401 - JSON
    return asyncio.run(Client(envoy.port, key).complete(**asked))


def test_a_client_is_refused_after_its_requests_and_served_when_it_was_told_to_come_back(
    edges: Edges,
) -> None:
    envoy = edges.envoy(served([edges.engine()]), clients=[client("bob", requests=30)])
    answers = [_ask(envoy, BOB) for _ in range(31)]
    refused = answers[-1]
    assert {answer.status for answer in answers[:-1]} == {200}
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert refused.json()["error"]["type"] == "requests"
    assert _ask(envoy, ALICE).status == 200
    seconds = int(refused.header("retry-after") or 0)
    assert 1 <= seconds <= 3
    time.sleep(seconds)
    assert _ask(envoy, BOB).status == 200


def test_a_client_is_told_when_the_tokens_it_asks_for_are_there(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]), clients=[client("bob", tokens=600)])
    assert _ask(envoy, BOB, max_tokens=590).status == 200
    refused = _ask(envoy, BOB, max_tokens=40)
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert refused.json()["error"]["type"] == "tokens"
    # 10 tokens are left and 10 come a second: not the tenth of a second to the next single one.
    seconds = int(refused.header("retry-after") or 0)
    assert seconds == 3
    assert _ask(envoy, ALICE, max_tokens=5000).status == 200
    time.sleep(seconds)
    assert _ask(envoy, BOB, max_tokens=40).status == 200


@pytest.mark.parametrize(
    ("requests", "tokens", "kind", "seconds"),
    [(1, 1000, "requests", 60), (100, 100, "tokens", 48)],
)
def test_of_two_limits_the_one_that_refuses_says_for_how_long(
    edges: Edges, requests: int, tokens: int, kind: str, seconds: int
) -> None:
    limited = client("bob", requests=requests, tokens=tokens)
    envoy = edges.envoy(served([edges.engine()]), clients=[limited])
    assert _ask(envoy, BOB, max_tokens=90).status == 200
    refused = _ask(envoy, BOB, max_tokens=90)
    assert (refused.status, refused.json()["error"]["type"]) == (429, kind)
    assert int(refused.header("retry-after") or 0) == pytest.approx(seconds, abs=2)
    told = [name for name, _ in refused.headers if name.startswith("x-")]
    assert told == ["x-request-id"]


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
    (_TEXT, {"max_tokens": 7, "prompt": 'a", "max_tokens": 90, "b\\'}, 7),
    (_TEXT, {"max_tokens": 7, "prompt": ['"[', '\\"', "]}"]}, 21),
    (_CHAT, {"max_tokens": 7, "messages": [{"content": {"max_tokens": 90, "n": 9}}]}, 7),
]


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
    assert _ask(envoy, BOB, path=path, **asked).status == 200
    refused = _ask(envoy, BOB, max_tokens=tokens + 1)
    assert refused.status == 429
    seconds = 60 * tokens / (tokens + 1)
    assert int(refused.header("retry-after") or 0) == pytest.approx(seconds, abs=3)


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
    ],
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


@pytest.mark.parametrize(("n", "status"), [(8, 200), (9, 400), (1e9, 400)])
def test_more_answers_than_an_engine_takes_in_are_refused_for_good(
    edges: Edges, n: float, status: int
) -> None:
    envoy = edges.envoy(served([edges.engine()], bound=8))
    assert _ask(envoy, ALICE, n=n).status == status


@pytest.mark.parametrize(("mib", "status"), [(0.99, 200), (1.01, 413), (3, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused(
    counting: Envoy, mib: float, status: int, *, chunked: bool
) -> None:
    body = json.dumps({"model": "m", "prompt": "x" * int(mib * 2**20)}).encode()
    alice = Client(counting.port, ALICE)
    if chunked:
        headers = [("transfer-encoding", "chunked"), ("content-length", "")][:1]
        sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        head = f"POST {_TEXT} HTTP/1.1\r\nhost: e\r\nauthorization: Bearer {ALICE}\r\ncontent-type: application/json\r\n{headers[0][0]}: {headers[0][1]}\r\n\r\n"
        answer = asyncio.run(alice.raw(head.encode() + sent))
    else:
        answer = asyncio.run(alice.send("POST", _TEXT, body))
    assert answer.status == status
    if status == 413:
        assert answer.code == "request_too_large"


def test_who_does_not_finish_asking_is_told_so(edges: Edges) -> None:
    def hurried(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
        replaced(bootstrap, "request_timeout", "0.5s")

    envoy = edges.envoy(served([edges.engine()]), edit=hurried)
    head = f"POST {_TEXT} HTTP/1.1\r\nhost: e\r\nauthorization: Bearer {ALICE}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
    answer = asyncio.run(Client(envoy.port, ALICE, patience=5).raw(head.encode()))
    assert (answer.status, answer.code) == (408, "request_timeout")


def test_a_long_answer_is_no_slow_request(edges: Edges) -> None:
    def hurried(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
        replaced(bootstrap, "request_timeout", "0.5s")

    envoy = edges.envoy(served([edges.engine(first=1.5)]), edit=hurried)
    assert _ask(envoy, ALICE).ending == "complete"


def test_batch_clients_are_refused_at_half_the_guard_and_others_served_up_to_it(
    edges: Edges,
) -> None:
    envoy = edges.envoy(
        served([edges.engine(slots=64, first=1.5)], guard=16), clients=[client("bob", batch=True)]
    )
    alice, bob = Client(envoy.port, ALICE), Client(envoy.port, BOB)

    async def both() -> tuple[Counter[int], Counter[int]]:
        asked = [[one.complete() for _ in range(20)] for one in (bob, alice)]
        answers = [asyncio.gather(*requests) for requests in asked]
        of_bob, of_alice = [Counter(a.status for a in await found) for found in answers]
        return of_bob, of_alice

    of_bob, of_alice = asyncio.run(both())
    assert (of_bob, of_alice) == ({200: 8, 429: 12}, {200: 16, 429: 4})
    refused = envoy.stats()["cluster.m.upstream_rq_active_overflow"]
    assert refused == 16


def test_limits_are_full_again_after_a_reload_of_the_routes(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]), clients=[client("bob", requests=2)])
    assert [_ask(envoy, BOB).status for _ in range(3)] == [200, 200, 429]
    document = envoy.routes()
    document["resources"][0]["virtual_hosts"][0]["name"] = "changed"
    envoy.publish(document)
    envoy.await_stat("http.edge.rds.edge.update_success", 2)
    assert [_ask(envoy, BOB).status for _ in range(3)] == [200, 200, 429]
