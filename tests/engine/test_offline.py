"""Nothing is fetched while a model serves: what it needs is published with it, or in the engine."""

import subprocess
from collections.abc import Iterator, Mapping

import pytest

from tests.engine import kubelet
from tests.engine.containers import pod_of
from tests.engine.fleet import Engines
from tests.engine.install import EngineTools
from tests.engine.outside import Outside
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile

FETCH = "import urllib.request as request; request.urlopen('https://elsewhere.invalid/vocabulary')"


@pytest.fixture
def outside() -> Iterator[Outside]:
    """All that is not this machine."""
    with Outside() as running:
        yield running


def test_gpt_oss_answers_its_first_chat_without_a_fetch(
    outside: Outside, stack_files: Mapping[str, StackFile], engines: Engines, tools: EngineTools
) -> None:
    """Older releases of vLLM fetched its vocabulary then (vllm-project/vllm#54615)."""
    pod = pod_of(preview_stack(stack_files["prod"], TODAY).recording, "vllm-gpt-oss-120b")
    assert pod.container["startupProbe"]["exec"]["command"][-1] == "chat"
    engine = engines.start(pod, model=tools.gpt_oss, environment=outside.variables)
    kubelet.await_ready(engine, pod)
    engine.stop()
    assert outside.wanted == []


def test_a_fetch_would_be_noticed(outside: Outside, tools: EngineTools) -> None:
    command = [tools.python, "-c", FETCH]
    done = subprocess.run(command, check=False, capture_output=True, env=dict(outside.variables))
    assert done.returncode
    assert outside.wanted == ["elsewhere.invalid:443"]
