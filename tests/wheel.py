"""A wheel of this repository, and the command it installs in an environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

# All that a wheel is made of; tests, docs and the program stay behind.
_SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "components",
    "helm-values",
    "policies",
    "tokenfleet",
    "userdata",
)


def build(root: Path, copy: Path) -> Path:
    """The wheel, built in ``copy`` from a copy of ``root``: setuptools leaves folders behind."""
    for name in _SOURCES:
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / name, copy / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(root / name, copy)
    run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index",
        "--wheel-dir", "out", ".", cwd=copy)  # fmt: skip
    (built,) = (copy / "out").iterdir()
    return built


def install(wheel: Path, folder: Path) -> Path:
    """The installed command, in an environment that has the libraries and nothing of ours."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = folder / "bin" / "python"
    # A path alone: the .pth files there, and so the editable install, do not count.
    libraries, version = sysconfig.get_path("purelib"), sysconfig.get_python_version()
    site = folder / "lib" / f"python{version}" / "site-packages"
    (site / "libraries.pth").write_text(libraries, encoding="utf-8")
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps",
        "--no-index", "--no-compile", str(wheel))  # fmt: skip
    return folder / "bin" / "tokenfleet"


def run(*words: str, cwd: Path | None = None) -> str:
    """What a command says that must succeed, with no code of ours but what is installed."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        words, cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
