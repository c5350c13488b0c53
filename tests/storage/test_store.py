"""What publishing relies on, of the real server and of the bucket in memory alike."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.s3_server import S3Server
from tests.weights.memory_store import MemoryStore
from tokenfleet.aws.bucket import Bucket
from tokenfleet.weights.store import Damaged, Slice, Store, Superseded, Taken

KEY = "models/a/b/c/files/d+e=f"
CONTENT = bytes(range(256)) * 2**12 * 5  # 5 MiB, the least that S3 takes as a part
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WRONG = hashlib.sha256(b"").hexdigest()


@pytest.fixture(params=["S3 server", "memory"])
def store(
    request: pytest.FixtureRequest, s3_server: S3Server, bucket: str
) -> Iterator[Bucket | MemoryStore]:
    """An empty bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.environment().items():
            patch.setenv(name, value)
        yield Bucket(bucket) if request.param == "S3 server" else MemoryStore()


@pytest.fixture
def body(tmp_path: Path) -> Slice:
    """The content, in the middle of a file."""
    (tmp_path / "file").write_bytes(b"before" + CONTENT + b"after")
    return Slice(source=tmp_path / "file", offset=6, length=len(CONTENT))


def heard(_: int) -> None:
    """Hears progress."""


def test_an_object_is_what_was_put(store: Store, body: Slice) -> None:
    progress: list[int] = []
    store.put(KEY, body, SHA256, advance=progress.append)
    assert sum(progress) == len(CONTENT)
    assert store.read(KEY) == CONTENT
    found = store.stat(KEY)
    assert found
    assert (found.size_bytes, found.sha256, found.checksum) == (len(CONTENT), SHA256, SHA256)
    (listed,) = store.list("models/")
    assert (listed.key, listed.size_bytes) == (KEY, len(CONTENT))


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.read(KEY) is None
    assert store.stat(KEY) is None
    assert not list(store.list("models/"))
    assert not store.uploads("models/")


def test_nothing_is_replaced_before_it_is_removed(
    store: Store, body: Slice, tmp_path: Path
) -> None:
    store.write(KEY, "first")
    other = tmp_path / "other"
    other.write_bytes(b"other")
    with pytest.raises(Taken):
        store.write(KEY, "second")
    with pytest.raises(Taken):
        store.put(KEY, body, SHA256, advance=heard)
    upload = store.begin(KEY, SHA256)
    part = store.put_part(KEY, upload, 1, body, SHA256, advance=heard)
    with pytest.raises(Taken):
        store.finish(KEY, upload, [part])
    assert store.read(KEY) == b"first"
    store.remove(KEY)
    store.finish(KEY, upload, [part])
    assert store.read(KEY) == CONTENT
    store.remove(KEY)
    assert store.stat(KEY) is None
    small = Slice(source=other, offset=0, length=5)
    store.put(KEY, small, hashlib.sha256(b"other").hexdigest(), advance=heard)
    assert store.read(KEY) == b"other"


def test_bytes_of_another_digest_are_not_kept(store: Store, body: Slice) -> None:
    with pytest.raises(Damaged):
        store.put(KEY, body, WRONG, advance=heard)
    upload = store.begin(KEY, WRONG)
    with pytest.raises(Damaged):
        store.put_part(KEY, upload, 1, body, WRONG, advance=heard)
    assert store.read(KEY) is None
    assert not store.parts(KEY, upload)


def test_an_unfinished_upload_is_found_with_its_parts(store: Store, body: Slice) -> None:
    upload = store.begin(KEY, SHA256)
    sent = [store.put_part(KEY, upload, n, body, SHA256, advance=heard) for n in (3, 1)]
    assert store.uploads("models/a/") == {KEY: [upload]}
    assert not store.uploads("models/b/")
    assert [*store.parts(KEY, upload)] == sent[::-1]
    store.finish(KEY, upload, sent[::-1])
    assert store.read(KEY) == CONTENT * 2
    found = store.stat(KEY)
    assert found
    assert found.sha256 == SHA256
    assert found.checksum == hashlib.sha256(bytes.fromhex(SHA256) * 2).hexdigest()
    assert not store.uploads("models/a/")


def test_an_upload_that_is_gone_is_superseded(store: Store, body: Slice) -> None:
    upload = store.begin(KEY, SHA256)
    part = store.put_part(KEY, upload, 1, body, SHA256, advance=heard)
    store.finish(KEY, upload, [part])
    assert not store.parts(KEY, upload)
    with pytest.raises(Superseded):
        store.put_part(KEY, upload, 1, body, SHA256, advance=heard)


def test_a_part_that_somebody_replaced_is_superseded(
    store: Store, body: Slice, tmp_path: Path
) -> None:
    upload = store.begin(KEY, SHA256)
    mine = store.put_part(KEY, upload, 1, body, SHA256, advance=heard)
    (tmp_path / "theirs").write_bytes(b"theirs")
    theirs = Slice(source=tmp_path / "theirs", offset=0, length=6)
    store.put_part(KEY, upload, 1, theirs, hashlib.sha256(b"theirs").hexdigest(), advance=heard)
    with pytest.raises(Superseded):
        store.finish(KEY, upload, [mine])
    assert store.read(KEY) is None
