"""Commands timed as a user waits for them: whole processes, in turn, on a warm disk."""

import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

ROUNDS = 7
_ROOT = Path(__file__).parents[1]


def wall_times(commands: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[float]]:
    """Seconds of every command in every round; taking turns, a busy moment hits all alike."""
    for command in commands.values():
        _seconds(command)
    rounds = [{name: _seconds(words) for name, words in commands.items()} for _ in range(ROUNDS)]
    return {name: [found[name] for found in rounds] for name in commands}


def times_table(measured: Mapping[str, Sequence[float]], base: str) -> Table:
    """Medians in seconds, and as a ratio to that of ``base``: what counts on a noisy machine."""
    table = Table(title=f"median of {ROUNDS} runs", title_justify="left")
    for column in ("what", "seconds", "min", "max", "times the first"):
        table.add_column(column, justify="left" if column == "what" else "right")
    whole = statistics.median(measured[base])
    for name, times in measured.items():
        middle = statistics.median(times)
        table.add_row(
            name,
            *(f"{figure:.2f}" for figure in (middle, min(times), max(times))),
            f"{middle / whole:.1f}",
        )
    return table


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=_ROOT, check=False, capture_output=True)
    return time.perf_counter() - started
