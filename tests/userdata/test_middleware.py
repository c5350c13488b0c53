"""What stands in front of the engine, in the order in which vLLM puts it there."""

import asyncio
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

CONTAINERS = ("vllm", "compile-artifacts")
API_KEY, PREVIOUS, METRICS_KEY = "the-key", "the-one-before", "the-key-to-metrics"
FLAG = "--middleware="
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
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Front:
    """Asks for a path with a key of an engine that lets in whoever has its own, as vLLM does."""
    (tmp_path / "value").write_text(API_KEY, encoding="utf-8")
    (tmp_path / "previous").write_text(PREVIOUS, encoding="utf-8")
    for name, value in (("API_KEYS", str(tmp_path)), ("VLLM_API_KEY", API_KEY)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("METRICS_KEY", METRICS_KEY)
    app = _in_front(containers[-1], root)
    return lambda path, key: asyncio.run(_asked(app, path, key))


@pytest.mark.parametrize("name", CONTAINERS)
def test_it_starts_with_the_variables_of_every_container(
    name: str,
    containers: Sequence[Mapping[str, Any]],
    root: Path,
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
            assert asyncio.run(_asked(_in_front(container, root), "/health", None))[0] == 200


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
def test_each_key_opens_its_own_and_every_answer_is_the_last_of_its_connection(
    path: str, key: str | None, status: int, front: Front
) -> None:
    answered, headers = front(path, key)
    assert answered == status
    # An idle connection has no time-out that has to fit those around it: there is none.
    assert headers["connection"] == "close"


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


def _in_front(container: Mapping[str, Any], root: Path) -> Any:  # noqa: ANN401 - as ASGI has it
    """The middleware of a container around an engine: the last one that is named is the outermost."""
    app: Any = _engine
    for argument in container["args"]:
        if argument.startswith(FLAG):
            module, _, name = argument.removeprefix(FLAG).partition(".")
            app = getattr(_module(root, module), name)(app)
    return app


def _module(root: Path, name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, root / "userdata" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def _engine(scope: Message, _: object, send: Callable[[Message], Any]) -> None:
    """As vLLM: below /v1 only with its own key."""
    allowed = (b"authorization", f"Bearer {API_KEY}".encode()) in scope["headers"]
    status = 401 if scope["path"].startswith("/v1") and not allowed else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _asked(app: Any, path: str, key: str | None) -> Answer:  # noqa: ANN401 - as above
    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [] if key is None else [(b"authorization", f"Bearer {key}".encode())]
    await app({"type": "http", "path": path, "headers": headers}, None, send)
    begun = answers[0]
    return begun["status"], {k.decode(): v.decode() for k, v in begun["headers"]}
