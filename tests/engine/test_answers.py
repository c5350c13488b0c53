"""The dev stack's engine, started as rendered: what it answers, whom, and what it holds."""

import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.engine import kubelet
from tests.engine.engine import Engine
from tests.engine.fleet import Engines, Replicas
from tests.engine.install import EngineTools
from tests.engine.traffic import LONGEST_TOKENS, MEASURED_TOKENS, ask
from tokenfleet.plan.manifests.containers import WAIT_UNTIL_IDLE
from tokenfleet.plan.serving.engine.process import SCRIPTS_PATH
from tokenfleet.plan.stack import Plan

# Requests that make the engine infer.
COMPLETION = {"prompt": "Hi", "max_tokens": 3}
CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
GUARDED: Mapping[str, Mapping[str, object]] = {
    "/v1/chat/completions": CHAT,
    "/v1/chat/completions/batch": {**CHAT, "messages": [CHAT["messages"]]},
    "/v1/completions": COMPLETION,
    "/v1/messages": CHAT,
    "/v1/responses": {"input": "Hi", "max_output_tokens": 3},
}
# vLLM's key does not guard these; the first two infer (0.32.0).
BESIDE_THE_KEY = {
    "/generative_scoring",
    "/invocations",
    "/detokenize",
    "/docs",
    "/load",
    "/openapi.json",
    "/scale_elastic_ep",
    "/tokenize",
    "/version",
}
# What probes need.
OPEN = {"/health"}
METRICS = "/metrics"
# An answer of each kind: method, path, body, status.
ANSWERED: Mapping[str, tuple[str, str, Mapping[str, object], int]] = {
    "health": ("get", "/health", {}, 200),
    "whole": ("post", "/v1/completions", COMPLETION, 200),
    "stream": ("post", "/v1/completions", {**COMPLETION, "stream": True}, 200),
    "not valid": ("post", "/v1/completions", {**COMPLETION, "max_tokens": -1}, 400),
    "without the key": ("post", "/v1/completions", COMPLETION, 401),
    "long, without the key": ("post", "/v1/completions", {"prompt": "Hi" * 2**20}, 401),
    "closed route": ("post", "/invocations", COMPLETION, 404),
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
UNKNOWN_VARIABLE = "Unknown vLLM environment variable"
METRIC = re.compile(r"\bvllm:[a-z_]*[a-z]\b")


@pytest.fixture
def engine(replicas: Replicas) -> Engine:
    """A replica; the other one, which later tests need, starts beside it."""
    found, _ = replicas.ready(2)
    return found


def test_the_port_refuses_until_the_model_is_loaded(engine: Engine) -> None:
    # On a slow machine the first chat takes longer than one try of the probe: the port is open then.
    assert None in engine.answers_while_loading
    assert engine.answers_while_loading <= {None, 200}
    assert engine.status() == 200


def test_the_engine_knows_every_variable_it_is_given(engine: Engine) -> None:
    assert UNKNOWN_VARIABLE not in engine.log.read_text(encoding="utf-8")


def test_a_variable_that_the_engine_does_not_know_would_be_noticed(
    engines: Engines, replicas: Replicas
) -> None:
    misspelt = "VLLM_CPU_KV_CACHE_SPACE"
    engine = engines.start(replicas.pod, environment={misspelt: "1"})
    engine.await_log(f"{UNKNOWN_VARIABLE} detected: {misspelt}").stop()


def test_memory_is_what_the_plan_budgets(
    replicas: Replicas, plans: Mapping[str, Plan], tools: EngineTools
) -> None:
    (model,) = plans["dev"].models
    engines = replicas.ready(2)
    for engine in engines:
        assert not ask(engine, 100, streamed=False, choices=model.batch.sequences)
    weights_mib = sum(file.stat().st_size for file in tools.model.glob("*.safetensors")) / 2**20
    small, large = (engine.resident_mib() for engine in engines)
    for kv_gib, resident_mib in zip(replicas.KV_GIB, (small, large), strict=True):
        budget_mib = weights_mib + 1024 * (kv_gib + model.memory.runtime_gib)
        assert resident_mib == pytest.approx(budget_mib, rel=0.15)
    more_mib = 1024 * (replicas.KV_GIB[1] - replicas.KV_GIB[0])
    assert large - small == pytest.approx(more_mib, rel=0.15)


@pytest.mark.parametrize("path", list(GUARDED))
def test_the_key_opens_what_infers_and_no_other_does(path: str, engine: Engine) -> None:
    keys = (engine.key, engine.metrics_key, "wrong", None)
    assert {key: _infers(engine, path, key) for key in keys} == {
        engine.key: (200, True),
        engine.metrics_key: (401, False),
        "wrong": (401, False),
        None: (401, False),
    }


def test_metrics_are_closed_to_clients(engine: Engine) -> None:
    keys = (engine.metrics_key, engine.key, "wrong", None)
    assert {key: _asked(engine, "get", METRICS, {}, key).status_code for key in keys} == {
        engine.metrics_key: 200,
        engine.key: 404,
        "wrong": 404,
        None: 404,
    }
    below = _asked(engine, "get", f"{METRICS}/", {}, engine.metrics_key)
    assert below.status_code == 404


def test_the_hook_that_waits_for_requests_sees_them(engine: Engine) -> None:
    port = str(engine.command.sandbox.rendered_port)
    hook = {"command": ["python3", f"{SCRIPTS_PATH}/{WAIT_UNTIL_IDLE}", port, "0", "100"]}
    began = time.monotonic()
    assert ask(engine, MEASURED_TOKENS, streamed=False) == ""
    tokens_per_s = MEASURED_TOKENS / (time.monotonic() - began)
    tokens = min(LONGEST_TOKENS, round(20 * tokens_per_s))  # of a machine of any speed, 20 seconds
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, engine, tokens, streamed=False)
        while not engine.requests_running() and not answer.done():
            time.sleep(0.1)
        assert not answer.done(), answer.result()
        assert kubelet.passes(engine, {"exec": hook, "timeoutSeconds": 120})
        assert engine.requests_running() == 0
        assert answer.result() == ""


def test_nothing_but_health_answers_without_a_key(engine: Engine) -> None:
    """The engine logs its routes, those included that its documentation leaves out."""
    logged = re.findall(r"Route: (/\S*), Methods: (.+)", engine.log.read_text(encoding="utf-8"))
    routes = [(path, method) for path, methods in logged for method in methods.split(", ")]
    assert {path for path, _ in routes} > OPEN | {METRICS} | BESIDE_THE_KEY | GUARDED.keys()
    statuses = {
        (path, method): _asked(engine, method, path, {}, "wrong").status_code
        for path, method in routes
    }
    assert {path for (path, _), status in statuses.items() if status not in (401, 404)} == OPEN


@pytest.mark.parametrize("name", list(ANSWERED))
def test_an_answer_leaves_its_connection_to_the_next_request(name: str, engine: Engine) -> None:
    method, path, body, status = ANSWERED[name]
    key = "wrong" if status == 401 else engine.key
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=engine.url, headers=headers, timeout=60) as client:
        for _ in range(2):
            answer = client.request(method, path, json={"model": engine.model, **body})
            assert answer.status_code == status
            assert "connection" not in answer.headers


def test_every_metric_that_the_project_names_is_exposed(engine: Engine, root: Path) -> None:
    named = {name: path for path in _texts(root) for name in METRIC.findall(path.read_text())}
    exposed = _exposed(engine)
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
    name: str, *, is_exposed: bool, engine: Engine
) -> None:
    assert METRIC.findall(f"sum(rate({name}[1m]))") == [name]
    assert (name in _exposed(engine)) == is_exposed


def _infers(engine: Engine, path: str, key: str | None) -> tuple[int, bool]:
    """What a request is answered, and whether the engine has worked for it."""
    before = engine.requests_done()
    body = {"model": engine.model, **GUARDED[path]}
    status = _asked(engine, "post", path, body, key).status_code
    return status, engine.requests_done() > before


def _asked(
    engine: Engine, method: str, path: str, body: object, key: str | None
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{engine.url}{path}"
    return httpx2.request(method, url, json=body, headers=headers, timeout=60)


def _exposed(engine: Engine) -> set[str]:
    """The names of all samples, as a query has to spell them."""
    lines = engine.metrics().splitlines()
    return {line.split("{")[0].split(" ")[0] for line in lines if line[:1] != "#"}


def _texts(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        found = root / source
        yield from [found] if found.is_file() else (p for p in found.rglob("*") if _is_text(p))


def _is_text(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc"
