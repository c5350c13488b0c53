"""What it brings that requests which begin alike meet the same replica.

    python -m bench.affinity
    python -m bench.affinity --shares 0.1,0.3,0.5

Real Envoys with the configuration of a plan, replicas that know slots, one prefill at a time and a
prefix cache. Both ways to choose a replica meet the same requests at the same time. Ends with 1
when shared prompts get their first token less than 5 times sooner by affinity, or unshared ones
more than 1.25 times later.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from bench.affinity.load import ALIKE, SHARED, UNSHARED, Load, sharing
from bench.affinity.measured import Measured, measured
from bench.affinity.report import table

_LEAST_FASTER = 5
_MOST_SLOWER = 1.25


class _Asked(argparse.Namespace):
    """The command line."""

    seconds: float
    rounds: int
    shares: str
    json: bool


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.affinity")
    parser.add_argument("--seconds", type=float, default=30, help="of arrivals in a round (30)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="of each load, each with its seed (3)"
    )
    parser.add_argument("--shares", default="", help="shares of a prompt that others begin with")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    asked = parser.parse_args(namespace=_Asked())
    shares = [sharing(float(share)) for share in asked.shares.split(",") if share]
    loads: Sequence[Load] = shares or [SHARED, UNSHARED, ALIKE]
    with Console(stderr=True).status("measuring") as status:
        found: list[Measured] = []
        for load in loads:
            status.update(f"{load.name}: {asked.rounds} rounds of {asked.seconds:g} s")
            found.append(measured(load, seconds=asked.seconds, seeds=range(asked.rounds)))
    if asked.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    else:
        Console().print(table(found))
    faster = {each.load.name: each.faster for each in found}
    met = faster.get(SHARED.name, _LEAST_FASTER) >= _LEAST_FASTER
    sys.exit(0 if met and faster.get(UNSHARED.name, 1) >= 1 / _MOST_SLOWER else 1)


if __name__ == "__main__":
    main()
