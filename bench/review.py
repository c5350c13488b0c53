"""How long a reviewer waits: both stacks at two revisions beside the preview of one of them.

Run by ``make bench``. Machines are noisy: what counts is the ratio of medians within one run.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench.preview import PREVIEW, TOKENFLEET
from bench.wall_time import times_table, wall_times

TIMES_PREVIEW = 3.0
BASE, REVIEW = "tokenfleet preview prod", "tokenfleet review HEAD~1, every stack changed"
_ROOT = Path(__file__).parents[1]
_WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")


def main() -> int:
    """Print medians and their ratio, and whether the target is met; 1 when it is not."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tokenfleet-bench-") as scratch:
        clone = Path(scratch) / "clone"
        _git("clone", "--quiet", "--depth", "1", f"file://{_ROOT}", str(clone))
        # A file of the program concerns every stack, so each is previewed at both revisions.
        program = clone / "__main__.py"
        program.write_text(f"{program.read_text(encoding='utf-8')}# Edited.\n", encoding="utf-8")
        _git("-C", str(clone), *_WHO, "commit", "--quiet", "--all", "--message", "edit")
        review = [TOKENFLEET, "review", "HEAD~1", "HEAD", "--project", str(clone)]
        # Refused, it would be soonest of all.
        subprocess.run(review, check=True, capture_output=True)
        measured = wall_times({BASE: [*PREVIEW, "prod"], REVIEW: review})
    console.print(times_table(measured, BASE))
    ratio = statistics.median(measured[REVIEW]) / statistics.median(measured[BASE])
    met = "yes" if ratio <= TIMES_PREVIEW else "no"
    console.print(f"{REVIEW}, at most {TIMES_PREVIEW:g} times one preview: {met}, {ratio:.1f}")
    return int(ratio > TIMES_PREVIEW)


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True)


if __name__ == "__main__":
    sys.exit(main())
