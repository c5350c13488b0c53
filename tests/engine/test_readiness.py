"""A replica is Ready when it has answered a completion, not when its port is open."""

import pytest

from tests.engine import kubelet
from tests.engine.engine import Engine
from tests.engine.fleet import Replicas


@pytest.fixture
def engine(replicas: Replicas) -> Engine:
    """A replica."""
    (found,) = replicas.ready(1)
    return found


def test_ready_means_that_a_completion_was_made(engine: Engine) -> None:
    assert engine.requests_done_when_ready


def test_the_warm_up_passes_the_key(engine: Engine, replicas: Replicas) -> None:
    probe = replicas.pod.container["startupProbe"]
    assert kubelet.passes(engine, probe)
    assert not kubelet.passes(engine, probe, {"VLLM_API_KEY": "wrong"})


def test_no_probe_but_the_first_makes_completions(engine: Engine, replicas: Replicas) -> None:
    before = engine.requests_done()
    for name in ("readinessProbe", "livenessProbe"):
        assert kubelet.passes(engine, replicas.pod.container[name])
    assert engine.requests_done() == before
