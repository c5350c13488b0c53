"""Fixtures: two real engines with few places, and a real Envoy in front of them."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges
from tests.edge.envoy import ENGINE_KEY, KEYS, Envoy
from tests.engine.containers import Pod
from tests.engine.edge.places import (
    BATCH_BOUND,
    BOUND,
    CONTEXT_LENGTH,
    SLOTS,
    forbearing,
    inside,
    served_by,
    until,
)
from tests.engine.engine import Engine
from tests.engine.fleet import Engines, Replicas


@pytest.fixture(scope="session")
def behind(engines: Engines, pod: Pod) -> Replicas:
    """Replicas that are full with few requests, and know the edge's key."""
    few = {
        "--max-num-seqs": str(SLOTS),
        "--max-num-queued-reqs": str(BOUND),
        # What random weights say after so many tokens is no worse than before.
        "--max-model-len": str(CONTEXT_LENGTH),
        "--hf-overrides": json.dumps({"max_position_embeddings": CONTEXT_LENGTH}),
    }
    share = {"BATCH_BOUND": str(BATCH_BOUND)}
    return Replicas(engines, pod, arguments=few, environment=share, key=ENGINE_KEY)


@pytest.fixture(scope="module")
def both(behind: Replicas) -> Sequence[Engine]:
    """Two of them, which no test of the file ends."""
    return behind.ready(2)


@pytest.fixture
def pair(both: Sequence[Engine]) -> Sequence[Engine]:
    """The two, with nothing left inside of what a test before gave up.

    Such a request occupies its place for up to half a second, and whoever counts on all places is refused one.
    """
    asyncio.run(until(lambda: inside(both) == 0))
    return both


@pytest.fixture
def last(behind: Replicas) -> Engine:
    """One of them, which a test may end."""
    (found,) = behind.ready(1)
    return found


@pytest.fixture(scope="module")
def envoy(edges: Edges, both: Sequence[Engine]) -> Envoy:
    """An edge in front of the two."""
    found = edges.envoy(served_by(both), edit=forbearing)
    found.await_healthy(both[0].model, len(both))
    return found


@pytest.fixture(scope="module")
def client(envoy: Envoy) -> Client:
    """Somebody with a key, and with patience for a machine that is slow."""
    return Client(envoy.port, KEYS["alice"][0], patience=600)
