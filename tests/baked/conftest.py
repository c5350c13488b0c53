"""One real registry a session with an engine's image in it, and what is needed to bake that."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.baked.layers import unpackable
from tests.cluster.tools import ToolsMissing, binary
from tests.registry.documents import Document
from tests.registry.real.registry_server import RegistryServer

_BYTES = random.Random(0)  # noqa: S311 - bytes that do not compress, the same each time
ENGINE = unpackable(
    ["amd64", "arm64"],
    [
        {name: _BYTES.randbytes(size)}
        for name, size in (("python", 200_000), ("vllm", 50_000), ("entrypoint", 10_000))
    ],
)


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    """What the tests of this folder run; they are skipped without it, with the way to get it."""
    if os.geteuid() != 0:
        pytest.skip("unpacking an image mounts, and mounting needs root")
    try:
        for name in ("containerd", "ctr", "crictl", "registry"):
            binary(name)
    except ToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistryServer]:
    """A registry with the engine's image, which a test may end."""
    with RegistryServer(binary("registry"), tmp_path) as running:
        running.push("vllm/engine", "v1", ENGINE)
        yield running


@pytest.fixture
def engine() -> Document:
    """The image in the registry."""
    return ENGINE
