"""How long an answer about cost takes: `tokenfleet cost` and `compare` beside importing their types.

Run by ``make bench``. Machines are noisy: the ratio of medians within one run tells more than the
seconds, which are the targets.
"""

import statistics
import sys
from pathlib import Path

from rich.console import Console

from bench.wall_time import times_table, wall_times
from tests.own_stacks import FOLDER

_TOKENFLEET = str(Path(sys.executable).with_name("tokenfleet"))
_COST = [_TOKENFLEET, "cost", "--project", str(FOLDER)]
# What any command of this program pays: typed settings, tables, a command line.
BASE = "import what they use"
COMPARE = "tokenfleet compare --all"
COMMANDS = {
    BASE: [sys.executable, "-c", "import pydantic, rich.table, typer, yaml"],
    "tokenfleet cost dev": [*_COST, "dev"],
    "tokenfleet cost prod": [*_COST, "prod"],
    COMPARE: [_TOKENFLEET, "compare", "Qwen/Qwen3-8B", "--requests-per-second", "2", "--all"],
}
TARGETS = {"tokenfleet cost dev": 1.5, "tokenfleet cost prod": 1.5, COMPARE: 5.0}


def main() -> None:
    """Print medians and ratios; end with 1 when a target is missed."""
    console = Console()
    measured = wall_times(COMMANDS)
    console.print(times_table(measured, BASE))
    missed = [name for name, most in TARGETS.items() if statistics.median(measured[name]) > most]
    for name, most in TARGETS.items():
        console.print(f"{name} under {most:g} s: {'no' if name in missed else 'yes'}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
