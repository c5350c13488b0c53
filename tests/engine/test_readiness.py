"""A replica is Ready when it has answered what clients ask, not when its port is open."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine import kubelet
from tests.engine.containers import Pod, pod_of
from tests.engine.engine import Engine
from tests.engine.fleet import Engines, Replicas
from tests.engine.traffic import ask
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile

# Of a small model without a chat template.
CONFIG = Path(__file__).parents[1] / "catalogue" / "small-decoder.config.json"
# What a broken template, vocabulary or parser of chats comes to.
BROKEN = "{{ raise_exception('no chat today') }}"


@pytest.fixture
def engine(replicas: Replicas) -> Engine:
    """A replica."""
    (found,) = replicas.ready(1)
    return found


@pytest.fixture(scope="module")
def mute(engines: Engines, replicas: Replicas) -> Iterator[Engine]:
    """An engine that completes texts and fails every chat."""
    running = engines.start(replicas.pod, arguments={"--chat-template": BROKEN})
    yield running.await_healthy()
    running.stop()


@pytest.fixture(scope="module")
def base(stack_files: Mapping[str, StackFile]) -> Pod:
    """The pod of the dev stack's model if it had no chat template."""
    keys: dict[str, Any] = copy.deepcopy(dict(stack_files["dev"].keys))
    ((name, model),) = keys["models"].items()
    model |= {
        "huggingFaceId": "org/base",
        "configJson": str(CONFIG),
    }
    recording = preview_stack(replace(stack_files["dev"], keys=keys), TODAY).recording
    return pod_of(recording, f"vllm-{name}")


def test_ready_means_that_a_request_was_answered(engine: Engine) -> None:
    assert engine.requests_done_when_ready


def test_a_replica_whose_chats_fail_is_never_ready(mute: Engine, replicas: Replicas) -> None:
    assert not ask(mute, 3, streamed=False)
    assert kubelet.passes_in_time(mute, replicas.pod.container["readinessProbe"])
    assert not kubelet.passes(mute, replicas.pod.container["startupProbe"])


def test_a_model_that_does_not_chat_gets_ready_all_the_same(mute: Engine, base: Pod) -> None:
    assert kubelet.passes_in_time(mute, base.container["startupProbe"])


def test_the_warm_up_passes_the_key(engine: Engine, replicas: Replicas) -> None:
    probe = replicas.pod.container["startupProbe"]
    assert kubelet.passes_in_time(engine, probe)
    assert not kubelet.passes(engine, probe, {"VLLM_API_KEY": "wrong"})


def test_no_probe_but_the_first_makes_the_engine_work(engine: Engine, replicas: Replicas) -> None:
    before = engine.requests_done()
    for name in ("readinessProbe", "livenessProbe"):
        assert kubelet.passes_in_time(engine, replicas.pod.container[name])
    assert engine.requests_done() == before
