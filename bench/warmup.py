"""What compiled code and byte-compiled imports save of an engine's start, on a real vLLM.

    bench/warmup --rounds 3

Run by ``make bench-warmup``. The dev stack's engine, started as its pod says but for the differences
named in ``tests/engine/differences.py`` and below, serves a random model as deep as Qwen3-4B. Every
round starts it four times: with nothing at hand, with the byte code of what it imports, with the
code that it compiled, with both. Machines are noisy and shared: what counts are ratios within one
run. Ends with 1 when warming up with compiled code takes more than three tenths of that without.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.cluster.tools import ToolsMissing
from tests.engine import kubelet
from tests.engine.containers import Pod, pod_of, unhurried
from tests.engine.differences import Command
from tests.engine.engine import Engine
from tests.engine.fleet import Engines
from tests.engine.install import INSIDE, EngineTools, engine_tools, engine_version
from tests.own_stacks import own_stack
from tests.today import TODAY
from tokenfleet.plan.serving.engine.process import COMPILED_PATH
from tokenfleet.preview.run import preview_stack

MOST = 0.3
"""Of the warm-up without compiled code; issue 19."""
# Logged by every worker once its weights are loaded (vllm/v1/worker/cpu_model_runner.py, 0.32.0).
_LOADED = "Warming up model for the compilation"
_PATIENCE_SECONDS = 1800
_CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is at hand when the engine starts."""

    name: str
    byte_code: bool
    compiled: bool


CASES = (
    Case(name="nothing", byte_code=False, compiled=False),
    Case(name="byte code", byte_code=True, compiled=False),
    Case(name="compiled code", byte_code=False, compiled=True),
    Case(name="both", byte_code=True, compiled=True),
)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Seconds from the first process until weights are loaded, and from there to an answered chat.

    ``cpu`` are processor seconds of all processes over both, which another's work changes less.
    """

    start: float
    warm_up: float
    cpu: float


class Shelf:
    """What an earlier start left: code that it compiled, and byte code of what it imported."""

    def __init__(self, folder: Path) -> None:
        self.compiled, self.byte_code = folder / "compiled", folder / "byte-code"

    def environment(self, case: Case) -> Mapping[str, str]:
        """Where Python looks for byte code; it may write none, as on a read-only root."""
        found = self.byte_code if case.byte_code else self.byte_code.with_name("no-byte-code")
        return {"PYTHONPYCACHEPREFIX": str(found), "PYTHONDONTWRITEBYTECODE": "1"}

    def lay_out(self, case: Case, command: Command) -> None:
        """Copy compiled code to where the engine looks for it, as an init container does."""
        if case.compiled:
            shutil.copytree(self.compiled, command.sandbox.paths(COMPILED_PATH))


class Bench:
    """The engine of one pod and one model, started again and again in one folder."""

    def __init__(self, engines: Engines, pod: Pod, model: Path, shelf: Shelf) -> None:
        self._engines, self._pod, self._model, self._shelf = engines, pod, model, shelf

    def fill(self) -> None:
        """A first start, of which everything is kept."""
        engine = self._started({"PYTHONPYCACHEPREFIX": str(self._shelf.byte_code)}, CASES[0])
        self._await_chat(engine)
        engine.stop()
        shutil.copytree(engine.command.sandbox.paths(COMPILED_PATH), self._shelf.compiled)

    def taken(self, case: Case) -> Taken:
        """One start."""
        began = time.monotonic()
        engine = self._started(self._shelf.environment(case), case)
        engine.await_log(_LOADED, _PATIENCE_SECONDS)
        loaded = time.monotonic()
        self._await_chat(engine)
        ready = time.monotonic()
        cpu = sum(map(_cpu_seconds, engine.processes()))
        engine.stop()
        return Taken(start=loaded - began, warm_up=ready - loaded, cpu=cpu)

    def _await_chat(self, engine: Engine) -> None:
        """Ready as the startup probe sees it, however slow the machine is."""
        engine.await_healthy(_PATIENCE_SECONDS)
        probe = {**self._pod.container["startupProbe"], "timeoutSeconds": _PATIENCE_SECONDS}
        if not kubelet.passes(engine, probe):
            engine.fail("it did not answer a chat")

    def _started(self, environment: Mapping[str, str], case: Case) -> Engine:
        threads = {"OMP_NUM_THREADS": str(os.cpu_count() or 1)}  # as "auto" binds them on a node
        return self._engines.start(
            self._pod,
            model=self._model,
            arguments={"--enforce-eager": None},  # a pod compiles
            environment={**threads, **environment},
            place="engine",
            prepare=lambda command: self._shelf.lay_out(case, command),
        )


def _cpu_seconds(process: int) -> float:
    """User and system time of a process and of its children that ended (proc(5), stat)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _CLOCK


class _Asked(argparse.Namespace):
    """The command line."""

    rounds: int
    layers: int


def main() -> None:
    """Start, print a table, end with 1 when compiled code saves too little."""
    parser = argparse.ArgumentParser(prog="bench/warmup")
    parser.add_argument("--rounds", type=int, default=3, help="of four starts each (3)")
    parser.add_argument("--layers", type=int, default=36, help="of the model (36)")
    asked = parser.parse_args(namespace=_Asked())
    if min(asked.rounds, asked.layers) < 1:
        parser.error("--rounds and --layers must be at least 1")
    try:
        tools = engine_tools()
    except ToolsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="tokenfleet-warmup-") as name:
        rounds = [*_rounds(tools, asked, Path(name))]
    console = Console()
    console.print(_table(rounds, asked))
    ratio = _warm_up(rounds, "compiled code") / _warm_up(rounds, "nothing")
    console.print(
        f"warm-up with compiled code at most {MOST:.0%} of without:"
        f" {'yes' if ratio <= MOST else 'no'}, {ratio:.0%}"
    )
    sys.exit(ratio > MOST)


def _rounds(tools: EngineTools, asked: _Asked, folder: Path) -> Iterator[Mapping[str, Taken]]:
    preview = preview_stack(unhurried(own_stack("dev")), TODAY)
    pod = pod_of(preview.recording, f"vllm-{preview.plan.models[0].name}")
    model = folder / "model"
    subprocess.run(
        [tools.python, INSIDE / "deep_qwen3.py", model, str(asked.layers)],
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"},
    )
    engines = Engines(tools, folder)
    shown = Console(stderr=True)
    try:
        bench = Bench(engines, pod, model, Shelf(folder))
        with shown.status("a first start compiles, and what it leaves is kept"):
            bench.fill()
        for number in range(asked.rounds):
            turns = track(CASES, f"round {number + 1}", console=shown, transient=True)
            yield {case.name: bench.taken(case) for case in turns}
    finally:
        engines.stop()


def _warm_up(rounds: Sequence[Mapping[str, Taken]], case: str) -> float:
    return statistics.median(taken[case].warm_up for taken in rounds)


def _table(rounds: Sequence[Mapping[str, Taken]], asked: _Asked) -> Table:
    """Medians, each beside its ratio to a start with nothing at hand."""
    title = f"vLLM {engine_version()}, {asked.layers} layers, seconds: medians of {len(rounds)}"
    table = Table(title=title, title_justify="left")
    table.add_column("at hand")
    for column in ("start", "warm-up", "together", "processor"):
        table.add_column(column, justify="right")
    base: list[float] = []
    for case in CASES:
        taken = [found[case.name] for found in rounds]
        medians = [
            statistics.median(t.start for t in taken),
            statistics.median(t.warm_up for t in taken),
            statistics.median(t.start + t.warm_up for t in taken),
            statistics.median(t.cpu for t in taken),
        ]
        base = base or medians
        pairs = zip(medians, base, strict=True)
        table.add_row(case.name, *(f"{median:.1f} {median / of:4.0%}" for median, of in pairs))
    return table


if __name__ == "__main__":
    main()
