"""Names of models, adapters and clients, as many and as unlike as a stack may have."""

import asyncio
import random
import string
from collections.abc import Mapping, Sequence

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, client, served
from tests.edge.envoy import ENGINE_KEY
from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.envoy.routes import routes

_LONGEST = 60


def _unlike(count: int) -> Sequence[str]:
    """Of all lengths, with no beginning in common by which a pattern of them would be short."""
    source = random.Random(count)  # noqa: S311 - names
    letters = string.ascii_lowercase + string.digits
    return [
        "".join(source.choices(letters, k=2 + number % (_LONGEST - 1))) + f"-{number}.x"
        for number in range(count)
    ]


_SEVEN, _MANY = _unlike(7), _unlike(300)


def _keys(clients: Sequence[ClientPlan], end: str = "") -> Mapping[str, Sequence[str]]:
    return {found.name: [f"key-of-{found.name}{end}"] for found in clients}


@pytest.mark.parametrize("names", [_SEVEN, _MANY], ids=len)
def test_every_one_of_many_adapters_answers_to_its_name(edges: Edges, names: Sequence[str]) -> None:
    envoy = edges.envoy(served([edges.engine()], adapters=names))

    async def ask() -> Sequence[Answer]:
        one = Client(envoy.port, "key-of-alice-1")
        return [await one.complete(name) for name in ("m", names[0], names[-1], names[0] + "x")]

    assert [answer.status for answer in asyncio.run(ask())] == [200, 200, 200, 404]


@pytest.mark.parametrize("names", [_SEVEN, _unlike(60)], ids=len)
def test_many_models_are_told_apart(edges: Edges, names: Sequence[str]) -> None:
    engines = [edges.engine("first"), edges.engine("last")]
    behind = [*engines[:1] * (len(names) - 1), engines[1]]
    envoy = edges.envoy(
        *(served([engine], name) for name, engine in zip(names, behind, strict=True))
    )
    envoy.await_healthy(names[-1], 1)

    async def ask() -> Sequence[Answer]:
        one = Client(envoy.port, "key-of-alice-1")
        return [await one.complete(name) for name in (names[0], names[-1])]

    answers = asyncio.run(ask())
    assert [answer.json()["served_by"] for answer in answers] == ["first", "last"]
    wrong = asyncio.run(
        Client(envoy.port, "key-of-alice-1").complete(names[-1], path="/v1/embeddings")
    )
    assert (wrong.status, wrong.code) == (404, "not_found")


@pytest.mark.parametrize("names", [_SEVEN, _MANY], ids=len)
@pytest.mark.parametrize("batch", [True, False], ids=["batch", "interactive"])
def test_a_rotation_counts_with_many_clients_whatever_they_may_do(
    edges: Edges, names: Sequence[str], *, batch: bool
) -> None:
    few, many = (
        [client(name, models=["m"], requests=50, tokens=500, batch=batch) for name in found]
        for found in (names[:1], names)
    )
    name = served([edges.engine()], adapters=["other"])
    envoy = edges.envoy(name, clients=few, keys=_keys(few))
    envoy.publish(routes([name], many, _keys(many, "-new"), ENGINE_KEY))
    envoy.await_stat("http.edge.rds.edge.update_success", 2)

    async def ask() -> Sequence[Answer]:
        old, new = (Client(envoy.port, f"key-of-{names[0]}{end}") for end in ("", "-new"))
        last = Client(envoy.port, f"key-of-{names[-1]}-new")
        return [
            await old.complete(max_tokens=1),
            await new.complete(max_tokens=1),
            await last.complete(max_tokens=1),
            await last.complete("other", max_tokens=1),
        ]

    answers = asyncio.run(ask())
    assert [answer.status for answer in answers] == [401, 200, 200, 403], envoy.log()
