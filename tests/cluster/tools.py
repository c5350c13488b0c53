"""Real servers for tests, built from pinned Go modules and kept in a cache.

``make tools`` builds the core, a Kubernetes control plane; a test that needs another binary
asks for it by name.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
CORE = ("kube-apiserver", "kube-scheduler", "kube-controller-manager", "etcd", "kwok", "kubectl")
STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-delete.yaml",
)
# etcd's main package is called server.
_BUILT_AS = {"server": "etcd"}
_VERSION = "v1.36.3"
_STAMP = "k8s.io/component-base/version"
# Module builds call themselves v0.0.0-master+$Format, which kubectl cannot parse.
_LDFLAGS = f"-s -w -X {_STAMP}.gitVersion={_VERSION} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor=36"


class ToolsMissing(Exception):  # noqa: N818 - not a failure: the caller skips
    """There is nothing to build with and nothing in the cache."""


class BuildFailed(Exception):  # noqa: N818 - says what happened
    """A build ended with an error; the message is its own."""


@dataclass(frozen=True, kw_only=True)
class Binary:
    """A line of binaries.txt."""

    name: str
    module: str
    package: str
    tags: str

    @property
    def key(self) -> str:
        """What its binary depends on."""
        return f"{self.module} {self.package} {self.tags}"


def core_tools() -> Path:
    """The folder with the core binaries, built if need be (about four minutes on two cores).

    Raises:
        ToolsMissing: when they are not in the cache and there is no Go.
    """
    pinned = (
        (HERE / "go.mod").read_bytes()
        + (HERE / "go.sum").read_bytes()
        + f"{_LDFLAGS}{STAGES}".encode()
    )
    folder = cache() / f"core-{hashlib.sha256(pinned).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    command = ["go", "build", "-o", "{}/", "-ldflags", _LDFLAGS, "tool"]
    # kwok knows no pod life of its own: its stages are files of the module, and a module that was
    # never downloaded has no folder.
    _go(["go", "mod", "download", "sigs.k8s.io/kwok"], HERE)
    kwok = _go(["go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], HERE).stdout.strip()
    folder_of_stages = Path(kwok) / "kustomize" / "stage"
    return _built(folder, command, HERE, stages=[folder_of_stages / stage for stage in STAGES])


def binary(name: str) -> Path:
    """A binary that some tests need, built if need be.

    Raises:
        ToolsMissing: when it is not in the cache and there is no Go.
    """
    (wanted,) = (entry for entry in binaries() if entry.name == name)
    folder = cache() / f"{name}-{hashlib.sha256(wanted.key.encode()).hexdigest()[:16]}"
    if not (folder / name).is_file():
        tags = [] if wanted.tags == "-" else ["-tags", wanted.tags]
        command = ["go", "build", "-mod=readonly", *tags, "-ldflags", "-s -w", "-o", f"{{}}/{name}"]
        _built(folder, [*command, wanted.package], module_folder(wanted.module))
    return folder / name


def own_binary(source: Path) -> Path:
    """A program of ours, named as its folder, which holds its main.go, go.mod and go.sum.

    Raises:
        ToolsMissing: when it is not in the cache and there is no Go.
    """
    files = b"".join((source / name).read_bytes() for name in ("main.go", "go.mod", "go.sum"))
    folder = cache() / f"{source.name}-{hashlib.sha256(files).hexdigest()[:16]}"
    if not folder.is_dir():
        command = ["go", "build", "-mod=readonly", "-ldflags", "-s -w", "-o", f"{{}}/{source.name}"]
        _built(folder, [*command, "."], source)
    return folder / source.name


def binaries() -> list[Binary]:
    """What is pinned besides the core."""
    lines = (HERE / "binaries.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return [Binary(name=n, module=m, package=p, tags=t) for n, m, p, t in rows]


def module_folder(module: str) -> Path:
    """Where the sources of ``module@version`` are; CRDs are read from there.

    Raises:
        ToolsMissing: when there is no Go.
    """
    done = _go(["go", "mod", "download", "-json", module], HERE, check=False)
    found = json.loads(done.stdout or "{}")
    if "Dir" not in found:
        msg = f"go mod download {module}: {found.get('Error', done.stderr)}"
        raise BuildFailed(msg)
    return Path(found["Dir"])


def cache() -> Path:
    """Where built tools are kept, each in a folder named after what it depends on."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tokenfleet" / "tools"


@contextmanager
def complete(folder: Path) -> Generator[Path]:
    """A new folder that is renamed at the end, so that a cached folder is always complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        try:
            unfinished.rename(folder)
        except OSError:  # another build was faster
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _built(folder: Path, command: list[str], source: Path, stages: Sequence[Path] = ()) -> Path:
    with complete(folder) as unfinished:
        _go([part.replace("{}", str(unfinished)) for part in command], source)
        for built_as, name in _BUILT_AS.items():
            if (unfinished / built_as).exists():
                (unfinished / built_as).rename(unfinished / name)
        for stage in stages:
            shutil.copyfile(stage, unfinished / stage.name)
    return folder


def _go(
    command: list[str], folder: Path, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    if shutil.which("go") is None:
        msg = "no Go to build real servers with: install Go 1.26 or later, then make tools"
        raise ToolsMissing(msg)
    # A go.work of somebody else must not join in; a newer toolchain may be fetched as a module.
    environment = os.environ | {"GOWORK": "off", "GOTOOLCHAIN": "auto", "CGO_ENABLED": "0"}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, text=True, capture_output=True
    )
    if check and done.returncode:
        msg = f"{' '.join(command)} in {folder}\n{done.stderr}"
        raise BuildFailed(msg)
    return done


def main() -> None:
    """Build what is named on the command line, or the core; print sizes."""
    console = Console()
    names = sys.argv[1:]
    try:
        with console.status(f"building {', '.join(names) or 'the control plane'} with Go"):
            built = [binary(name) for name in names] or [core_tools() / n for n in CORE]
    except ToolsMissing as missing:
        console.print(str(missing))
        sys.exit(2)
    table = Table(box=None)
    table.add_column("tool")
    table.add_column("MiB", justify="right")
    for path in built:
        table.add_row(path.name, f"{path.stat().st_size / 2**20:.0f}")
    console.print(table)
    console.print(f"in {built[0].parent}", soft_wrap=True)


if __name__ == "__main__":
    main()
