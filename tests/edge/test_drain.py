"""A pod of the edge ends under load: no stream breaks, and nobody is refused."""

import asyncio
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.edge.balancer import Balancer
from tests.edge.client import Answer, Client, KeptClient
from tests.edge.edges import Edges, served
from tests.edge.envoy import Envoy
from tests.edge.load import steady

pytestmark = pytest.mark.e2e
_SCRIPT = Path(__file__).parents[2] / "userdata" / "edge-drain"
_KEY = "key-of-alice-1"
# Whoever balances connections goes on to choose the pod until shortly before it may be expected.
_PROPAGATION_SECONDS, _TOLD_AFTER_SECONDS = 6, 3
# Longer than that: the pod waits for its last streams, which a slow machine makes longer.
_STREAM_SECONDS, _TOKENS, _LONGEST_SECONDS = 10, 200, 120
_PATIENCE_SECONDS = 120
# Of each client that keeps its connection, and what has gone through the one that leaves before.
_ANSWERS, _SERVED = 20, 50


def test_one_of_two_edges_ends_under_load_behind_tls_and_nothing_is_lost(
    edges: Edges, tmp_path: Path
) -> None:
    engines = [edges.engine(slots=100, between=_STREAM_SECONDS / _TOKENS) for _ in range(2)]
    leaving, staying = (edges.envoy(served(engines)) for _ in range(2))
    for envoy in (leaving, staying):
        envoy.await_healthy("m", 2)
    balancer = Balancer(tmp_path / "balancer", [leaving.port, staying.port])
    try:
        answers = asyncio.run(_answers(balancer, leaving, staying))
    finally:
        balancer.stop()
    broken = [answer for answer in answers if answer.ending != "complete"]
    assert broken == []
    assert len(answers) > 300
    assert leaving.process.wait(60) == 0


async def _answers(balancer: Balancer, leaving: Envoy, staying: Envoy) -> Sequence[Answer]:
    """Of long streams, of clients that keep their connections, and of those that make new ones."""
    over = asyncio.Event()
    door: Mapping[str, Any] = {"patience": _PATIENCE_SECONDS, "tls": balancer.trusted}
    client = Client(balancer.port, _KEY, **door)

    async def kept() -> Sequence[Answer]:
        answers: list[Answer] = []
        with closing(KeptClient(balancer.port, _KEY, **door)) as keeping:
            while not over.is_set() or len(answers) < _ANSWERS:
                answers.append(await keeping.complete(stream=True, max_tokens=5))
                await asyncio.sleep(0.05)
        return answers

    async def new() -> Sequence[Answer]:
        seconds = _STREAM_SECONDS + 2
        load = await steady(
            lambda: client.complete(max_tokens=5), count=10 * seconds, per_second=10
        )
        return [sent.answer for sent in load]

    async def end() -> Sequence[Answer]:
        # Half of all, and of the long ones, go through the one that leaves.
        while len(leaving.access_log()) <= _SERVED:
            await asyncio.sleep(0.1)
        start = time.monotonic()
        asked = (client.complete(stream=True, max_tokens=_TOKENS) for _ in range(8))
        long = asyncio.gather(*asked)
        hook = await asyncio.create_subprocess_exec(
            *_hook(leaving.admin_port, longest=_LONGEST_SECONDS), stderr=subprocess.PIPE
        )
        await asyncio.sleep(_TOLD_AFTER_SECONDS)
        # kube-proxy sends to a pod that ends only while it is ready.
        assert await asyncio.to_thread(_is_ready, leaving)
        balancer.tell([staying.port])
        _, said = await hook.communicate()
        # It has waited for the streams, and not for the time that they might have taken.
        assert (hook.returncode, said) == (0, b"")
        assert time.monotonic() - start > _STREAM_SECONDS
        leaving.process.terminate()
        await asyncio.sleep(1)
        over.set()
        return await long

    loads = await asyncio.gather(end(), new(), *(kept() for _ in range(12)))
    return [answer for answers in loads for answer in answers]


def test_a_drain_ends_when_the_longest_request_has_had_its_time(edges: Edges) -> None:
    engine = edges.engine(between=0.1)
    envoy = edges.envoy(served([engine]))
    envoy.await_healthy("m", 1)

    async def drained() -> str:
        hook = await asyncio.create_subprocess_exec(
            *_hook(envoy.admin_port, longest=1), stderr=subprocess.PIPE
        )
        _, said = await hook.communicate()
        assert hook.returncode == 0
        envoy.process.terminate()
        return said.decode()

    async def both() -> tuple[Answer, str]:
        # A minute long.
        client = Client(envoy.port, _KEY, patience=_PATIENCE_SECONDS)
        return await asyncio.gather(client.complete(stream=True, max_tokens=600), drained())

    answer, said = asyncio.run(both())
    assert answer.ending == "broken"
    assert said == "edge-drain: requests still run after 1 s more\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["60", "60"], 0, "no Envoy here", id="Envoy is gone"),
        pytest.param(["60"], 2, "usage: edge-drain ADMIN_PORT", id="an argument is missing"),
    ],
)
def test_a_drain_without_an_edge_waits_for_nothing(
    arguments: Sequence[str], code: int, said: str
) -> None:
    # Its own, and nobody listens.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            ["bash", _SCRIPT, port, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=50,
        )
    assert (done.returncode, said in done.stderr) == (code, True), done


def _hook(admin_port: int, *, longest: int) -> Sequence[str]:
    return ["bash", str(_SCRIPT), str(admin_port), str(_PROPAGATION_SECONDS), str(longest)]


def _is_ready(envoy: Envoy) -> bool:
    with urllib.request.urlopen(f"{envoy.metrics_url}/ready", timeout=30) as answer:  # noqa: S310 - our own address
        return answer.status == 200
