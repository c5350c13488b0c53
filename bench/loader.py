"""How fast a node gets its model: userdata/model-loader beside the slowest thing in its way.

    make bench-loader

Needs root. A real S3 server at the other end of a shaped link, a disk with a limit, a model in
shards. What counts is the ratio within one round: the loader beside the least of link, server
and disk, each measured alone, and beside other tools on the same way.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from bench.disk import ThrottledDisk, hide_mounts
from bench.link import ShapedLink
from bench.measure import LIMITS, Bench, Killed, Round, Row, measured
from bench.tools import Programs, Source
from bench.undo import Undo
from tests.cluster.tools import ToolsMissing, binary
from tests.storage.loading import LOADER
from tests.storage.s3_server import S3Server
from tests.weights.model_files import MEBIBYTE, index, write_weights

MODEL, REVISION = "bench/model", "89abcdef" * 5
TARGET = 0.95
_NEEDED = ("bash", "curl", "ip", "losetup", "lsblk", "mkfs.ext4", "mount", "openssl", "tc")
_INTERRUPTED = 130
# As the files of an 8B model lie on the Hub: shards up to a size, the last one smaller, and texts.
_MIB_BY_TEXT = {"merges.txt": 2, "tokenizer.json": 11, "vocab.json": 3}
_SHARDS_SHARE = (0.4, 0.4, 0.2)


def main() -> None:
    """Print limits, tools and ratios; end with 1 when the loader misses its target."""
    asked = _asked()
    # A polite end is an end like Ctrl-C: everything that was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=asked.json)
    try:
        server = _prerequisites()
        hide_mounts()
        with Console(stderr=True).status("preparing") as status:
            found = _found(asked, server, status.update)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    if asked.json:
        sys.stdout.write(json.dumps(found.plain(), indent=2) + "\n")
    else:
        found.show(console)
    sys.exit(0 if found.ratio >= TARGET else 1)


def _prerequisites() -> Path:
    if os.geteuid() != 0:
        _refuse("needs root: it makes a network namespace, a shaped link and a loop device")
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        _refuse(f"needs {', '.join(missing)} on PATH")
    try:
        return binary("versitygw")
    except ToolsMissing as missing_tools:
        _refuse(str(missing_tools))


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"bench-loader: {reason}\n")
    sys.exit(2)


class _Asked(argparse.Namespace):
    """The command line."""

    link: float
    disk: int
    size: int
    rounds: int
    loader: Path
    aws: str
    s5cmd: str
    json: bool


def _asked() -> _Asked:
    parser = argparse.ArgumentParser(prog="python -m bench.loader")
    parser.add_argument("--link", type=float, default=1.0, help="Gbit/s of the link (1)")
    parser.add_argument("--disk", type=int, default=300, help="MB/s of the disk (300)")
    parser.add_argument("--size", type=int, default=4000, help="MB of the model (4000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of everything (3)")
    parser.add_argument("--loader", type=Path, default=LOADER, help="another loader")
    parser.add_argument("--aws", default="aws", help="the AWS CLI to compare with")
    parser.add_argument("--s5cmd", default="s5cmd", help="the s5cmd to compare with")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    return parser.parse_args(namespace=_Asked())


def _found(asked: _Asked, server_binary: Path, tell: Callable[[str], object]) -> "Found":
    load_before = os.getloadavg()[0]
    with Undo() as undo:
        folder = Path(tempfile.mkdtemp(prefix="tokenfleet-bench-"))
        undo.later("rm", "--recursive", "--force", str(folder))
        link = ShapedLink(undo, asked.link)
        disk = ThrottledDisk(undo, asked.size * 10**6 * 5 // 4 + 256 * MEBIBYTE, asked.disk)
        server = S3Server(server_binary, folder, host=link.there, inside=link.inside())
        try:
            source = _published(server, folder, asked.size)
            bench = Bench(link, disk, source)
            programs = Programs(loader=asked.loader.resolve(), aws=asked.aws, s5cmd=asked.s5cmd)
            for limit in LIMITS:  # what the server reads is in its memory from here on
                tell(f"warming up: {limit}")
                bench.limit(limit)
            rounds, rows = measured(
                bench, lambda at: programs.tools(source, at), asked.rounds, tell
            )
            tell("killed and started again")
            killed = bench.killed(lambda at: programs.tools(source, at)[0])
        finally:
            server.stop()
    return Found(
        size_bytes=source.size_bytes,
        link_megabytes=asked.link * 125,
        disk_megabytes=asked.disk if disk.is_throttled else None,
        rounds=rounds,
        rows=rows,
        killed=killed,
        load_average=(load_before, os.getloadavg()[0]),
    )


def _published(server: S3Server, folder: Path, megabytes: int) -> Source:
    """A bucket with the model, brought there by ``tokenfleet publish``."""
    files = folder / "model"
    files.mkdir()
    count = len(_SHARDS_SHARE)
    shards = [f"model-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)]
    for seed, (shard, share) in enumerate(zip(shards, _SHARDS_SHARE, strict=True)):
        write_weights(files / shard, int(megabytes * 10**6 * share), seed)
    (files / "model.safetensors.index.json").write_bytes(index(*shards))
    for text, mebibytes in _MIB_BY_TEXT.items():
        (files / text).write_text("text" * (mebibytes * MEBIBYTE // 4), encoding="utf-8")
    for text in ("config.json", "generation_config.json", "tokenizer_config.json"):
        (files / text).write_text('{"model_type": "bench"}', encoding="utf-8")
    sizes = {path.name: path.stat().st_size for path in sorted(files.iterdir())}
    bucket = server.create_bucket()
    command = [str(Path(sys.executable).with_name("tokenfleet")), "publish", MODEL]
    subprocess.run(
        [*command, "--revision", REVISION, "--from", str(files), "--bucket", bucket, "--json"],
        env={**os.environ, **server.environment()},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(files)
    return Source(
        server=server,
        bucket=bucket,
        snapshot=f"{MODEL}/{REVISION}",
        size_bytes_by_path=sizes,
        folder=folder,
    )


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured; ``disk_megabytes`` is None where the kernel cannot slow the disk."""

    size_bytes: int
    link_megabytes: float
    disk_megabytes: int | None
    rounds: Sequence[Round]
    rows: Sequence[Row]
    killed: Killed
    load_average: tuple[float, float]

    @property
    def ratio(self) -> float:
        """Of the loader."""
        return self.rows[0].ratio

    def plain(self) -> Mapping[str, object]:
        """For JSON."""
        return {
            "sizeBytes": self.size_bytes,
            "linkMegabytesPerSecond": self.link_megabytes,
            "diskMegabytesPerSecond": self.disk_megabytes,
            "rounds": [asdict(each) for each in self.rounds],
            "tools": [{**asdict(row), "rate": row.rate, "ratio": row.ratio} for row in self.rows],
            "killed": {**asdict(self.killed), "again": self.killed.fetched_again_bytes},
            "loadAverage": self.load_average,
            "target": TARGET,
            "met": self.ratio >= TARGET,
        }

    def show(self, console: Console) -> None:
        """For people."""
        console.print(self._table())
        again = self.killed.fetched_again_bytes / 10**6
        console.print(
            f"SIGKILL after {self.killed.killed_after_bytes / 10**6:.0f} MB:"
            f" {again:.0f} MB fetched again"
        )
        before, after = self.load_average
        console.print(f"load average {before:.1f} before, {after:.1f} after")
        if self.disk_megabytes is None:
            console.print("the disk was not slowed: this kernel cannot slow a loop device")
        met = "yes" if self.ratio >= TARGET else "no"
        console.print(f"at least {TARGET:g} of the least limit: {met}")

    def _table(self) -> Table:
        title = f"{self.size_bytes / 10**9:.2f} GB, median of {len(self.rounds)} rounds"
        table = Table(title=title, title_justify="left")
        for column in ("what", "MB/s", "min", "max", "of the limit", "CPU s/GB", "checks"):
            table.add_column(column, justify="left" if column in {"what", "checks"} else "right")
        for name in LIMITS:
            table.add_row(f"{name} alone", *_spread([each.limits[name] for each in self.rounds]))
        table.add_section()
        for row in self.rows:
            name = f"{row.name} {row.version}" if row.name != self.rows[0].name else row.name
            if row.problem:
                table.add_row(name, "", "", "", "", "", row.problem)
                continue
            spent = f"{row.cpu_seconds:.1f}"
            table.add_row(name, *_spread(row.rates), f"{row.ratio:.3f}", spent, row.checks)
        return table


def _spread(rates: Sequence[float]) -> tuple[str, str, str]:
    return f"{median(rates):.0f}", f"{min(rates):.0f}", f"{max(rates):.0f}"


if __name__ == "__main__":
    main()
