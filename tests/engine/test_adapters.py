"""Adapters are loaded at start and asked for by name, beside the model they adapt."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.engine import kubelet
from tests.engine.containers import pod_of
from tests.engine.engine import Engine
from tests.engine.fleet import Engines
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile

ADAPTERS = {
    name: {"huggingFaceId": f"org/{name}", "revision": "c" * 40, "rank": 8}
    for name in ("legal", "medical")
}


@pytest.fixture(scope="module")
def engine(stack_files: Mapping[str, StackFile], engines: Engines) -> Iterator[Engine]:
    """A replica of the dev stack's model with two adapters."""
    keys: dict[str, Any] = copy.deepcopy(dict(stack_files["dev"].keys))
    (name,) = keys["models"]
    keys["models"][name]["adapters"] = ADAPTERS
    recording = preview_stack(replace(stack_files["dev"], keys=keys), TODAY).recording
    pod = pod_of(recording, f"vllm-{name}")
    running = engines.start(pod)
    yield kubelet.await_ready(running, pod)
    running.stop()


def test_every_adapter_answers_by_its_name_and_unlike_the_model(engine: Engine) -> None:
    said = {name: _completion(engine, name) for name in (engine.model, *ADAPTERS)}
    assert all(said.values())
    assert said[engine.model] != said["legal"]


def test_no_other_name_is_answered(engine: Engine) -> None:
    assert _asked(engine, "financial").status_code == 404


def _completion(engine: Engine, model: str) -> str:
    answer = _asked(engine, model)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["text"])


def _asked(engine: Engine, model: str) -> httpx2.Response:
    body = {"model": model, "prompt": "Once", "max_tokens": 30, "temperature": 0}
    headers = {"Authorization": f"Bearer {engine.key}"}
    return httpx2.post(f"{engine.url}/v1/completions", json=body, headers=headers, timeout=60)
