"""Measurements of ways to fetch a model: each beside what limits it, in one round."""

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.disk import ThrottledDisk
from bench.link import ShapedLink
from bench.tools import Failed, Running, Source, Tool, run_all
from tests.weights.model_files import MEBIBYTE

LIMITS = ("link", "server", "disk")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one run took: megabytes a second and seconds of processor time a gigabyte."""

    rate: float
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Round:
    """Every limit alone, then every tool, within a few minutes; a tool that failed is not there."""

    limits: Mapping[str, float]
    taken: Mapping[str, Taken]

    @property
    def least(self) -> float:
        """Megabytes a second of what is slowest."""
        return min(self.limits.values())


@dataclass(frozen=True, kw_only=True)
class Row:
    """One tool over all rounds, medians; ``ratio`` is to the least limit of the same round."""

    name: str
    version: str
    checks: str
    rates: Sequence[float]
    ratios: Sequence[float]
    cpu_seconds: float
    problem: str = ""

    @property
    def rate(self) -> float:
        """Megabytes a second."""
        return statistics.median(self.rates) if self.rates else 0.0

    @property
    def ratio(self) -> float:
        """Of what the slowest thing in the way would allow."""
        return statistics.median(self.ratios) if self.ratios else 0.0


@dataclass(frozen=True, kw_only=True)
class Killed:
    """What a SIGKILL half-way costs, in bytes on the wire with all headers."""

    killed_after_bytes: int
    wire_bytes: int
    wire_bytes_unharmed: int

    @property
    def fetched_again_bytes(self) -> int:
        """What came twice."""
        return self.wire_bytes - self.wire_bytes_unharmed


class Bench:
    """The measurements, on a link, a server and a disk that exist."""

    def __init__(self, link: ShapedLink, disk: ThrottledDisk, source: Source) -> None:
        self._link, self._disk, self._source = link, disk, source
        self._environment = source.environment()

    def limit(self, name: str) -> float:
        """Megabytes a second of the link, the server or the disk alone."""
        if name == "disk":
            return self._written()
        inside = self._link.inside() if name == "server" else []
        fetch = [[*inside, *command] for command in self._source.curl(None)]
        return self._rate(run_all(fetch, self._environment))

    def _written(self) -> float:
        with self._disk.empty() as folder:
            # Past the kernel's memory, which would first fill and only then be written.
            count = self._source.size_bytes // (8 * MEBIBYTE)
            zeros = f"if=/dev/zero bs=8M count={count} oflag=direct conv=fsync status=none"
            command = ["dd", *zeros.split(), f"of={folder / 'file'}"]
            seconds = run_all([command], self._environment)
            return count * 8 * MEBIBYTE / 10**6 / seconds

    def taken(self, tool_in: Callable[[Path], Tool]) -> Taken:
        """Until all of it is on the disk, which was empty and of which nothing was in memory.

        Raises:
            Failed: when the tool does not bring the files.
        """
        with self._disk.empty() as folder:
            tool = tool_in(folder)
            before, started = _cpu_seconds(), time.perf_counter()
            run_all([tool.command], {**self._environment, **tool.environment})
            subprocess.run(["sync", "--file-system", folder], check=True)
            seconds = time.perf_counter() - started
            spent = _cpu_seconds() - before
            self._assert_there(folder)
        return Taken(
            rate=self._rate(seconds), cpu_seconds=spent / (self._source.size_bytes / 10**9)
        )

    def _assert_there(self, folder: Path) -> None:
        found = {path.name: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
        for path, size_bytes in self._source.size_bytes_by_path.items():
            if found.get(path) != size_bytes:
                msg = f"{path} has {found.get(path)} bytes, not {size_bytes}"
                raise Failed(msg)

    def killed(self, tool_in: Callable[[Path], Tool]) -> Killed:
        """Bytes on the wire of a run that is killed half-way and the one that ends its work."""
        before = self._link.received_bytes()
        with self._disk.empty() as folder:
            tool = tool_in(folder)
            environment = {**self._environment, **tool.environment}
            with Running(tool.command, environment) as running:
                while self._link.received_bytes() - before < self._source.size_bytes / 2:
                    if not running.is_running():
                        running.finish()
                        msg = "it ended before it could be killed"
                        raise Failed(msg)
                    time.sleep(0.01)
            killed_after_bytes = self._link.received_bytes() - before
            run_all([tool.command], environment)
            self._assert_there(folder)
        wire_bytes = self._link.received_bytes() - before
        before = self._link.received_bytes()
        self.taken(tool_in)
        return Killed(
            killed_after_bytes=killed_after_bytes,
            wire_bytes=wire_bytes,
            wire_bytes_unharmed=self._link.received_bytes() - before,
        )

    def _rate(self, seconds: float) -> float:
        return self._source.size_bytes / 10**6 / seconds


def measured(
    bench: Bench,
    tools_in: Callable[[Path], Sequence[Tool]],
    rounds: int,
    tell: Callable[[str], object],
) -> tuple[list[Round], list[Row]]:
    """All limits and all tools, taking turns, so that a busy moment hits all alike."""
    nowhere = tools_in(Path("/nowhere"))
    problems = {tool.name: "" if tool.command else "is not installed" for tool in nowhere}
    done: list[Round] = []
    for number in range(1, rounds + 1):
        limits: dict[str, float] = {}
        for name in LIMITS:
            tell(f"round {number} of {rounds}: {name} alone")
            limits[name] = bench.limit(name)
        taken: dict[str, Taken] = {}
        for place, tool in enumerate(nowhere):
            if problems[tool.name]:
                continue
            tell(f"round {number} of {rounds}: {tool.name}")
            try:
                taken[tool.name] = bench.taken(lambda at, place=place: tools_in(at)[place])
            except Failed as failed:
                problems[tool.name] = str(failed).strip().splitlines()[-1]
        done.append(Round(limits=limits, taken=taken))
    return done, [_row(tool, done, problems[tool.name]) for tool in nowhere]


def _row(tool: Tool, rounds: Sequence[Round], problem: str) -> Row:
    ran = [(each, each.taken[tool.name]) for each in rounds if tool.name in each.taken]
    return Row(
        name=tool.name,
        version=tool.version,
        checks=tool.checks,
        rates=[taken.rate for _, taken in ran],
        ratios=[taken.rate / each.least for each, taken in ran],
        cpu_seconds=statistics.median([taken.cpu_seconds for _, taken in ran]) if ran else 0.0,
        problem=problem,
    )


def _cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
