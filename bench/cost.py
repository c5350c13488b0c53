"""How long an answer about cost takes: `tokenfleet cost` and `compare` beside importing their types.

Run by ``make bench``. Machines are noisy: the ratio of medians within one run tells more than the
seconds, which are the targets.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
ROUNDS = 7
_TOKENFLEET = str(Path(sys.executable).with_name("tokenfleet"))
# What any command of this program pays: typed settings, tables, a command line.
BASE = "import pydantic, rich.table, typer, yaml"
COMMANDS = {
    "import pydantic, rich, typer, yaml": [sys.executable, "-c", BASE],
    "tokenfleet cost dev": [_TOKENFLEET, "cost", "dev"],
    "tokenfleet cost prod": [_TOKENFLEET, "cost", "prod"],
    "tokenfleet compare, whole catalogue": [
        *(_TOKENFLEET, "compare", "Qwen/Qwen3-8B", "--requests-per-second", "2", "--all"),
    ],
}
TARGETS = {
    "tokenfleet cost dev": 1.5,
    "tokenfleet cost prod": 1.5,
    "tokenfleet compare, whole catalogue": 5.0,
}


def seconds(command: list[str]) -> float:
    """Wall time of a command from start to finish."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print medians and ratios; end with 1 when a target is missed."""
    console = Console()
    for command in COMMANDS.values():
        seconds(command)  # a warm disk is what is asked for
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):  # taking turns, so that a busy moment hits all alike
        for name, command in COMMANDS.items():
            measured[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in measured.items()}
    base = medians[next(iter(COMMANDS))]
    table = Table("command", "median s", "least", "most", "times the imports", "target s")
    for name, times in measured.items():
        table.add_row(
            name,
            f"{medians[name]:.2f}",
            f"{min(times):.2f}",
            f"{max(times):.2f}",
            f"{medians[name] / base:.1f}",
            f"{TARGETS[name]:g}" if name in TARGETS else "",
        )
    console.print(table)
    missed = [name for name, target in TARGETS.items() if medians[name] > target]
    console.print(f"missed: {', '.join(missed)}" if missed else "every target is met")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
