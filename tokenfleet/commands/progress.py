"""Progress of long work: a bar on a terminal, a line now and then elsewhere, or nothing."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from tokenfleet.weights.watch import Advance, Watch, size

_SECONDS_BETWEEN_LINES = 10
Begin = Callable[[str, int], Callable[[int], None]]
"""Begins a task of so many steps; what it returns is told how many more are done."""


@contextmanager
def progress(*, silent: bool) -> Generator[Watch]:
    """What suits standard error, where progress goes so that answers can be piped."""
    console = Console(stderr=True)
    watch = _Bar(console) if console.is_terminal else _Lines()
    try:
        yield _Silent() if silent else watch
    finally:
        watch.end()


@contextmanager
def steps(*, silent: bool) -> Generator[Begin]:
    """A bar for each task that is counted in steps; nothing where standard error is no terminal."""
    screen = Console(stderr=True)
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=silent or not screen.is_terminal,
    )

    def begin(task: str, total: int) -> Callable[[int], None]:
        number = shown.add_task(task, total=total)
        return lambda done: shown.advance(number, done)

    with shown:
        yield begin


class _Silent:
    def begin(self, task: str, total_bytes: int) -> Advance:
        del task, total_bytes
        return lambda _: None

    def say(self, line: str) -> None:
        del line


class _Bar:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None

    def begin(self, task: str, total_bytes: int) -> Advance:
        self.end()
        shown = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._progress = shown
        number = shown.add_task(task, total=total_bytes)
        shown.start()
        return lambda handled_bytes: shown.advance(number, handled_bytes)

    def say(self, line: str) -> None:
        self.end()
        typer.echo(line, err=True)

    def end(self) -> None:
        if self._progress:
            self._progress.stop()
        self._progress = None


class _Lines:
    """For logs: what began, then a line every ten seconds."""

    def begin(self, task: str, total_bytes: int) -> Advance:
        lock, began, done = threading.Lock(), time.monotonic(), 0
        said = began
        self.say(f"{task} {size(total_bytes)}")

        def advance(handled_bytes: int) -> None:
            nonlocal done, said
            with lock:
                done += handled_bytes
                now = time.monotonic()
                if now - said < _SECONDS_BETWEEN_LINES:
                    return
                said = now
                speed = done / (now - began)
            left = f", {(total_bytes - done) / speed:.0f} s left" if speed > 0 else ""
            self.say(f"{task}: {size(done)} of {size(total_bytes)}, {size(speed)}/s{left}")

        return advance

    def say(self, line: str) -> None:
        typer.echo(line, err=True)

    def end(self) -> None:
        pass
