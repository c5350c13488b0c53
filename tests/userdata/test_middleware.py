"""What stands in front of the engine, in the order in which vLLM puts it there."""

import asyncio
import gzip
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.middleware import middleware
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

CONTAINERS = ("vllm", "compile-artifacts")
API_KEY, PREVIOUS, METRICS_KEY = "the-key", "the-one-before", "the-key-to-metrics"
FLAG = "--middleware="
# Where vLLM 0.32.0 keeps a graph that it compiled.
_GRAPH = ("torch_compile_cache", "torch_aot_compile", "0a1b2c", "rank_0_0", "model")
METRICS = "# HELP process_start_time_seconds Start\nprocess_start_time_seconds 1\n"
Message = dict[str, Any]
Answer = tuple[int, dict[str, str]]
Front = Callable[[str, str | None], Answer]


@pytest.fixture
def containers(
    stack_files: Mapping[str, StackFile], plan_of: Callable[[Mapping[str, object]], Plan]
) -> Sequence[Mapping[str, Any]]:
    """Every container of the prod stack that starts an engine."""
    serving = plan_of(stack_files["prod"].keys).serving
    manifests: Any = [*serving.compile_jobs.values(), *serving.manifests]
    pods = [m["spec"]["template"]["spec"] for m in manifests if m["kind"] in ("Deployment", "Job")]
    return [c for pod in pods for c in pod["containers"] if c["name"] in CONTAINERS]


@pytest.fixture
def front(
    containers: Sequence[Mapping[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Front:
    """Asks for a path with a key of an engine that lets in whoever has its own, as vLLM does."""
    (tmp_path / "value").write_text(API_KEY, encoding="utf-8")
    (tmp_path / "previous").write_text(PREVIOUS, encoding="utf-8")
    for name, value in (("API_KEYS", str(tmp_path)), ("VLLM_API_KEY", API_KEY)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("METRICS_KEY", METRICS_KEY)
    app = _in_front(containers[-1])
    return lambda path, key: asyncio.run(_asked(app, path, key))


@pytest.mark.parametrize("name", CONTAINERS)
def test_it_starts_with_the_variables_of_every_container(
    name: str,
    containers: Sequence[Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [container for container in containers if container["name"] == name]
    assert found
    for container in found:
        with monkeypatch.context() as patched:
            for variable in ("VLLM_API_KEY", "METRICS_KEY"):
                patched.delenv(variable, raising=False)
            for entry in container["env"]:
                patched.setenv(entry["name"], entry.get("value", "key"))
            assert asyncio.run(_asked(_in_front(container), "/health", None))[0] == 200


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/v1/models", API_KEY, 200),
        ("/v1/models", PREVIOUS, 200),
        ("/v1/models", METRICS_KEY, 401),
        ("/v1/models", "wrong", 401),
        ("/v1/models", None, 401),
        ("/metrics", METRICS_KEY, 200),
        ("/metrics", API_KEY, 404),
        ("/health", None, 200),
        ("/invocations", API_KEY, 404),
    ],
)
def test_each_key_opens_its_own(path: str, key: str | None, status: int, front: Front) -> None:
    answered, headers = front(path, key)
    assert answered == status
    # The edge keeps its connections, and asks another replica by request, not by connection.
    assert "connection" not in headers


def test_a_key_that_changes_counts_from_the_next_request_on(front: Front, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("another\n", encoding="utf-8")
    (tmp_path / "previous").unlink()
    assert [front("/v1/models", key)[0] for key in ("another", API_KEY, PREVIOUS)] == [
        200,
        401,
        401,
    ]
    (tmp_path / "value").write_text("\n", encoding="utf-8")
    assert [front("/v1/models", key)[0] for key in ("another", API_KEY, "")] == [401, 401, 401]


@pytest.mark.parametrize(
    ("written", "graph_seconds", "said"),
    [
        ("loaded", -60, "loaded"),
        ("loaded", 60, "unused"),
        ("mismatch", 60, "mismatch"),
        ("absent", 60, "absent"),
        (None, 60, "failed"),
    ],
)
def test_metrics_say_what_became_of_compiled_code(
    *,
    written: str | None,
    graph_seconds: int,
    said: str,
    containers: Sequence[Mapping[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = next(c for c in containers if "COMPILED_STATE" in {e["name"] for e in c["env"]})
    state, graph = tmp_path / "state", tmp_path.joinpath(*_GRAPH)
    if written:
        state.write_text(f"{written}\n", encoding="utf-8")
    graph.parent.mkdir(parents=True)
    graph.touch()
    os.utime(graph, (then := time.time() + graph_seconds, then))
    for name, value in (
        ("API_KEYS", str(tmp_path)),
        ("METRICS_KEY", METRICS_KEY),
        ("COMPILED_STATE", str(state)),
        ("VLLM_CACHE_ROOT", str(tmp_path)),
    ):
        monkeypatch.setenv(name, value)
    begun, *bodies = asyncio.run(_answers(_in_front(found), "/metrics", METRICS_KEY))
    # A length that was true before, or an answer that was packed, would cut it off.
    assert not {b"content-length", b"content-encoding"} & {name for name, _ in begun["headers"]}
    text = b"".join(body["body"] for body in bodies).decode()
    assert text.startswith(METRICS)
    assert text.splitlines()[-1] == f'tokenfleet_compiled_code{{state="{said}"}} 1'


def _in_front(container: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as ASGI has it
    """The middleware of a container around an engine: the last one that is named is the outermost."""
    app: Any = _engine
    for argument in container["args"]:
        if argument.startswith(FLAG):
            module, _, name = argument.removeprefix(FLAG).partition(".")
            app = getattr(middleware(module), name)(app)
    return app


async def _engine(scope: Message, _: object, send: Callable[[Message], Any]) -> None:
    """As vLLM: below /v1 only with its own key."""
    allowed = (b"authorization", f"Bearer {API_KEY}".encode()) in scope["headers"]
    status = 401 if scope["path"].startswith("/v1") and not allowed else 200
    body = METRICS.encode()
    headers = [(b"content-length", str(len(body)).encode())]
    # As prometheus_client does for whoever takes it.
    if any(name == b"accept-encoding" for name, _ in scope["headers"]):
        body, headers = gzip.compress(body), [(b"content-encoding", b"gzip")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body[:10], "more_body": True})
    await send({"type": "http.response.body", "body": body[10:]})


async def _asked(app: Any, path: str, key: str | None) -> Answer:  # noqa: ANN401 - as above
    begun, *_ = await _answers(app, path, key)
    return begun["status"], {k.decode(): v.decode() for k, v in begun["headers"]}


async def _answers(app: Any, path: str, key: str | None) -> Sequence[Message]:  # noqa: ANN401 - as above
    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [(b"accept-encoding", b"gzip")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    await app({"type": "http", "path": path, "headers": headers}, None, send)
    return answers
