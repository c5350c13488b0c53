"""The dev stack's engine, started as rendered: what it answers, whom, and how it ends."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.engine.engine import Engine
from tokenfleet.plan.stack import Plan

Served = Callable[[], Engine]
COMPLETION = {"prompt": "Hi", "max_tokens": 3}
CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
GUARDED = {"/v1/completions": COMPLETION, "/v1/chat/completions": CHAT}
# What vLLM answers without its key. Nothing in front of it may pass these on.
OPEN = {
    "/detokenize",
    "/docs",
    "/generative_scoring",
    "/health",
    "/invocations",
    "/is_scaling_elastic_ep",
    "/kv_event_sources",
    "/load",
    "/metrics",
    "/ping",
    "/scale_elastic_ep",
    "/tokenize",
    "/version",
}
# The names of metrics, wherever the project has them.
SOURCES = (
    "README.md",
    "components",
    "docs",
    "helm-values",
    "policies",
    "tests/golden",
    "tokenfleet",
)
METRIC = re.compile(r"\bvllm:[a-z_]*[a-z]\b")


def test_the_port_refuses_until_the_engine_is_warm(served: Served) -> None:
    engine = served()
    assert engine.answers_while_loading == {None}
    assert engine.status() == 200


def test_the_engine_knows_every_variable_it_is_given(served: Served) -> None:
    assert "Unknown vLLM environment variable" not in served().log.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", list(GUARDED))
def test_the_key_opens_the_models_routes_and_no_other_does(path: str, served: Served) -> None:
    engine = served()
    body = {**GUARDED[path], "model": engine.model}
    answers = {key: _post(engine, path, body, key) for key in (engine.key, "wrong", None)}
    assert {key: answer.status_code for key, answer in answers.items()} == {
        engine.key: 200,
        "wrong": 401,
        None: 401,
    }
    (choice,) = answers[engine.key].json()["choices"]
    assert choice["finish_reason"] == "length"


def test_these_routes_are_open_without_a_key(served: Served) -> None:
    engine = served()
    described = httpx2.get(f"{engine.url}/openapi.json").json()["paths"]
    answers = {
        path: httpx2.request(method, f"{engine.url}{path}", json={}, timeout=20).status_code
        for path, methods in described.items()
        for method in methods
    }
    answers["/docs"] = httpx2.get(f"{engine.url}/docs").status_code
    assert answers["/v1/completions"] == 401
    assert {path for path, status in answers.items() if status != 401} == OPEN


def test_invocations_infers_without_a_key(served: Served) -> None:
    engine = served()
    answer = _post(engine, "/invocations", {**COMPLETION, "model": engine.model}, key=None)
    assert answer.json()["usage"]["completion_tokens"] == 3


def test_every_metric_that_the_project_names_is_exposed(served: Served, root: Path) -> None:
    named = {name: path for path in _texts(root) for name in METRIC.findall(path.read_text())}
    exposed = _exposed(served())
    assert {name: path for name, path in named.items() if name not in exposed} == {}


@pytest.mark.parametrize(
    ("name", "is_exposed"),
    [
        ("vllm:num_requests_running", True),
        ("vllm:generation_tokens_total", True),
        ("vllm:time_to_first_token_seconds_bucket", True),
        ("vllm:generation_tokens", False),  # a counter has its suffix
        ("vllm:time_to_first_token_seconds", False),  # so has a histogram
        ("vllm:gpu_cache_usage_perc", False),  # of older releases
        ("vllm:num_request_running", False),  # misspelt
    ],
)
def test_a_metric_is_known_by_its_exact_name(
    name: str, *, is_exposed: bool, served: Served
) -> None:
    assert METRIC.findall(f"sum(rate({name}[1m]))") == [name]
    assert (name in _exposed(served())) == is_exposed


def test_an_idle_engine_ends_cleanly_within_the_planned_margin(
    served: Served, plans: dict[str, Plan]
) -> None:
    engine, (model,) = served(), plans["dev"].models
    engine.terminate()
    assert engine.exit_code(model.drain.margin_seconds) == 0


def _post(engine: Engine, path: str, body: object, key: str | None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.post(f"{engine.url}{path}", json=body, headers=headers, timeout=60)


def _exposed(engine: Engine) -> set[str]:
    """The names of all samples, as a query has to spell them."""
    text = httpx2.get(f"{engine.url}/metrics").text
    return {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[:1] != "#"}


def _texts(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        found = root / source
        yield from [found] if found.is_file() else (p for p in found.rglob("*") if _is_text(p))


def _is_text(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc"
