"""What a program finds around it, as the language host sets it up, and nothing it leaves behind."""

import asyncio
import contextlib
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Generator
from pathlib import Path

from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

_STACK_TRACE = "_get_stack_trace"


@contextlib.contextmanager
def inside(directory: Path) -> Generator[None]:
    """The directory as the language host sets it up: current, and first on ``sys.path``.

    Modules of the program are forgotten afterwards: what they create when they are imported has
    to be created again in the next run.
    """
    before_path, before_directory, before = list(sys.path), Path.cwd(), set(sys.modules)
    sys.path.insert(0, str(directory))
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before_directory)
        sys.path[:] = before_path
        for name in [*sys.modules.keys() - before]:
            if _is_own(name, directory):
                del sys.modules[name]


def _is_own(module: str, directory: Path) -> bool:
    """Whether a module is of the program: not of this package, nor of an environment inside it."""
    file = getattr(sys.modules[module], "__file__", None)
    if not file or module.partition(".")[0] == __name__.partition(".")[0]:
        return False
    return is_source_of(Path(file), directory)


def is_source_of(file: Path, directory: Path) -> bool:
    """Whether a file is in the directory, and not of an environment that is inside it."""
    return file.is_relative_to(directory) and not file.is_relative_to(sys.prefix)


@contextlib.contextmanager
def standard_output_as_error() -> Generator[None]:
    """What the program prints, itself or by a command it runs: standard output is the report's."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def no_collector() -> Generator[None]:
    """Looking for garbage among half a million small objects takes as long as the run itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def no_source_positions() -> Generator[None]:
    """Nobody reads where a resource was created, and finding that out takes a fifth of a run.

    The runtime has no switch for it; a release without this function of its own is only slower.
    """
    found = getattr(resource, _STACK_TRACE, None)
    setattr(resource, _STACK_TRACE, source_pb2.StackTrace)
    try:
        yield
    finally:
        setattr(resource, _STACK_TRACE, found)


def forget_unawaited(error: BaseException, outputs: set[asyncio.Task[object]]) -> None:
    """Drop what a program that failed left unfinished, which Python would otherwise report later."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        outputs.clear()
        traceback.clear_frames(error.__traceback__)
        gc.collect()
