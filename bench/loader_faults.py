"""What a loader leaves when things go wrong: right bytes, or a reason, never READY over others.

    python -m bench.loader_faults --runs 200 --seed 2026

Run by ``make faults``. Faults take turns; each run draws everything else from its own seed, on a
real S3 server: served and byte for byte right, or refused with the code of the fault and a
reason. Any other end is printed with the seed that repeats it, and the command ends with 1.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.cluster.tools import ToolsMissing, binary
from tests.storage.faults import FAULTS, NEEDS_ROOT
from tests.storage.loading import LOADER
from tests.storage.s3_server import S3Server
from tests.storage.stage import Stage, Verdict

_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that has ended."""

    seed: int
    fault: str
    verdict: Verdict


class _Asked(argparse.Namespace):
    """The command line."""

    runs: int
    seed: int
    fault: str | None
    jobs: int
    loader: Path
    json: bool


def main() -> None:
    """Run, print a table, end with 1 when any run ended as none may."""
    parser = argparse.ArgumentParser(prog="python -m bench.loader_faults")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026, help="that of the first run (2026)")
    parser.add_argument("--fault", choices=FAULTS, help="this one alone (all in turn)")
    parser.add_argument("--jobs", type=int, default=4, help="runs at a time (4)")
    parser.add_argument("--loader", type=Path, default=LOADER, help="another loader")
    parser.add_argument("--json", action="store_true", help="results for machines")
    asked = parser.parse_args(namespace=_Asked())
    console = Console(stderr=asked.json)
    if asked.runs < 1:
        parser.error("--runs must be at least 1")
    if os.geteuid() != 0:
        console.print(f"left out, as they need root: {', '.join(sorted(NEEDS_ROOT))}")
    try:
        server = binary("versitygw")
    except ToolsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        sys.exit(2)
    try:
        runs = _runs(asked, server)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    if asked.json:
        sys.stdout.write(json.dumps([_plain(run) for run in runs], indent=2) + "\n")
    console.print(_table(runs))
    for run in runs:
        if run.verdict.problem:
            again = f"--runs 1 --seed {run.seed} --fault '{run.fault}'"
            console.print(f"{run.fault}: {run.verdict.problem.strip()}", style="red")
            console.print(f"again: python -m bench.loader_faults {again}", soft_wrap=True)
    sys.exit(1 if any(run.verdict.problem for run in runs) else 0)


def _runs(asked: _Asked, server_binary: Path) -> list[Run]:
    names = [asked.fault] if asked.fault else list(FAULTS)
    seeds = range(asked.seed, asked.seed + asked.runs)
    drawn = [(seed, names[seed % len(names)]) for seed in seeds]
    if os.geteuid() != 0:
        drawn = [(seed, fault) for seed, fault in drawn if fault not in NEEDS_ROOT]
    with tempfile.TemporaryDirectory(prefix="tokenfleet-faults-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        server = S3Server(server_binary, folder / "server")
        pool = ThreadPoolExecutor(asked.jobs)
        try:
            bucket = server.create_bucket()

            def run(seed: int, fault: str) -> Run:
                place = folder / str(seed)
                stage = Stage(server, bucket, place, seed, asked.loader.resolve())
                verdict = FAULTS[fault](stage)
                shutil.rmtree(place)
                return Run(seed=seed, fault=fault, verdict=verdict)

            done = pool.map(run, *zip(*drawn, strict=True))
            shown = Console(stderr=True)
            return list(track(done, "running", total=len(drawn), console=shown, transient=True))
        finally:
            pool.shutdown(cancel_futures=True)
            server.stop()


def _plain(run: Run) -> dict[str, object]:
    verdict = run.verdict
    return {"seed": run.seed, "fault": run.fault, "code": verdict.code, "problem": verdict.problem}


def _table(runs: Sequence[Run]) -> Table:
    table = Table(title=f"{len(runs)} runs from seed {runs[0].seed}", title_justify="left")
    for column in ("fault", "runs", "served", "refused", "exit codes", "bad"):
        table.add_column(column, justify="left" if column in {"fault", "exit codes"} else "right")
    for name in [*FAULTS, "all"]:
        of_it = [run for run in runs if name in {run.fault, "all"}]
        if not of_it:
            continue
        good = [run.verdict.code for run in of_it if not run.verdict.problem]
        codes = Counter(run.verdict.code for run in of_it)
        table.add_row(
            name,
            str(len(of_it)),
            str(good.count(0)),
            str(len(good) - good.count(0)),
            ", ".join(f"{code}: {many}" for code, many in sorted(codes.items())),
            str(len(of_it) - len(good)),
            end_section=name == list(FAULTS)[-1],
        )
    return table


if __name__ == "__main__":
    main()
