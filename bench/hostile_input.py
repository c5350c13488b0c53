"""Whether any file crashes a command or keeps it busy.

    python -m bench.hostile_input --cases 10000 --seed 1

Run by ``make hostile``, in this process. Each case is a command and the files it reads, good but
for one or two (tests/hostile_files.py). Ends with 1 on a traceback or a case of more than five
seconds of processor time, which is printed with its files.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from rich.console import Console
from rich.table import Table

from tests.hostile_files import (
    COMMANDS,
    QUICK,
    Case,
    Outcome,
    cases,
    good_case,
    outcome,
    prepare,
)

_MOST_SECONDS = 5.0
_INTERRUPTED = 130
# One in thirty-one runs the whole program, which takes seconds.
_DRAWN = [*QUICK * 5, "preview"]
_END_BY_CODE = {0: "answered", 2: "mistake named", 3: "rule broken", 4: "verdict fails"}
ENDS = (*_END_BY_CODE.values(), "traceback", "too slow")


class _Asked(argparse.Namespace):
    """The command line."""

    cases: int
    seed: int


def main() -> None:
    """Run the cases, print how they ended, end with 1 when one ended as none may."""
    parser = argparse.ArgumentParser(prog="python -m bench.hostile_input")
    parser.add_argument("--cases", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--seed", type=int, default=1, help="what draws them (1)")
    asked = parser.parse_args(namespace=_Asked())
    if asked.cases < 1:
        parser.error("--cases must be at least 1")
    console = Console(markup=False)
    counts: Counter[tuple[str, str]] = Counter()
    slowest = 0.0

    @seed(asked.seed)
    @settings(
        max_examples=asked.cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(case=cases(_DRAWN))
    def run(case: Case) -> None:
        nonlocal slowest
        ended = outcome(case, folder)
        end = _end(ended)
        counts[ended.command, end] += 1
        slowest = max(slowest, ended.seconds)
        if end in {"traceback", "too slow"}:
            console.print(f"{end}: {ended.command}: {ended.crash!r}, {ended.seconds:.1f} s")
            console.print(str(dict(case.files)))

    with tempfile.TemporaryDirectory(prefix="tokenfleet-hostile-") as name:
        folder = Path(name)
        prepare(folder)
        # What is imported once is no case's time.
        for command in COMMANDS:
            outcome(good_case(command), folder)
        try:
            run()
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
    console.print(_table(counts))
    console.print(
        f"{counts.total():,} cases of seed {asked.seed}; the slowest took {slowest:.1f} s of processor"
    )
    sys.exit(any(counts[command, end] for command in COMMANDS for end in ENDS[-2:]))


def _end(ended: Outcome) -> str:
    if ended.crash is not None or ended.exit_code not in _END_BY_CODE:
        return "traceback"
    return "too slow" if ended.seconds > _MOST_SECONDS else _END_BY_CODE[ended.exit_code]


def _table(counts: Counter[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("command")
    for end in ENDS:
        table.add_column(end, justify="right")
    for command in COMMANDS:
        table.add_row(command, *(f"{counts[command, end]:,}" for end in ENDS))
    return table


if __name__ == "__main__":
    main()
