"""Publishing when things go wrong: what is promised in the bucket is always whole."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.weights.memory_store import MemoryObject, MemoryStore, MemoryUpload
from tokenfleet.weights.layout import file_key, manifest_key
from tokenfleet.weights.manifest import Manifest, parse, render
from tokenfleet.weights.publish import Published, publish
from tokenfleet.weights.refusal import PublishError, StoreError
from tokenfleet.weights.snapshot import digest, inspect
from tokenfleet.weights.store import Superseded
from tokenfleet.weights.watch import Advance

PART = 1000
SNAPSHOT = f"org/model/{'a' * 40}"
LARGE = file_key(SNAPSHOT, "large")
MANIFEST = manifest_key(SNAPSHOT)


class Watched:
    """What a person would have seen: bytes of the last task, and all lines."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self._lock = threading.Lock()

    def begin(self, task: str, total_bytes: int) -> Advance:
        del task
        self.total, self.done = total_bytes, 0

        def advance(handled_bytes: int) -> None:
            with self._lock:
                self.done += handled_bytes

        return advance

    def say(self, line: str) -> None:
        del line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small file, an empty one, and one of four parts that all differ."""
    (tmp_path / "small").write_bytes(b"small")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "large").write_bytes(b"".join(bytes([n]) * PART for n in range(3)) + b"end")
    return tmp_path


@pytest.fixture
def manifest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The folder's manifest, with parts of 1000 bytes."""
    monkeypatch.setattr("tokenfleet.weights.snapshot.PART_BYTES", PART)
    return manifest_of(folder)


def manifest_of(folder: Path) -> Manifest:
    files = digest(folder, inspect(folder, SNAPSHOT, "compiled"), lambda _: None)
    return Manifest(snapshot=SNAPSHOT, tool="test 1", files=tuple(files), part_bytes=PART)


def run(store: MemoryStore, manifest: Manifest, folder: Path) -> Published:
    return publish(store, manifest, folder, Watched())


def assert_whole(store: MemoryStore, manifest: Manifest, folder: Path) -> None:
    """The bucket promises this manifest and keeps it byte for byte."""
    assert parse(store.objects[MANIFEST].content.decode()).files == manifest.files
    for file in manifest.files:
        content = store.objects[file_key(SNAPSHOT, file.path)].content
        assert content == (folder / file.path).read_bytes()


def times(many: int, method: str, fault: Callable[[], None]) -> Callable[[str, str], None]:
    """Does ``fault`` the first times that ``method`` is asked for."""
    left = [many]

    def on(asked: str, _key: str) -> None:
        if asked == method and left[0]:
            left[0] -= 1
            fault()

    return on


def raising(error: BaseException) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


def test_the_manifest_comes_last(manifest: Manifest, folder: Path) -> None:
    store = MemoryStore()
    done = run(store, manifest, folder)
    assert list(store.objects)[-1] == MANIFEST
    assert_whole(store, manifest, folder)
    assert (done.outcome, done.sent_bytes) == ("published", manifest.total_bytes)


def test_what_is_published_is_not_sent_again(manifest: Manifest, folder: Path) -> None:
    store = MemoryStore()
    run(store, manifest, folder)
    again = run(store, replace(manifest, tool="another 2"), folder)
    assert (again.outcome, again.sent_bytes) == ("already published", 0)


def damaging(many: int) -> Callable[[bytes], bytes]:
    """Changes a byte of what is sent, so many times."""
    left = [many]

    def in_transit(content: bytes) -> bytes:
        if not content or not left[0]:
            return content
        left[0] -= 1
        return bytes([content[0] ^ 1]) + content[1:]

    return in_transit


def test_bytes_that_arrive_damaged_are_sent_again(manifest: Manifest, folder: Path) -> None:
    store, watched = MemoryStore(), Watched()
    store.in_transit = damaging(2)
    done = publish(store, manifest, folder, watched)
    assert_whole(store, manifest, folder)
    assert done.sent_bytes == watched.done == watched.total == manifest.total_bytes


def test_what_always_arrives_damaged_is_never_promised(manifest: Manifest, folder: Path) -> None:
    store = MemoryStore()
    store.in_transit = damaging(1000)
    with pytest.raises(PublishError, match="arrived damaged 3 times"):
        run(store, manifest, folder)
    assert MANIFEST not in store.objects


@pytest.mark.parametrize("path", ["small", "large"])
@pytest.mark.parametrize("content", [b"other", b"x" * 3003, b""])
def test_a_file_that_changed_since_its_digest_is_never_promised(
    path: str, content: bytes, manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()
    (folder / path).write_bytes(content)
    with pytest.raises(PublishError, match=f"{path}: changed since its digest was taken"):
        run(store, manifest, folder)
    assert MANIFEST not in store.objects


def test_a_file_that_vanished_is_a_sentence(manifest: Manifest, folder: Path) -> None:
    (folder / "large").unlink()
    with pytest.raises(PublishError, match="large: cannot be read: No such file"):
        run(MemoryStore(), manifest, folder)


def test_only_missing_parts_are_sent(manifest: Manifest, folder: Path) -> None:
    content = (folder / "large").read_bytes()
    (large,) = (file for file in manifest.files if file.path == "large")
    store = MemoryStore()
    kept = {2: content[PART : 2 * PART], 4: content[3 * PART :]}
    store.unfinished["half"] = MemoryUpload(key=LARGE, sha256=large.sha256, parts=kept)
    done = run(store, manifest, folder)
    assert done.sent_bytes == manifest.total_bytes - PART - 3
    assert_whole(store, manifest, folder)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {1: b"x" * PART},
        {1: bytes(PART), 2: b"x" * PART},
        {1: bytes(PART - 1)},
        {9: bytes(PART)},
    ],
    ids=["empty", "other bytes", "one of two", "shorter", "too many"],
)
def test_an_unfinished_upload_of_other_bytes_is_left_alone(
    parts: dict[int, bytes], manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()
    store.unfinished["other"] = MemoryUpload(key=LARGE, sha256="0" * 64, parts=dict(parts))
    run(store, manifest, folder)
    assert_whole(store, manifest, folder)
    assert store.unfinished["other"].parts == parts


def test_an_upload_that_lacks_only_its_end_is_ended(manifest: Manifest, folder: Path) -> None:
    store = MemoryStore()
    store.on = times(1, "finish", raising(StoreError(["gone"])))
    with pytest.raises(StoreError):
        run(store, manifest, folder)
    done = run(store, manifest, folder)
    assert done.sent_bytes <= len(b"small")
    assert_whole(store, manifest, folder)
    assert not store.unfinished


@pytest.mark.parametrize("method", ["put_part", "finish"])
def test_an_upload_that_another_publisher_ended_is_no_mistake(
    method: str, manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()
    whole = MemoryStore()
    run(whole, manifest, folder)

    def ended_by_another() -> None:
        store.objects[LARGE] = whole.objects[LARGE]
        raise Superseded

    store.on = times(1, method, ended_by_another)
    run(store, manifest, folder)
    assert_whole(store, manifest, folder)


def test_files_that_somebody_keeps_removing_are_never_promised(
    manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()

    def remove(method: str, key: str) -> None:
        if method == "stat":
            store.objects.pop(key, None)

    store.on = remove
    with pytest.raises(PublishError, match="somebody removes or replaces them"):
        run(store, manifest, folder)
    assert MANIFEST not in store.objects


def test_the_same_manifest_written_by_another_is_as_good(manifest: Manifest, folder: Path) -> None:
    store = MemoryStore()
    theirs = MemoryObject(content=render(replace(manifest, tool="another 2")).encode())
    store.on = times(1, "write", lambda: store.objects.update({MANIFEST: theirs}))
    run(store, manifest, folder)
    assert store.objects[MANIFEST] is theirs
    assert_whole(store, manifest, folder)


def test_another_manifest_written_meanwhile_is_refused(
    manifest: Manifest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "small").write_bytes(b"SMALL")
    theirs = MemoryObject(content=render(manifest_of(other)).encode())
    store = MemoryStore()
    store.on = times(1, "write", lambda: store.objects.update({MANIFEST: theirs}))
    with pytest.raises(PublishError, match="other content") as refusal:
        run(store, manifest, folder)
    assert refusal.value.lines[1:4] == (
        "  empty: not in the bucket",
        "  large: not in the bucket",
        "  small: other bytes of the same size",
    )
    assert store.objects[MANIFEST] is theirs


@pytest.mark.parametrize("path", ["small", "large"])
@pytest.mark.parametrize("change", ["content", "sha256", "checksum", "gone"])
def test_publishing_again_repairs_what_a_manifest_promises(
    path: str, change: str, manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()
    run(store, manifest, folder)
    key = file_key(SNAPSHOT, path)
    changes = {
        "content": MemoryObject(content=b"other"),
        "sha256": replace(store.objects[key], sha256=None),
        "checksum": replace(store.objects[key], checksum="0" * 64),
    }
    if change in changes:
        store.objects[key] = changes[change]
    else:
        del store.objects[key]
    done = run(store, manifest, folder)
    assert (done.outcome, done.sent_files) == ("repaired", 1)
    assert_whole(store, manifest, folder)


@pytest.mark.parametrize("path", ["small", "large"])
def test_other_bytes_without_a_manifest_are_not_replaced(
    path: str, manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()
    key = file_key(SNAPSHOT, path)
    store.objects[key] = MemoryObject(content=b"other", sha256="0" * 64)
    with pytest.raises(PublishError, match=f"{path}: .*there") as refusal:
        run(store, manifest, folder)
    assert "aws s3 rm --recursive s3://memory/models/org/model/" in refusal.value.lines[-1]
    assert store.objects[key].content == b"other"


def test_a_manifest_that_cannot_be_believed_is_not_trusted(
    manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()
    store.objects[MANIFEST] = MemoryObject(content=render(manifest).encode()[:-40])
    with pytest.raises(PublishError, match=r"cannot be believed: line \d+: is cut short"):
        run(store, manifest, folder)


def test_a_lost_connection_says_that_what_was_sent_is_kept(
    manifest: Manifest, folder: Path
) -> None:
    store = MemoryStore()

    def lost(method: str, key: str) -> None:
        if method == "finish":
            raise StoreError([f"{key} does not answer"])

    store.on = lost
    with pytest.raises(StoreError, match="the same command goes on from there"):
        run(store, manifest, folder)
