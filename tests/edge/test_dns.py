"""Replicas come and go by their names in DNS, as a headless Service tells them."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.dns import Resolver
from tests.edge.edges import Edges, served
from tests.edge.load import burst, endings, steady
from tokenfleet.plan.edge.served import ServedName

pytestmark = pytest.mark.e2e
# A record lives five seconds, the resolver reads its file ten times a second, and the edge looks
# once a second at most: what is told counts after six. That there is nobody has no time to live: it
# is asked again after the edge's own five seconds. A busy machine gets several times as long.
_HEARD_SECONDS, _PATIENCE_SECONDS = 30, 120
_FIRST, _SECOND = "vllm-m.serving.svc.cluster.local", "vllm-m-reserve.serving.svc.cluster.local"


def test_a_replica_gone_from_dns_gets_no_new_request_and_a_new_one_does(
    edges: Edges, names: Resolver
) -> None:
    one = edges.engine("replica-2", address="127.0.0.2")
    others = [
        edges.engine(f"replica-{last}", address=f"127.0.0.{last}", port=one.port) for last in (3, 4)
    ]
    assert others
    names.tell({_FIRST: ["127.0.0.2", "127.0.0.3"]})
    envoy = edges.envoy(_found_by(served([one]), _FIRST), edit=partial(_asking, names))
    envoy.await_healthy("m", 2)
    client = Client(envoy.port, "key-of-alice-1")

    asked: list[tuple[float, str, Answer]] = []

    async def ask(until: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> None:
        """Some at a time, until it is so."""
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(until):
                start = time.monotonic()
                answers = await burst(client.complete, 10)
                asked.extend((start, _server(answer), answer) for answer in answers)

    def are_known(*addresses: str) -> bool:
        return envoy.hosts("m") == {f"{address}:{one.port}" for address in addresses}

    asyncio.run(ask(lambda: {"replica-2", "replica-3"} <= {server for _, server, _ in asked}))
    # It goes on to be healthy, as one that drains does.
    names.tell({_FIRST: ["127.0.0.3", "127.0.0.4"]})
    asyncio.run(ask(lambda: are_known("127.0.0.3", "127.0.0.4"), _HEARD_SECONDS))
    envoy.await_healthy("m", 2)
    heard, count = time.monotonic(), len(asked)
    asyncio.run(ask(lambda: len(asked) >= count + 100))
    assert {answer.ending for _, _, answer in asked} == {"complete"}
    assert {server for start, server, _ in asked if start > heard} == {"replica-3", "replica-4"}


def test_without_a_replica_of_the_first_name_those_of_the_next_serve_until_one_is_back(
    edges: Edges, names: Resolver
) -> None:
    first = edges.engine("first", address="127.0.0.2")
    reserve = edges.engine("reserve", address="127.0.0.3")
    both = {_FIRST: ["127.0.0.2"], _SECOND: ["127.0.0.3"]}
    names.tell(both)
    name = _found_by(served([first, reserve], priorities=[0, 1]), _FIRST, _SECOND)
    envoy = edges.envoy(name, edit=partial(_asking, names))
    envoy.await_healthy("m", 2)
    client = Client(envoy.port, "key-of-alice-1")

    answers: list[Answer] = []

    def is_asked(server: str) -> bool:
        """Whether the last of twenty requests in a second went there, now or soon."""
        for _ in range(_HEARD_SECONDS):
            load = asyncio.run(steady(client.complete, count=20, per_second=20))
            answers.extend(sent.answer for sent in load)
            if _server(answers[-1]) == server:
                return True
        return False

    assert is_asked("first")
    assert len(answers) == 20
    # The name of a headless Service without a ready pod does not exist.
    names.tell({_SECOND: ["127.0.0.3"]})
    assert is_asked("reserve")
    names.tell(both)
    assert is_asked("first")
    assert set(endings(answers)) == {"complete"}


def test_more_replicas_than_one_datagram_can_name_are_all_asked(
    edges: Edges, names: Resolver
) -> None:
    engine = edges.engine("all", address="0.0.0.0")  # noqa: S104 - every address of loopback
    names.tell({_FIRST: [f"127.0.1.{last}" for last in range(1, 121)]})
    name = _found_by(served([engine]), _FIRST)
    envoy = edges.envoy(name, edit=partial(_asking, names))
    envoy.await_healthy("m", 120)


def _found_by(name: ServedName, *hosts: str) -> ServedName:
    found = zip(name.backends, hosts, strict=True)
    return replace(name, backends=[replace(backend, host=host) for backend, host in found])


def _asking(names: Resolver, bootstrap: Any) -> None:  # noqa: ANN401 - JSON
    """The same c-ares that asks the cluster's resolver, told of this one."""
    place = {"socket_address": {"address": "127.0.0.1", "port_value": names.port}}
    kind = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
    asked = {
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {"@type": f"type.googleapis.com/{kind}", "resolvers": [place]},
    }
    for cluster in bootstrap["static_resources"]["clusters"]:
        if "cluster_type" in cluster:
            cluster["cluster_type"]["typed_config"]["typed_dns_resolver_config"] = asked


def _server(answer: Answer) -> str:
    found = re.search(rb'"served_by": "([^"]+)"', answer.body)
    return found[1].decode() if found else ""
