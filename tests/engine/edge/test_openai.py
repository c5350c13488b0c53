"""OpenAI's Python client against the edge, and what docs/edge.md tells its users to do."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.edge.edges import Edges
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import KEYS, Envoy
from tests.engine.edge.places import served_by
from tests.engine.engine import Engine
from tests.engine.install import INSIDE, EngineTools

KEY = KEYS["alice"][0]
MODEL = "scripted"
RETRY_AFTER_SECONDS = 3
ANSWERS: Mapping[str, object] = {
    "chat": "length",
    "stream": ["length", 3],
    "completion": "length",
    "responses": 3,
    "events": "response.completed",
    "wrong key": ["AuthenticationError", "invalid_api_key"],
    "another model": ["NotFoundError", "model_not_found"],
    "a mistake": ["BadRequestError", "400"],
    "another route": ["NotFoundError", "not_found"],
}
# What a replica does until the edge has answered once, and that answer.
FAULTS: Mapping[str, tuple[Mapping[str, object], int]] = {
    "full": ({"bound": 0}, 429),
    "dies in a stream": ({"fault": "die"}, 200),
    "resets": ({"fault": "reset"}, 503),
    "drains": ({"fault": "drain"}, 500),
}


@pytest.fixture(scope="module")
def replica(edges: Edges) -> ScriptedEngine:
    """A replica that does as it is told."""
    return edges.engine()


@pytest.fixture(scope="module")
def alone(edges: Edges, replica: ScriptedEngine) -> Envoy:
    """An edge with no other to ask."""
    name = replace(served_by([replica], MODEL), retry_after_seconds=RETRY_AFTER_SECONDS)
    return edges.envoy(name)


@pytest.fixture(scope="module")
def sample(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in docs/edge.md."""
    page = (root / "docs" / "edge.md").read_text(encoding="utf-8")
    (program,) = (
        block.removeprefix("python\n")
        for block in page.split("```")[1::2]
        if block.startswith("python\n")
    )
    path = tmp_path_factory.mktemp("sample") / "sample.py"
    path.write_text(program, encoding="utf-8")
    return path


def test_it_speaks_to_the_edge_as_to_openai(
    envoy: Envoy, pair: Sequence[Engine], tools: EngineTools
) -> None:
    model = pair[0].model
    script = INSIDE / "openai_client.py"
    done = _run(tools, [script, f"{envoy.url}/v1", KEY, model], {})
    assert json.loads(done) == {"models": [model], **ANSWERS}


def test_the_sample_prints_what_a_replica_says(
    envoy: Envoy, pair: Sequence[Engine], tools: EngineTools, sample: Path
) -> None:
    assert _sampled(tools, sample, envoy, pair[0].model)


@pytest.mark.parametrize("fault", list(FAULTS))
def test_the_sample_outlasts_what_befalls_a_replica(
    fault: str, alone: Envoy, replica: ScriptedEngine, tools: EngineTools, sample: Path
) -> None:
    behaviour, status = FAULTS[fault]
    replica.behave(**behaviour)
    before = len(alone.all_logged())
    with ThreadPoolExecutor() as pool:
        printed = pool.submit(_sampled, tools, sample, alone, MODEL)
        while len(alone.access_log()) == before and not printed.done():
            time.sleep(0.05)
        replica.behave(fault="", bound=None)
        assert printed.result().split() == [f"t{number}" for number in range(200)]
    first, *_, last = alone.all_logged()[before:]
    assert (first["status"], last["status"]) == (status, 200)
    if status == 429:
        waited = _moment(last["time"]) - _moment(first["time"])
        assert waited.total_seconds() >= RETRY_AFTER_SECONDS


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _sampled(tools: EngineTools, sample: Path, envoy: Envoy, model: str) -> str:
    environment = {"EDGE_URL": f"{envoy.url}/v1", "EDGE_KEY": KEY, "MODEL": model}
    return _run(tools, [sample], environment)


def _run(tools: EngineTools, words: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [tools.python, *words],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
