"""OpenAI's Python client against the edge, and what docs/edge.md tells its users to do."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
ANSWERS: Mapping[str, object] = {
    "chat": "length",
    "stream": ["length", 3],
    "completion": "length",
    "responses": 3,
    "events": "response.completed",
    "wrong key": ["AuthenticationError", "invalid_api_key"],
    "another model": ["NotFoundError", "model_not_found"],
    "a mistake": ["BadRequestError", 400],
    "another route": ["NotFoundError", "not_found"],
}
# What a replica does until it does better, and how long the sample then takes at least, in seconds.
FAULTS: Mapping[str, tuple[Mapping[str, object], float]] = {
    "full": ({"bound": 0}, 4),
    "dies in a stream": ({"fault": "die"}, 0.5),
    "resets": ({"fault": "reset"}, 0.5),
    "drains": ({"fault": "drain"}, 0.5),
}


@pytest.fixture(scope="module")
def replica(edges: Edges) -> ScriptedEngine:
    """A replica that does as it is told."""
    return edges.engine()


@pytest.fixture(scope="module")
def alone(edges: Edges, replica: ScriptedEngine) -> Envoy:
    """An edge with no other to ask."""
    return edges.envoy(served_by([replica], MODEL))


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
    behaviour, least_seconds = FAULTS[fault]
    replica.behave(forget=True, **behaviour)
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        printed = pool.submit(_sampled, tools, sample, alone, MODEL)
        while not replica.did()["requests"] and not printed.done():
            time.sleep(0.05)
        replica.behave(fault="", bound=None)
        assert printed.result().split() == [f"t{number}" for number in range(200)]
    assert time.monotonic() - began > least_seconds


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
