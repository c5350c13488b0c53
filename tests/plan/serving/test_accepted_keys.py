"""The middleware that knows the keys works in every container that starts the engine."""

import asyncio
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

ENGINES = ("vllm", "compile-artifacts")
Scope = dict[str, Any]


@pytest.mark.parametrize("name", ENGINES)
def test_it_starts_with_the_variables_of_every_container(
    name: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serving = plan_of(stack_files["prod"].keys).serving
    manifests: Any = [*serving.compile_jobs.values(), *serving.manifests]
    pods = [m["spec"]["template"]["spec"] for m in manifests if m["kind"] in ("Deployment", "Job")]
    found = [c for pod in pods for c in pod["containers"] if c["name"] == name]
    assert found
    for container in found:
        assert "--middleware=accepted_keys.AcceptedKeys" in container["args"]
        with monkeypatch.context() as patched:
            patched.delenv("VLLM_API_KEY", raising=False)
            for entry in container["env"]:
                patched.setenv(entry["name"], entry.get("value", "key"))
            (passed,) = asyncio.run(_through(root, [(b"accept", b"*/*")]))
        assert passed["headers"] == [(b"accept", b"*/*")]


def test_what_is_no_request_passes_as_it_is(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEYS", str(tmp_path))
    (passed,) = asyncio.run(_through(root, None))
    assert passed == {"type": "lifespan"}


async def _through(root: Path, headers: list[tuple[bytes, bytes]] | None) -> list[Scope]:
    """What reaches the engine of a request with such headers, or of the start of the server."""
    spec = importlib.util.spec_from_file_location(
        "accepted_keys", root / "userdata" / "accepted_keys.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    passed: list[Scope] = []

    async def engine(scope: Scope, *_: object) -> None:
        passed.append(scope)

    scope = {"type": "lifespan"} if headers is None else {"type": "http", "headers": headers}
    await module.AcceptedKeys(engine)(scope, None, None)
    return passed
