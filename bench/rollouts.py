"""How many requests are lost while replicas are replaced, time after time, on a busy machine too.

    python -m bench.rollouts --times 20 --busy 2

Run by ``make bench-rollouts``. Real vLLM replicas of a plan's pod are replaced one after the
other under a steady stream of requests, as ``tests/engine/test_draining.py`` does it once;
``--busy`` processes compute meanwhile for nothing. Ends with 1 when a request was not answered
in full or a replica had to be killed; Ctrl-C prints the rollouts that were made.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.cluster.tools import ToolsMissing
from tests.engine.containers import pod_of, unhurried
from tests.engine.fleet import Engines, Replicas
from tests.engine.install import engine_tools
from tests.engine.rollout import rolled_out
from tests.guarded import ended, started
from tests.own_stacks import STACKS, own_stack
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack

_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One rollout: seconds, answers in full, and what is wrong with the others."""

    seconds: float
    whole: int
    losses: Sequence[str]
    codes: Sequence[int | None]

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost and every replica ended by itself."""
        return not self.losses and all(code == 0 for code in self.codes)


class _Asked(argparse.Namespace):
    """The command line."""

    times: int
    busy: int
    stack: str
    json: bool


def main() -> None:
    """Roll out, print a table, end with 1 when anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollouts")
    parser.add_argument("--times", type=int, default=20, help="rollouts (20)")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute meanwhile (0)")
    parser.add_argument("--stack", default="dev", choices=STACKS, help="whose first model (dev)")
    parser.add_argument("--json", action="store_true", help="results for machines")
    asked = parser.parse_args(namespace=_Asked())
    if asked.times < 1 or asked.busy < 0:
        parser.error("--times must be at least 1, --busy at least 0")
    rollouts: list[Figures] = []
    code = 0
    try:
        rollouts.extend(_rollouts(asked))
    except ToolsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    if asked.json:
        sys.stdout.write(json.dumps([asdict(rollout) for rollout in rollouts], indent=2) + "\n")
    console = Console(stderr=asked.json)
    console.print(_table(rollouts, asked.busy))
    for rollout in rollouts:
        for loss in rollout.losses:
            console.print(loss, style="red", markup=False)
    sys.exit(code if all(rollout.is_good for rollout in rollouts) else 1)


def _rollouts(asked: _Asked) -> Iterator[Figures]:
    tools = engine_tools()
    preview = preview_stack(unhurried(own_stack(asked.stack)), TODAY)
    pod = pod_of(preview.recording, f"vllm-{preview.plan.models[0].name}")
    shown = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="tokenfleet-rollouts-") as name:
        engines = Engines(tools, Path(name))
        try:
            replicas = Replicas(engines, pod)
            with _busy(asked.busy, Path(name)):
                turns = track(range(asked.times), "rolling out", console=shown, transient=True)
                for _ in turns:
                    yield _figures(replicas)
        finally:
            engines.stop()


def _figures(replicas: Replicas) -> Figures:
    began = time.monotonic()
    rollout = rolled_out(replicas)
    return Figures(
        seconds=round(time.monotonic() - began, 1),
        whole=len(rollout.answers) - len(rollout.losses),
        losses=rollout.losses,
        codes=rollout.codes,
    )


@contextmanager
def _busy(count: int, folder: Path) -> Generator[None]:
    """Processes that compute until the block ends, or this process does."""
    command = [sys.executable, "-c", "while True: pass"]
    running = [started(folder / f"busy-{number}.log", command) for number in range(count)]
    try:
        yield
    finally:
        for process in running:
            ended(process)


def _table(rollouts: Sequence[Figures], busy: int) -> Table:
    title = f"{len(rollouts)} rollouts of two replicas beside {busy} busy processes"
    table = Table(title=title, title_justify="left")
    for column in ("rollout", "seconds", "answered in full", "lost", "exit codes"):
        table.add_column(column, justify="right")
    for number, rollout in enumerate(rollouts, 1):
        codes = ", ".join("killed" if code is None else str(code) for code in rollout.codes)
        lost = str(len(rollout.losses))
        table.add_row(str(number), f"{rollout.seconds:.0f}", str(rollout.whole), lost, codes)
    table.add_section()
    whole, lost = sum(r.whole for r in rollouts), sum(len(r.losses) for r in rollouts)
    table.add_row("all", f"{sum(r.seconds for r in rollouts):.0f}", str(whole), str(lost), "")
    return table


if __name__ == "__main__":
    main()
