"""What the edge costs a request, and what it saves when a replica fails.

    bench/edge --per-second 300
    bench/edge --faults

Run by ``make bench-edge``. Real Envoys with the configuration of a plan stand before scripted
engines; client, edge and engines share this machine, so what counts are ratios within one run. Ends
with 1 when the edge adds more than 1 ms to the median wait for the first byte, or more than 3 ms to
the 99th percentile that is then more than twice the direct one; with ``--faults`` when more is lost
than the tests allow.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.edge_ways import Taken, taken, ways
from tests.cluster.tools import ToolsMissing
from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.faults import COUNT, FAULTS, Fault, behaviour, hurried, struck
from tests.edge.load import Sent, lost, quantile

Item = TypeVar("Item")
_KEY = "key-of-alice-1"
_MOST_ADDED_MS = {0.5: 1.0, 0.99: 3.0}
_MOST_TIMES_DIRECT = 2.0
_INTERRUPTED = 130


class _Asked(argparse.Namespace):
    """The command line."""

    per_second: float
    seconds: float
    rounds: int
    faults: bool
    json: bool


def main() -> None:
    """Measure, print a table, end with 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="bench/edge")
    parser.add_argument("--per-second", type=float, default=300, help="requests a second (300)")
    parser.add_argument("--seconds", type=float, default=10, help="of each way in each round (10)")
    parser.add_argument("--rounds", type=int, default=5, help="of all ways in turn (5)")
    parser.add_argument("--faults", action="store_true", help="what is lost when a replica fails")
    parser.add_argument("--json", action="store_true", help="results for machines")
    asked = parser.parse_args(namespace=_Asked())
    if asked.per_second <= 0 or asked.seconds < 1 or asked.rounds < 1:
        parser.error("--per-second must be above 0, --seconds and --rounds at least 1")
    try:
        code = _faults(asked) if asked.faults else _cost(asked)
    except ToolsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        code = 2
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code)


def _cost(asked: _Asked) -> int:
    with tempfile.TemporaryDirectory(prefix="tokenfleet-edge-") as name:
        edges = Edges(Path(name))
        try:
            found = ways(edges)
            rounds = [
                {
                    way.name: taken(
                        way, per_second=asked.per_second, seconds=asked.seconds, seed=number
                    )
                    for way in found
                }
                for number in _shown(range(asked.rounds), "measuring")
            ]
        finally:
            edges.stop()
    rows = {way.name: _row([each[way.name] for each in rounds], rounds) for way in found}
    title = (
        f"ms to the first byte at {asked.per_second:g} requests a second, CPU of the edge a request,"
        f"\nand how late the client was; medians of {asked.rounds} rounds of {asked.seconds:g} s"
    )
    _print(asked, title, rows)
    return 0 if all(_is_cheap(row) for row in rows.values()) else 1


def _row(own: Sequence[Taken], rounds: Sequence[Mapping[str, Taken]]) -> Mapping[str, float]:
    """Medians over rounds; what is added is compared within each."""
    direct = [each["direct"] for each in rounds]
    row: dict[str, float] = {}
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        mine = [quantile(one.first_ms, share) for one in own]
        theirs = [quantile(one.first_ms, share) for one in direct]
        row[name] = statistics.median(mine)
        pairs = list(zip(mine, theirs, strict=True))
        row[f"+{name}"] = statistics.median(one - other for one, other in pairs)
        row[f"x {name}"] = statistics.median(one / other for one, other in pairs)
    row["CPU"] = statistics.median(one.cpu_ms for one in own)
    row["late p99"] = statistics.median(one.late_ms for one in own)
    row["failed"] = sum(one.failed for one in own)
    return row


def _is_cheap(row: Mapping[str, float]) -> bool:
    p99_is_good = row["+p99"] <= _MOST_ADDED_MS[0.99] or row["x p99"] <= _MOST_TIMES_DIRECT
    return row["+p50"] <= _MOST_ADDED_MS[0.5] and p99_is_good and not row["failed"]


def _faults(asked: _Asked) -> int:
    rows = {
        f"{fault.name}, {'edge' if edge else 'Service'}": _struck(fault, edge=edge)
        for fault, edge in _shown([(f, e) for f in FAULTS for e in (False, True)], "striking")
    }
    _print(asked, f"of {COUNT} requests while one of three replicas fails", rows)
    allowed = {f"{fault.name}, edge": fault.loses for fault in FAULTS}
    return 0 if all(rows[name]["lost"] <= most for name, most in allowed.items()) else 1


def _struck(fault: Fault, *, edge: bool) -> Mapping[str, float]:
    """Through an edge, or as a Service does it: any replica that is known, by lot."""
    with tempfile.TemporaryDirectory(prefix="tokenfleet-edge-") as name:
        edges = Edges(Path(name))
        try:
            engines = [edges.engine(**behaviour()) for _ in range(3)]
            ports = [engine.port for engine in engines]
            if edge:
                envoy = edges.envoy(served(engines), edit_routes=hurried)
                envoy.await_healthy("m", len(engines))
                ports = [envoy.port]
            source = random.Random(fault.name)  # noqa: S311 - a load
            clients = [Client(port, _KEY, patience=10) for port in ports]
            load = asyncio.run(struck(fault, engines[0], lambda: source.choice(clients)))
        finally:
            edges.stop()
    return _losses(load)


def _losses(load: Sequence[Sent]) -> Mapping[str, float]:
    first = [1000 * sent.answer.first for sent in load if sent.answer.ending == "complete"]
    return {
        "lost": len(lost(load)),
        "p50": quantile(first, 0.5),
        "p99": quantile(first, 0.99),
    }


def _shown(items: Sequence[Item], what: str) -> Iterable[Item]:
    return track(items, what, console=Console(stderr=True), transient=True)


def _print(asked: _Asked, title: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    if asked.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = next(iter(rows.values()))
    for column in columns:
        table.add_column(column, justify="right")
    for name, row in rows.items():
        figures = (
            f"{value:.0f}" if column in ("lost", "failed") else f"{value:.2f}"
            for column, value in row.items()
        )
        table.add_row(name, *figures)
    Console(stderr=asked.json).print(table)


if __name__ == "__main__":
    main()
