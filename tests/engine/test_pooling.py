"""A model that answers with numbers gets ready, answers at its own routes, and at no others."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from tests.edge.edges import Edges
from tests.edge.envoy import ENGINE_KEY, KEYS
from tests.engine import kubelet
from tests.engine.containers import Pod, pod_of
from tests.engine.edge.places import served_by
from tests.engine.engine import Engine
from tests.engine.fleet import Engines
from tests.engine.install import EngineTools
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile

TEXT = "one, two, three"
ASKED: Mapping[str, Mapping[str, object]] = {
    "/v1/embeddings": {"input": TEXT},
    "/v1/rerank": {"query": TEXT, "documents": [TEXT, "four"]},
    "/v1/score": {"text_1": TEXT, "text_2": ["four"]},
    "/classify": {"input": TEXT},
    "/v1/completions": {"prompt": TEXT, "max_tokens": 1},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": TEXT}], "max_tokens": 1},
    "/pooling": {"input": TEXT},
}


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model of a task, served."""

    task: str
    routes: frozenset[str]
    engine: Engine
    pod: Pod


@pytest.fixture(scope="module", params=["embed", "rerank", "classify"])
def served(
    request: pytest.FixtureRequest,
    tools: EngineTools,
    engines: Engines,
    stack_files: Mapping[str, StackFile],
) -> Iterator[Served]:
    """One replica of a model whose files alone say what it does."""
    task: str = request.param
    keys: dict[str, Any] = copy.deepcopy(dict(stack_files["dev"].keys))
    ((name, model),) = keys["models"].items()
    model |= {
        "huggingFaceId": f"org/{task}",
        "configJson": str(tools.pooling / task / "config.json"),
        "contextLength": 1024,
        "objective": {"ttftP99Ms": 8000},
        "traffic": {"requestsPerSecond": 1, "inputTokens": 100},
    }
    preview = preview_stack(replace(stack_files["dev"], keys=keys), TODAY)
    (plan,) = preview.plan.models
    assert plan.task == task
    pod = pod_of(preview.recording, f"vllm-{name}")
    engine = engines.start(pod, model=tools.pooling / task, key=ENGINE_KEY)
    yield Served(
        task=task,
        routes=frozenset(plan.routes),
        engine=kubelet.await_ready(engine, pod),
        pod=pod,
    )
    engine.stop()


def test_ready_means_that_its_numbers_came(served: Served) -> None:
    assert served.engine.requests_done_when_ready


def test_clients_with_a_key_call_the_routes_that_are_named_and_no_others(served: Served) -> None:
    statuses = {path: _status(served.engine, path, served.engine.key) for path in ASKED}
    assert {path for path, status in statuses.items() if status == 200} == served.routes
    assert {status for path, status in statuses.items() if path not in served.routes} <= {400, 404}


@pytest.mark.parametrize("key", ["wrong", ""])
def test_nobody_without_a_key_is_answered(key: str, served: Served) -> None:
    assert {_status(served.engine, path, key) for path in served.routes} == {401}


def test_the_edge_hands_on_what_it_answers(served: Served, edges: Edges) -> None:
    """And answers the routes of other tasks itself."""
    envoy = edges.envoy(served_by([served.engine], routes=sorted(served.routes)))
    answers = {
        path: _asked(envoy.url, path, KEYS["alice"][0], served.engine.model) for path in ASKED
    }
    assert {path for path, answer in answers.items() if answer.status_code == 200} == served.routes
    for path, answer in answers.items():
        if path in served.routes:
            direct = _asked(served.engine.url, path, served.engine.key, served.engine.model)
            assert _said(answer) == _said(direct)
        else:
            assert answer.json()["error"]["code"] == "not_found"


def test_its_requests_are_counted(served: Served) -> None:
    """By what the drain looks at, and what follows the load."""
    (path, *_) = sorted(served.routes)
    before = served.engine.requests_done()
    assert _status(served.engine, path, served.engine.key) == 200
    assert served.engine.requests_done() > before
    assert "vllm:num_requests_waiting" in served.engine.metrics()


def _status(engine: Engine, path: str, key: str) -> int:
    return _asked(engine.url, path, key, engine.model).status_code


def _asked(url: str, path: str, key: str, model: str) -> httpx2.Response:
    return httpx2.post(
        f"{url}{path}",
        json={"model": model, **ASKED[path]},
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=60,
    )


def _said(answer: httpx2.Response) -> Mapping[str, object]:
    """All but what is another one's each time."""
    return {name: value for name, value in answer.json().items() if name not in ("id", "created")}
