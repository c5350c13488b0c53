"""The loader on a real S3 server: right bytes and READY, or a reason and no READY."""

import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.loopback import Handler, LoopbackServer
from tests.storage import loading
from tests.storage.bad_line import BadLine
from tests.storage.front import in_front, strict_clock
from tests.storage.loading import (
    BAD_MANIFEST,
    CHECKSUM,
    DENIED,
    DISK_FULL,
    LOADER,
    NOT_PUBLISHED,
    STORE,
    TIMEOUT,
    Loader,
)
from tests.storage.s3_server import S3Server
from tests.weights.model_files import MEBIBYTE, write_model
from tokenfleet.cli import app
from tokenfleet.weights.layout import file_key, manifest_key

REVISION = "89abcdef" * 5
SNAPSHOT = f"org/model/{REVISION}"
LARGE_BYTES = 200 * MEBIBYTE

Load = Callable[..., Loader]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of several parts."""
    return write_model(tmp_path_factory.mktemp("source") / "model", LARGE_BYTES)


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server, source: Path) -> str:
    """A bucket that holds the model; a test that changes it changes it back."""
    name = s3_server.create_bucket()
    arguments = ["publish", "org/model", "--revision", REVISION, "--from", str(source)]
    done = CliRunner().invoke(
        app, [*arguments, "--bucket", name, "--json"], env=dict(s3_server.environment())
    )
    assert done.exit_code == 0, done.output
    return name


@pytest.fixture
def load(s3_server: S3Server, bucket: str, tmp_path: Path) -> Load:
    """Starts a loader of the test's bucket into ``tmp_path / "cache"``."""
    (tmp_path / "cache").mkdir()

    def start(endpoint: str = "", **environment: str) -> Loader:
        store = loading.store_environment(s3_server, bucket, endpoint)
        cache = {"MODEL_CACHE": str(tmp_path / "cache")}
        return Loader(LOADER, SNAPSHOT, {**store, **cache, **environment})

    return start


def is_ready(cache: Path) -> bool:
    return loading.is_ready(cache, SNAPSHOT)


def assert_loaded(cache: Path, source: Path) -> None:
    """The cache holds the model byte for byte, and nothing beside it."""
    assert is_ready(cache)
    assert loading.loaded(cache, SNAPSHOT) == loading.contents(source)


def test_what_was_published_arrives_byte_for_byte(load: Load, source: Path, tmp_path: Path) -> None:
    code, said = load().ended()
    assert code == 0, said
    assert_loaded(tmp_path / "cache", source)


def test_a_second_loader_fetches_nothing(load: Load, tmp_path: Path) -> None:
    assert load().ended()[0] == 0
    code, said = load(MODEL_STORE_URL="http://127.0.0.1:1/closed").ended()
    assert (code, "already there" in said) == (0, True)
    assert is_ready(tmp_path / "cache")


def test_what_lay_on_a_disk_since_before_the_boot_is_read_into_memory(
    load: Load, tmp_path: Path
) -> None:
    assert load().ended()[0] == 0
    (files,) = (tmp_path / "cache").glob("*/files")
    _forget(files)
    if _in_memory(files):
        pytest.skip("the file system here keeps all files in memory")
    assert load().ended()[0] == 0
    assert not _in_memory(files)
    code, said = load(READ_AHEAD="yes").ended()
    assert (code, "read into memory" in said) == (0, True), said
    assert _in_memory(files) == sum(path.stat().st_size for path in _all(files))


def _all(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _forget(folder: Path) -> None:
    """As after a boot: nothing of the files is in the page cache."""
    for path in _all(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _in_memory(folder: Path) -> int:
    """Bytes of the files that are in the page cache, no page counted beyond a file's end."""
    command = ["fincore", "--bytes", "--noheadings", "--output", "RES,SIZE", *_all(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = (map(int, line.split()) for line in said.splitlines())
    return sum(min(resident, size) for resident, size in rows)


def test_two_loaders_at_once_end_with_one_good_copy(
    load: Load, source: Path, tmp_path: Path
) -> None:
    both = [load(), load()]
    assert [loader.ended()[0] for loader in both] == [0, 0]
    assert_loaded(tmp_path / "cache", source)


@pytest.mark.parametrize("seed", range(10))
def test_a_killed_loader_leaves_no_ready_and_the_next_one_finishes(
    seed: int, load: Load, source: Path, tmp_path: Path
) -> None:
    killed = load(LOADER_CONNECTIONS="2")
    time.sleep(random.Random(seed).uniform(0, 1.2))  # noqa: S311 - a moment, not a secret
    killed.kill()
    # Requests of the dead loader may still be under way.
    code, said = load().ended()
    killed.ended()
    assert code == 0, said
    assert_loaded(tmp_path / "cache", source)


@pytest.mark.parametrize(
    ("key", "damage", "expected"),
    [
        (file_key(SNAPSHOT, "config.json"), loading.flip, CHECKSUM),
        (file_key(SNAPSHOT, "config.json"), loading.without_the_last_byte, CHECKSUM),
        (file_key(SNAPSHOT, "config.json"), None, STORE),
        (manifest_key(SNAPSHOT), None, NOT_PUBLISHED),
        (manifest_key(SNAPSHOT), loading.first_half, BAD_MANIFEST),
        (manifest_key(SNAPSHOT), loading.flip, BAD_MANIFEST),
    ],
    ids=["corrupted", "truncated", "vanished", "no manifest", "half a manifest", "bad manifest"],
)
def test_damage_in_the_bucket_is_refused_with_its_code(  # noqa: PLR0917 - a row and its fixtures
    key: str,
    damage: Callable[[bytes], bytes] | None,
    expected: int,
    s3_server: S3Server,
    bucket: str,
    load: Load,
    tmp_path: Path,
) -> None:
    client = s3_server.client()
    honest = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        if damage is None:
            client.delete_object(Bucket=bucket, Key=key)
        else:
            client.put_object(Bucket=bucket, Key=key, Body=damage(honest))
        code, said = load().ended()
    finally:
        client.put_object(Bucket=bucket, Key=key, Body=honest)
    assert code == expected, said
    assert not is_ready(tmp_path / "cache")


def test_a_role_without_access_is_told_so(
    load: Load, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    code, said = load(**s3_server.account(bucket, [])).ended()
    assert (code, "access denied" in said) == (DENIED, True)
    assert not is_ready(tmp_path / "cache")


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["behind", "ahead"])
def test_a_node_whose_clock_is_wrong_signs_with_that_of_the_store(
    seconds: int, load: Load, s3_server: S3Server, source: Path, tmp_path: Path
) -> None:
    clock = loading.wrong_clock(tmp_path / "clock", seconds)
    with in_front(s3_server.endpoint, strict_clock) as endpoint:
        code, said = load(endpoint, **clock).ended()
    assert code == 0, said
    assert f"the clock of this node is wrong by {seconds // 100}" in said
    assert_loaded(tmp_path / "cache", source)


def test_a_loader_out_of_time_says_so_and_the_next_one_goes_on(
    load: Load, s3_server: S3Server, source: Path, tmp_path: Path
) -> None:
    started = time.monotonic()
    # One connection, and two parts at once: some are whole when time is up, however slow the machine.
    with BadLine(
        s3_server.endpoint, bytes_per_second=MEBIBYTE, at_first=LARGE_BYTES * 3 // 4
    ) as line:
        code, said = load(line.endpoint, LOADER_CONNECTIONS="1", LOADER_SECONDS="10").ended()
    assert (code, "out of time after 10 s" in said) == (TIMEOUT, True), said
    # What is left would have taken 50.
    assert time.monotonic() - started < 40
    assert not is_ready(tmp_path / "cache")
    with BadLine(s3_server.endpoint) as line:
        code, said = load(line.endpoint).ended()
    assert code == 0, said
    assert line.passed_bytes < LARGE_BYTES
    assert_loaded(tmp_path / "cache", source)


def test_a_loader_that_waits_for_another_waits_no_longer_than_it_may(
    load: Load, s3_server: S3Server, tmp_path: Path
) -> None:
    with BadLine(s3_server.endpoint, bytes_per_second=MEBIBYTE) as line:
        first = load(line.endpoint)
        while not list((tmp_path / "cache").glob(".*.partial")):
            time.sleep(0.05)
        code, said = load(LOADER_SECONDS="2").ended()
        first.kill_all()
    assert (code, "another loader still held the lock after 2 s" in said) == (TIMEOUT, True), said


@pytest.fixture
def small_disk(load: Load, tmp_path: Path) -> Iterator[Path]:
    """The cache folder, on a file system with room for one copy and a half."""
    del load  # it makes the folder
    with loading.small_disk(tmp_path / "cache", LARGE_BYTES * 3 // 2) as is_mounted:
        if not is_mounted:
            pytest.skip("this user may not mount a tmpfs")
        yield tmp_path / "cache"


def test_a_revision_nobody_uses_makes_room(load: Load, small_disk: Path, source: Path) -> None:
    older = loading.older_snapshot(small_disk, LARGE_BYTES, minutes=60)
    code, said = load().ended()
    assert code == 0, said
    assert not older.exists()
    assert_loaded(small_disk, source)


def test_a_revision_an_engine_holds_is_kept_though_space_is_short(
    load: Load, small_disk: Path
) -> None:
    older = loading.older_snapshot(small_disk, LARGE_BYTES, minutes=60)
    with loading.engine(older):
        code, said = load().ended()
    assert (code, "disk full" in said) == (DISK_FULL, True), said
    assert older.exists()
    assert not is_ready(small_disk)


def test_a_revision_asked_for_a_moment_ago_is_kept(load: Load, small_disk: Path) -> None:
    older = loading.older_snapshot(small_disk, LARGE_BYTES, minutes=1)
    assert load().ended()[0] == DISK_FULL
    assert older.exists()


@pytest.fixture
def identity(s3_server: S3Server) -> Iterator[str]:
    """Answers as the metadata service of an instance and as the Pod Identity agent; its address."""
    keys = {"AccessKeyId": s3_server.access_key, "SecretAccessKey": s3_server.secret_key}
    roles = "/latest/meta-data/iam/security-credentials/"
    answers = {
        ("PUT", "/latest/api/token", None): "session",
        ("GET", roles, "session"): "node",
        ("GET", f"{roles}node", "session"): json.dumps(keys, indent=2),
        ("GET", "/pod", "pod-token"): json.dumps(keys),
    }

    class Answer(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
            token = self.headers["X-aws-ec2-metadata-token"] or self.headers["Authorization"]
            body = answers.get((self.command, self.path, token))
            self.send_response(401 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        do_PUT = do_GET  # noqa: N815 - the names that the server looks for

    with LoopbackServer(Answer) as server:
        yield server.endpoint


@pytest.mark.parametrize("where", ["instance", "pod"])
def test_the_role_of_the_instance_or_pod_is_enough(
    where: str, load: Load, identity: str, source: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("pod-token", encoding="utf-8")
    roles = {
        "instance": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": identity},
        "pod": {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{identity}/pod",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
        },
    }
    code, said = load(AWS_ACCESS_KEY_ID="", **roles[where]).ended()
    assert code == 0, said
    assert_loaded(tmp_path / "cache", source)
