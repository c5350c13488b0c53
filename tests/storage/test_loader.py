"""The loader on a real S3 server: right bytes and READY, or a reason and no READY."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.storage.s3_server import S3Server
from tests.weights.model_files import MEBIBYTE, write_model
from tokenfleet.cli import app
from tokenfleet.weights.layout import file_key, folder_name, manifest_key

LOADER = Path(__file__).parents[2] / "userdata" / "model-loader"
REVISION = "89abcdef" * 5
SNAPSHOT = f"org/model/{REVISION}"
NOT_PUBLISHED, CHECKSUM, DISK_FULL, DENIED, STORE, BAD_MANIFEST = 3, 4, 5, 6, 8, 9
LARGE_BYTES = 200 * MEBIBYTE
SECONDS = 60

Loader = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of several parts."""
    return write_model(tmp_path_factory.mktemp("source") / "model", LARGE_BYTES)


@pytest.fixture
def published(s3_server: S3Server, bucket: str, source: Path) -> str:
    """A bucket that holds the model."""
    arguments = ["publish", "org/model", "--revision", REVISION, "--from", str(source)]
    done = CliRunner().invoke(
        app, [*arguments, "--bucket", bucket, "--json"], env=dict(s3_server.environment())
    )
    assert done.exit_code == 0, done.output
    return bucket


@pytest.fixture
def load(s3_server: S3Server, bucket: str, tmp_path: Path) -> Loader:
    """Starts a loader of the test's bucket into ``tmp_path / "cache"``."""
    (tmp_path / "cache").mkdir()

    def start(**environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [LOADER, SNAPSHOT],
            env={
                **os.environ,
                **s3_server.environment(),
                "MODEL_STORE_URL": f"{s3_server.endpoint}/{bucket}",
                "MODEL_CACHE": str(tmp_path / "cache"),
                **environment,
            },
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def ended(loader: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = loader.communicate(timeout=SECONDS)
    return loader.returncode, said


def is_ready(cache: Path) -> bool:
    return (cache / folder_name(SNAPSHOT) / "READY").is_file()


def assert_loaded(cache: Path, source: Path) -> None:
    """The cache holds the model byte for byte, and nothing beside it."""
    assert is_ready(cache)
    files = cache / folder_name(SNAPSHOT) / "files"
    assert contents(files) == contents(source)


def contents(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.usefixtures("published")
def test_what_was_published_arrives_byte_for_byte(
    load: Loader, source: Path, tmp_path: Path
) -> None:
    code, said = ended(load())
    assert code == 0, said
    assert_loaded(tmp_path / "cache", source)


@pytest.mark.usefixtures("published")
def test_a_second_loader_fetches_nothing(load: Loader, tmp_path: Path) -> None:
    assert ended(load())[0] == 0
    code, said = ended(load(MODEL_STORE_URL="http://127.0.0.1:1/closed"))
    assert (code, "already there" in said) == (0, True)
    assert is_ready(tmp_path / "cache")


@pytest.mark.usefixtures("published")
def test_two_loaders_at_once_end_with_one_good_copy(
    load: Loader, source: Path, tmp_path: Path
) -> None:
    both = [load(), load()]
    assert [ended(loader)[0] for loader in both] == [0, 0]
    assert_loaded(tmp_path / "cache", source)


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("seed", range(10))
def test_a_killed_loader_leaves_no_ready_and_the_next_one_finishes(
    seed: int, load: Loader, source: Path, tmp_path: Path
) -> None:
    killed = load(LOADER_CONNECTIONS="2")
    time.sleep(random.Random(seed).uniform(0, 1.2))  # noqa: S311 - a moment, not a secret
    killed.send_signal(signal.SIGKILL)
    # Requests of the dead loader may still be under way.
    code, said = ended(load())
    killed.communicate(timeout=SECONDS)
    assert code == 0, said
    assert_loaded(tmp_path / "cache", source)


def _without_the_last_byte(body: bytes) -> bytes:
    return body[:-1]


def _first_half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _flip(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


@pytest.mark.parametrize(
    ("key", "damage", "expected"),
    [
        (file_key(SNAPSHOT, "config.json"), _flip, CHECKSUM),
        (file_key(SNAPSHOT, "config.json"), _without_the_last_byte, CHECKSUM),
        (file_key(SNAPSHOT, "config.json"), None, STORE),
        (manifest_key(SNAPSHOT), None, NOT_PUBLISHED),
        (manifest_key(SNAPSHOT), _first_half, BAD_MANIFEST),
        (manifest_key(SNAPSHOT), _flip, BAD_MANIFEST),
    ],
    ids=["corrupted", "truncated", "vanished", "no manifest", "half a manifest", "bad manifest"],
)
def test_damage_in_the_bucket_is_refused_with_its_code(  # noqa: PLR0917 - a row and its fixtures
    key: str,
    damage: Callable[[bytes], bytes] | None,
    expected: int,
    s3_server: S3Server,
    published: str,
    load: Loader,
    tmp_path: Path,
) -> None:
    client = s3_server.client()
    if damage is None:
        client.delete_object(Bucket=published, Key=key)
    else:
        body = client.get_object(Bucket=published, Key=key)["Body"].read()
        client.put_object(Bucket=published, Key=key, Body=damage(body))
    code, said = ended(load())
    assert code == expected, said
    assert not is_ready(tmp_path / "cache")


@pytest.mark.usefixtures("published")
def test_a_role_without_access_is_told_so(
    load: Loader, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    code, said = ended(load(**s3_server.account(bucket, [])))
    assert (code, "access denied" in said) == (DENIED, True)
    assert not is_ready(tmp_path / "cache")


@pytest.fixture
def small_disk(load: Loader, tmp_path: Path) -> Iterator[Path]:
    """The cache folder, on a file system with room for one copy and a half."""
    del load  # it makes the folder
    cache = tmp_path / "cache"
    size = f"size={LARGE_BYTES * 3 // 2}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", cache], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a tmpfs")
    yield cache
    subprocess.run(["umount", "--lazy", cache], check=True)


def older_snapshot(cache: Path, *, minutes: int) -> Path:
    """Another revision that fills most of the disk, last asked for so long ago; its READY."""
    folder = cache / "org--model--older"
    (folder / "files").mkdir(parents=True)
    with (folder / "files" / "model.safetensors").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, LARGE_BYTES)
    ready = folder / "READY"
    ready.touch()
    asked = time.time() - 60 * minutes
    os.utime(ready, (asked, asked))
    return ready


@pytest.mark.usefixtures("published")
def test_a_revision_nobody_uses_makes_room(load: Loader, small_disk: Path, source: Path) -> None:
    older = older_snapshot(small_disk, minutes=60)
    code, said = ended(load())
    assert code == 0, said
    assert not older.exists()
    assert_loaded(small_disk, source)


@pytest.mark.usefixtures("published")
def test_a_revision_an_engine_holds_is_kept_though_space_is_short(
    load: Loader, small_disk: Path
) -> None:
    older = older_snapshot(small_disk, minutes=60)
    engine = subprocess.Popen(["flock", "--shared", "--no-fork", older, "sleep", "60"])
    try:
        time.sleep(0.5)
        code, said = ended(load())
    finally:
        engine.kill()
        engine.wait()
    assert (code, "disk full" in said) == (DISK_FULL, True), said
    assert older.exists()
    assert not is_ready(small_disk)


@pytest.mark.usefixtures("published")
def test_a_revision_asked_for_a_moment_ago_is_kept(load: Loader, small_disk: Path) -> None:
    older = older_snapshot(small_disk, minutes=1)
    assert ended(load())[0] == DISK_FULL
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

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers["X-aws-ec2-metadata-token"] or self.headers["Authorization"]
            body = answers.get((self.command, self.path, token))
            self.send_response(401 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        do_PUT = do_GET  # noqa: N815 - the names that the server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("where", ["instance", "pod"])
def test_the_role_of_the_instance_or_pod_is_enough(
    where: str, load: Loader, identity: str, source: Path, tmp_path: Path
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
    code, said = ended(load(AWS_ACCESS_KEY_ID="", **roles[where]))
    assert code == 0, said
    assert_loaded(tmp_path / "cache", source)
