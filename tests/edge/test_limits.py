"""How much a client may ask for: requests, tokens, bytes, seconds to ask in; who is refused first."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, client, served
from tests.edge.envoy import KEYS, Envoy, replaced
from tests.edge.load import held

ALICE, BOB = KEYS["alice"][0], KEYS["bob"][0]
_TEXT = "/v1/completions"


def _ask(envoy: Envoy, key: str, **asked: Any) -> Answer:  # noqa: ANN401 - JSON
    return asyncio.run(Client(envoy.port, key).complete(**asked))


def test_a_client_is_refused_after_its_requests_and_served_when_it_was_told_to_come_back(
    edges: Edges,
) -> None:
    envoy = edges.envoy(served([edges.engine()]), clients=[client("bob", requests=30)])
    began, taken = time.monotonic(), 0
    while (refused := _ask(envoy, BOB)).status == 200:
        taken += 1
    # Its thirty, and one more for each two seconds that they took.
    assert 30 <= taken <= 30 + (time.monotonic() - began) / 2
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert refused.json()["error"]["type"] == "requests"
    assert _ask(envoy, ALICE).status == 200
    seconds = int(refused.header("retry-after") or 0)
    assert 1 <= seconds <= 3
    time.sleep(seconds)
    assert _ask(envoy, BOB).status == 200


def test_a_client_is_told_when_the_tokens_it_asks_for_are_there(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]), clients=[client("bob", tokens=600)])
    began = time.monotonic()
    assert _ask(envoy, BOB, max_tokens=590).status == 200
    refused = _ask(envoy, BOB, max_tokens=60)
    waited = time.monotonic() - began
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert refused.json()["error"]["type"] == "tokens"
    # 10 tokens are left and 10 come a second: not the tenth of a second to the next single one.
    seconds = int(refused.header("retry-after") or 0)
    assert 5 - waited <= seconds <= 5
    assert _ask(envoy, ALICE, max_tokens=5000).status == 200
    time.sleep(seconds)
    assert _ask(envoy, BOB, max_tokens=60).status == 200


@pytest.mark.parametrize(
    ("requests", "tokens", "kind", "seconds"),
    [(1, 1000, "requests", 60), (100, 100, "tokens", 48)],
)
def test_of_two_limits_the_one_that_refuses_says_for_how_long(
    edges: Edges, requests: int, tokens: int, kind: str, seconds: int
) -> None:
    limited = client("bob", requests=requests, tokens=tokens)
    envoy = edges.envoy(served([edges.engine()]), clients=[limited])
    began = time.monotonic()
    assert _ask(envoy, BOB, max_tokens=90).status == 200
    refused = _ask(envoy, BOB, max_tokens=90)
    assert (refused.status, refused.json()["error"]["type"]) == (429, kind)
    waited = time.monotonic() - began
    told = int(refused.header("retry-after") or 0)
    assert seconds - waited - 2 <= told <= seconds + 2
    shown = [name for name, _ in refused.headers if name.startswith("x-")]
    assert shown == ["x-request-id"]


@pytest.mark.parametrize(("n", "status"), [(8, 200), (9, 400), (1e9, 400)])
def test_more_answers_than_an_engine_takes_in_are_refused_for_good(
    edges: Edges, n: float, status: int
) -> None:
    envoy = edges.envoy(served([edges.engine()], bound=8))
    assert _ask(envoy, ALICE, n=n).status == status


@pytest.fixture(scope="module")
def plain(module_edges: Edges) -> Envoy:
    return module_edges.envoy(served([module_edges.engine()]))


@pytest.mark.parametrize(("mib", "status"), [(0.99, 200), (1.01, 413), (3, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused(
    plain: Envoy, mib: float, status: int, *, chunked: bool
) -> None:
    body = json.dumps({"model": "m", "prompt": "x" * int(mib * 2**20)}).encode()
    alice = Client(plain.port, ALICE)
    if chunked:
        head = f"POST {_TEXT} HTTP/1.1\r\nhost: e\r\nauthorization: Bearer {ALICE}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        sent = b"%s%x\r\n%s\r\n0\r\n\r\n" % (head.encode(), len(body), body)
        answer = asyncio.run(alice.raw(sent))
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
    answer = asyncio.run(Client(envoy.port, ALICE).raw(head.encode()))
    assert (answer.status, answer.code) == (408, "request_timeout")


def test_a_long_answer_is_no_slow_request(edges: Edges) -> None:
    def hurried(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
        replaced(bootstrap, "request_timeout", "0.5s")

    envoy = edges.envoy(served([edges.engine(first=1.5)]), edit=hurried)
    assert _ask(envoy, ALICE).ending == "complete"


def test_batch_clients_are_refused_at_half_the_guard_and_others_served_up_to_it(
    edges: Edges,
) -> None:
    engine = edges.engine(slots=64)
    envoy = edges.envoy(served([engine], guard=16), clients=[client("bob", batch=True)])
    alice, bob = (Client(envoy.port, key, patience=60) for key in (ALICE, BOB))
    asks = [one.complete for one in (bob, alice) for _ in range(20)]
    answers = asyncio.run(held([engine], asks, fit=24))
    of_bob, of_alice = (Counter(a.status for a in found) for found in (answers[:20], answers[20:]))
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
