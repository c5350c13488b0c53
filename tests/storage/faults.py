"""The fault table: what may happen to a loader, and how it may then end."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler

from tests.storage import loading
from tests.storage.bad_line import BadLine
from tests.storage.front import Meddle, in_front, strict_clock, without_range
from tests.storage.loading import (
    BAD_MANIFEST,
    CHECKSUM,
    DENIED,
    DISK_FULL,
    NOT_PUBLISHED,
    STORE,
    TIMEOUT,
    Loader,
)
from tests.storage.stage import PART_BYTES, Stage, Verdict
from tokenfleet.weights.layout import file_key, manifest_key

READY = 0
Fault = Callable[[Stage], Verdict]
# So slow that a kill finds every connection in the middle of something.
_SLOW = 2**21
# About what a load takes: moments are drawn from within.
_LOAD_SECONDS = 1.5


def killed(stage: Stage) -> Verdict:
    """SIGKILL for the loader and its workers, one to three times, after some bytes or some time."""
    for _ in range(stage.random.randint(1, 3)):
        if stage.random.random() < 0.5:
            loader = stage.load()
            time.sleep(stage.random.uniform(0, _LOAD_SECONDS))
            loader.kill_all()
        else:
            killed_after_bytes(stage)
        if problem := stage.wrong():
            return Verdict(code=READY, problem=problem)
    return stage.judged(stage.load(), (READY,))


def killed_after_bytes(stage: Stage) -> None:
    """SIGKILL when so many bytes of answers have passed."""
    with BadLine(stage.server.endpoint, bytes_per_second=_SLOW) as line:
        loader = stage.load(line.endpoint)
        wait_for(loader, line, stage.random.randint(0, stage.size_bytes))
        loader.kill_all()


def wait_for(loader: Loader, line: BadLine, passed_bytes: int) -> None:
    """Until so many bytes of answers have passed, or the loader has ended."""
    while loader.is_running() and line.passed_bytes < passed_bytes:
        time.sleep(0.005)


def damaged(stage: Stage, damage: Callable[[bytes], bytes], allowed: tuple[int, ...]) -> Verdict:
    """A file in the bucket is not what the manifest says; later it is published again."""
    path = stage.some_file()
    stage.put(file_key(stage.snapshot, path), damage(stage.files[path]))
    return refused_then_served(stage, allowed, file_key(stage.snapshot, path), stage.files[path])


def vanished(stage: Stage) -> Verdict:
    """A file that the manifest promises is not there; later it is published again."""
    path = stage.some_file()
    stage.remove(file_key(stage.snapshot, path))
    return refused_then_served(stage, (STORE,), file_key(stage.snapshot, path), stage.files[path])


def refused_then_served(
    stage: Stage, allowed: tuple[int, ...], key: str, content: bytes
) -> Verdict:
    """Refused now, and served once this object is what it should be; the first verdict counts."""
    verdict = stage.judged(stage.load(), allowed)
    stage.put(key, content)
    return then_served(stage, verdict)


def then_served(stage: Stage, verdict: Verdict) -> Verdict:
    """The same verdict, if the next loader, with nothing in its way, serves."""
    after = stage.judged(stage.load(), (READY,))
    return verdict if verdict.problem else Verdict(code=verdict.code, problem=after.problem)


def no_manifest(stage: Stage) -> Verdict:
    """The revision is not published, or no longer."""
    stage.remove(manifest_key(stage.snapshot))
    return stage.judged(stage.load(), (NOT_PUBLISHED,))


def bad_manifest(stage: Stage) -> Verdict:
    """The manifest is cut short or has one wrong bit, anywhere."""
    key = manifest_key(stage.snapshot)
    answer = stage.server.client().get_object(Bucket=stage.bucket, Key=key)
    honest = answer["Body"].read()
    place = stage.random.randrange(len(honest))
    if stage.random.random() < 0.5:
        bit = bytes([honest[place] ^ 1 << stage.random.randrange(8)])
        stage.put(key, honest[:place] + bit + honest[place + 1 :])
    else:
        stage.put(key, honest[:place])
    return refused_then_served(stage, (BAD_MANIFEST,), key, honest)


def disk_full(stage: Stage) -> Verdict:
    """The disk has room for about half of the model."""
    size = int(stage.size_bytes * stage.random.uniform(0.3, 0.7))
    with loading.small_disk(stage.cache, size):
        return stage.judged(stage.load(), (DISK_FULL,))


def disk_fills(stage: Stage) -> Verdict:
    """There is room at first; somebody else takes it while the loader is at work."""
    with (
        loading.small_disk(stage.cache, stage.size_bytes * 2),
        BadLine(stage.server.endpoint, bytes_per_second=_SLOW) as line,
    ):
        loader = stage.load(line.endpoint)
        wait_for(loader, line, stage.random.randint(0, stage.size_bytes))
        # Unbuffered: what is left in a buffer would be written, and fail, when it is closed.
        with suppress(OSError), (stage.cache / "other").open("wb", buffering=0) as file:
            while file.write(bytes(2**16)):
                pass
        return stage.judged(loader, (READY, DISK_FULL))


def two_at_once(stage: Stage) -> Verdict:
    """Two loaders of one snapshot; sometimes one is killed, sometimes without its workers."""
    first, second = stage.load(), stage.load()
    kill = stage.random.choice((None, first.kill, first.kill_all))
    if kill is None:
        verdict = stage.judged(first, (READY,))
        if verdict.problem:
            second.kill_all()
            return verdict
        return stage.judged(second, (READY,))
    time.sleep(stage.random.uniform(0, _LOAD_SECONDS))
    kill()
    verdict = stage.judged(second, (READY,))
    first.ended()
    return verdict


def old_revision(stage: Stage) -> Verdict:
    """Space is short: a revision that an engine serves must stay, one that nobody wants may go."""
    size = stage.size_bytes * 3 // 2
    with loading.small_disk(stage.cache, size + 2**21), ExitStack() as engines:
        older = loading.older_snapshot(stage.cache, stage.size_bytes, minutes=60)
        is_used = stage.random.random() < 0.5
        if is_used:
            engines.enter_context(loading.engine(older))
        verdict = stage.judged(stage.load(), (DISK_FULL,) if is_used else (READY,))
        if is_used and not older.exists():
            return Verdict(code=verdict.code, problem="removed what an engine was serving")
        return verdict


def wrong_clock(stage: Stage) -> Verdict:
    """The clock of the node is 16 minutes to 9 hours off, either way."""
    seconds = stage.random.randint(960, 9 * 3600) * stage.random.choice((1, -1))
    clock = loading.wrong_clock(stage.folder / "clock", seconds)
    with in_front(stage.server.endpoint, strict_clock) as endpoint:
        return stage.judged(stage.load(endpoint, **clock), (READY,))


def denied(stage: Stage) -> Verdict:
    """The role may not read the bucket."""
    return stage.judged(stage.load(**stage.stranger()), (DENIED,))


def cut_off(stage: Stage) -> Verdict:
    """Connections end in the middle of answers, a few or every one."""
    many = stage.random.choice((3, 10, 1000))
    cuts = [stage.random.randint(0, PART_BYTES + 500) for _ in range(many)]
    with BadLine(stage.server.endpoint, cuts=cuts) as line:
        verdict = stage.judged(stage.load(line.endpoint), (READY, STORE))
    return then_served(stage, verdict)


def meddled(stage: Stage, meddle: Meddle) -> Verdict:
    """One request in five, or every one, is not answered as asked."""
    often = stage.random.choice((0.2, 1.0))

    def sometimes(request: BaseHTTPRequestHandler) -> int | None:
        return meddle(request) if stage.random.random() < often else None

    with in_front(stage.server.endpoint, sometimes) as endpoint:
        verdict = stage.judged(stage.load(endpoint), (READY, STORE))
    return then_served(stage, verdict)


def busy(_: BaseHTTPRequestHandler) -> int:
    """S3's SlowDown."""
    return 503


def out_of_time(stage: Stage) -> Verdict:
    """The line is too slow for the time allowed; the next run goes on from there."""
    with BadLine(stage.server.endpoint, bytes_per_second=2**15) as line:
        slow = stage.load(line.endpoint, LOADER_CONNECTIONS="2", LOADER_SECONDS="3")
        verdict = stage.judged(slow, (TIMEOUT,))
    return then_served(stage, verdict)


FAULTS: Mapping[str, Fault] = {
    "killed": killed,
    "object corrupted": partial(damaged, damage=loading.flip, allowed=(CHECKSUM,)),
    "object truncated": partial(damaged, damage=loading.first_half, allowed=(CHECKSUM, STORE)),
    "object vanished": vanished,
    "manifest missing": no_manifest,
    "manifest damaged": bad_manifest,
    "disk full": disk_full,
    "disk fills": disk_fills,
    "two at once": two_at_once,
    "old revision": old_revision,
    "clock wrong": wrong_clock,
    "access denied": denied,
    "connections cut": cut_off,
    "store busy": partial(meddled, meddle=busy),
    "ranges ignored": partial(meddled, meddle=without_range),
    "out of time": out_of_time,
}
NEEDS_ROOT = frozenset({"disk full", "disk fills", "old revision"})
