"""Publishing to a real S3 server: whole or not at all, whatever happens in between."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.storage.relay import Relay
from tests.storage.s3_server import S3Server
from tests.weights.model_files import MEBIBYTE, write_model
from tokenfleet.aws.bucket import Bucket
from tokenfleet.cli import app
from tokenfleet.weights.layout import PART_BYTES
from tokenfleet.weights.manifest import parse
from tokenfleet.weights.refusal import PublishError
from tokenfleet.weights.snapshot import digest, inspect
from tokenfleet.weights.source import publish_folder

REVISION = "0123456789" * 4
MODEL = "org/model"
SNAPSHOT = f"{MODEL}/{REVISION}"
ROOT = f"models/{SNAPSHOT}/"
LARGE_BYTES = 300 * 10**6
PUBLISH_SECONDS = 240

Tokenfleet = Callable[..., Result]


class Silent:
    """Watches and says nothing."""

    def begin(self, task: str, total_bytes: int) -> Callable[[int], None]:
        del task, total_bytes
        return lambda _: None

    def say(self, line: str) -> None:
        del line


@pytest.fixture
def tokenfleet(s3_server: S3Server, bucket: str) -> Tokenfleet:
    """Runs the command against the test's bucket; ``env`` replaces parts of the environment."""

    def run(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Result:
        environment = {**s3_server.environment(), "TOKENFLEET_BUCKET": bucket, **(env or {})}
        return CliRunner().invoke(app, [*map(str, arguments)], env=environment)

    return run


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A model that needs no part."""
    return write_model(tmp_path / "small", 1000)


def publish_of(folder: Path, *more: str) -> Sequence[str | Path]:
    return ["publish", MODEL, "--revision", REVISION, "--from", folder, *more]


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def assert_published(server: S3Server, bucket: str, folder: Path) -> None:
    """The bucket holds this folder byte for byte, and a manifest that says so."""
    client = server.client()
    listed = client.list_objects_v2(Bucket=bucket, Prefix=ROOT).get("Contents", [])
    paths = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    expected = {f"{ROOT}files/{path}" for path in paths} | {f"{ROOT}manifest"}
    assert {entry.get("Key") for entry in listed} == expected
    manifest = parse(
        client.get_object(Bucket=bucket, Key=f"{ROOT}manifest")["Body"].read().decode()
    )
    assert manifest.snapshot == SNAPSHOT
    for file in manifest.files:
        body = client.get_object(Bucket=bucket, Key=f"{ROOT}files/{file.path}")["Body"]
        found = hashlib.sha256()
        for content in body.iter_chunks(MEBIBYTE):
            found.update(content)
        with (folder / file.path).open("rb") as local:
            there = hashlib.file_digest(local, "sha256").hexdigest()
        assert found.hexdigest() == there == file.sha256


def test_a_published_model_is_there_byte_for_byte(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", 2 * PART_BYTES)
    done = answer(tokenfleet(*publish_of(folder, "--json")))
    assert (done["outcome"], done["files"]) == ("published", 4)
    assert done["sentBytes"] == done["totalBytes"] > 2 * PART_BYTES
    assert_published(s3_server, bucket, folder)


def test_publishing_again_sends_nothing(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, small: Path
) -> None:
    assert tokenfleet(*publish_of(small)).exit_code == 0
    written = s3_server.requests("s3_PutObject ")
    assert written
    result = tokenfleet(*publish_of(small))
    assert result.stdout.startswith(f"already published {SNAPSHOT} in s3://{bucket}: 4 files")
    assert "nothing had to be sent" in result.stdout
    assert s3_server.requests("s3_PutObject ") == written


def test_an_interrupted_publish_sends_only_the_rest(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", LARGE_BYTES)
    client, key = s3_server.client(), f"{ROOT}files/model.safetensors"

    def kept() -> list[int]:
        """The sizes of the parts that the server has of an upload without an end."""
        return [
            part.get("Size", 0)
            for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
            for part in client.list_parts(
                Bucket=bucket, Key=key, UploadId=upload.get("UploadId", "")
            ).get("Parts", [])
        ]

    with Relay(s3_server.endpoint, uploads=2, upload_bytes=PART_BYTES) as relay:
        environment = {**s3_server.environment(), "AWS_ENDPOINT_URL_S3": relay.endpoint}
        command = [sys.executable, "-c", "from tokenfleet.entry_point import main; main()"]
        publishing = subprocess.Popen(
            [*command, *map(str, publish_of(folder, "--bucket", bucket))],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PUBLISH_SECONDS
        while len(kept()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        publishing.kill()
        publishing.wait()
    there = kept()
    assert len(there) == 2
    (listed,) = answer(tokenfleet("models", "--json"))["models"]
    assert listed["weights"]["state"] == "unfinished upload"

    sent = s3_server.requests("s3_UploadPart ")
    done = answer(tokenfleet(*publish_of(folder, "--json")))
    weights_bytes = (folder / "model.safetensors").stat().st_size
    assert done["sentBytes"] == weights_bytes - sum(there)
    assert s3_server.requests("s3_UploadPart ") - sent == 3
    assert_published(s3_server, bucket, folder)
    assert not kept()


def test_other_content_under_a_published_revision_is_refused(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, small: Path, tmp_path: Path
) -> None:
    assert tokenfleet(*publish_of(small)).exit_code == 0
    other = write_model(tmp_path / "other", 1000, {"config.json": b"{}", "more.txt": b"more"})
    result = tokenfleet(*publish_of(other))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "  config.json: 22 bytes there, 2 here\n  more.txt: not in the bucket" in result.stderr
    assert "publish under another revision" in result.stderr
    assert_published(s3_server, bucket, small)


def test_the_way_out_of_a_refusal_works(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, small: Path, tmp_path: Path
) -> None:
    """What the message tells to remove is all that has to go."""
    assert tokenfleet(*publish_of(small)).exit_code == 0
    other = write_model(tmp_path / "other", 1000, {"config.json": b"{}"})
    assert f"s3 rm --recursive s3://{bucket}/{ROOT}files/" in tokenfleet(*publish_of(other)).stderr
    client = s3_server.client()
    for entry in client.list_objects_v2(Bucket=bucket, Prefix=ROOT).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=entry.get("Key", ""))
    assert tokenfleet(*publish_of(other)).exit_code == 0
    assert_published(s3_server, bucket, other)


def raced(server: S3Server, bucket: str, folders: Sequence[Path]) -> list[str]:
    """What each of some publishers says that begin in the same moment."""
    begin = threading.Barrier(len(folders))

    def publisher(folder: Path) -> str:
        store = Bucket(bucket)
        begin.wait()
        try:
            return publish_folder(store, SNAPSHOT, folder, "safetensors", Silent()).outcome
        except PublishError as error:
            return str(error)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(folders)) as pool:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        return list(pool.map(publisher, folders))


@pytest.mark.parametrize("weights_bytes", [1000, PART_BYTES + 1000], ids=["whole", "in parts"])
def test_two_publishers_of_the_same_files_both_succeed(
    weights_bytes: int, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", weights_bytes)
    outcomes = raced(s3_server, bucket, [folder, folder])
    assert set(outcomes) <= {"published", "already published"}
    assert_published(s3_server, bucket, folder)


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_publishers_of_different_files_at_most_one_succeeds(
    attempt: int, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    del attempt
    folders = [
        write_model(tmp_path / name, PART_BYTES + 1000, {"config.json": json.dumps(name).encode()})
        for name in ("one", "two")
    ]
    for folder in folders:
        (folder / "config.json").write_text(f'{{"name": "{folder.name}"}}', encoding="utf-8")
    outcomes = raced(s3_server, bucket, folders)
    winners = [
        folder for folder, outcome in zip(folders, outcomes, strict=True) if outcome == "published"
    ]
    assert len(winners) <= 1
    for outcome in outcomes:
        assert outcome == "published" or "there" in outcome, outcome
    for folder in winners:
        assert_published(s3_server, bucket, folder)


@pytest.mark.parametrize("size", ["same", "shorter", "longer"])
@pytest.mark.parametrize("weights_bytes", [1000, PART_BYTES + 1000], ids=["whole", "in parts"])
def test_bytes_that_are_not_those_of_the_digest_are_refused_by_the_server(
    size: str, weights_bytes: int, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", weights_bytes)
    weights = folder / "model.safetensors"

    class Meddler(Silent):
        """Changes the weights after their digest was taken."""

        def begin(self, task: str, total_bytes: int) -> Callable[[int], None]:
            if task == "uploading":
                content = weights.read_bytes()
                changes = {"same": content[:-1] + b"?", "shorter": content[:500]}
                weights.write_bytes(changes.get(size, content + b"?"))
            return super().begin(task, total_bytes)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.environment().items():
            patch.setenv(name, value)
        if size == "longer":
            publish_folder(Bucket(bucket), SNAPSHOT, folder, "safetensors", Meddler())
            weights.write_bytes(weights.read_bytes()[:-1])
            assert_published(s3_server, bucket, folder)
            return
        with pytest.raises(PublishError, match=r"model\.safetensors: changed since its digest"):
            publish_folder(Bucket(bucket), SNAPSHOT, folder, "safetensors", Meddler())
    listed = s3_server.client().list_objects_v2(Bucket=bucket).get("Contents", [])
    assert not [e for e in listed if e.get("Key", "").endswith(("manifest", "model.safetensors"))]


def test_what_went_missing_is_repaired(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, small: Path
) -> None:
    assert tokenfleet(*publish_of(small)).exit_code == 0
    client = s3_server.client()
    client.delete_object(Bucket=bucket, Key=f"{ROOT}files/config.json")
    client.put_object(Bucket=bucket, Key=f"{ROOT}files/model.safetensors", Body=b"other")
    (listed,) = answer(tokenfleet("models", "--json"))["models"]
    assert listed["weights"]["state"] == "2 of 4 files missing"
    done = answer(tokenfleet(*publish_of(small, "--json")))
    assert (done["outcome"], done["sentFiles"]) == ("repaired", 2)
    assert_published(s3_server, bucket, small)


READ = ("s3:GetObject", "s3:ListBucket")


@pytest.mark.parametrize(
    ("actions", "weights_bytes", "needed"),
    [
        ((), 1000, "s3:GetObject on its objects and s3:ListBucket on the bucket"),
        (READ, 1000, "s3:PutObject"),
        (READ, PART_BYTES + 1, "s3:ListBucketMultipartUploads on the bucket"),
        ((*READ, "s3:ListBucketMultipartUploads"), PART_BYTES + 1, "s3:PutObject"),
    ],
)
def test_a_missing_permission_is_named(
    *,
    actions: Sequence[str],
    weights_bytes: int,
    needed: str,
    tokenfleet: Tokenfleet,
    s3_server: S3Server,
    bucket: str,
    tmp_path: Path,
) -> None:
    folder = write_model(tmp_path / "model", weights_bytes)
    user = s3_server.account(bucket, actions)
    result = tokenfleet(*publish_of(folder), env=user)
    assert result.exit_code == 2
    assert f"access denied to s3://{bucket}: these credentials need {needed}\n" in result.stderr


@pytest.mark.parametrize("command", ["models", "publish"])
@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({"TOKENFLEET_BUCKET": "no-such-bucket"}, "there is no bucket s3://no-such-bucket at http"),
        ({"TOKENFLEET_BUCKET": "s3://bucket"}, "must be the name of a bucket, without s3://"),
        ({"TOKENFLEET_BUCKET": ""}, "pulumi stack output modelBucket"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "does not accept these credentials"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "does not accept these credentials"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials: "),
        ({"AWS_PROFILE": "nobody"}, "profile (nobody) could not be found"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "http://127.0.0.1:9 does not answer"),
        ({"AWS_ENDPOINT_URL_S3": "nowhere"}, "Invalid endpoint: nowhere"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_a_sentence_and_not_a_traceback(
    environment: Mapping[str, str],
    part: str,
    command: str,
    tokenfleet: Tokenfleet,
    small: Path,
) -> None:
    arguments = publish_of(small) if command == "publish" else [command]
    result = tokenfleet(*arguments, env=environment)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr
    assert "Traceback" not in result.stderr


def test_a_digest_taken_beforehand_is_what_the_server_computes(
    s3_server: S3Server, bucket: str, tmp_path: Path, tokenfleet: Tokenfleet
) -> None:
    """The checksum that S3 gives an object of several parts is the one that is compared."""
    folder = write_model(tmp_path / "model", 2 * PART_BYTES)
    assert tokenfleet(*publish_of(folder)).exit_code == 0
    head = s3_server.client().head_object(
        Bucket=bucket, Key=f"{ROOT}files/model.safetensors", ChecksumMode="ENABLED"
    )
    files = digest(folder, inspect(folder, SNAPSHOT, "safetensors"), lambda _: None)
    (weights,) = (file for file in files if file.parts)
    assert head["ChecksumSHA256"].endswith(f"-{len(weights.parts)}")
    assert head["Metadata"] == {"sha256": weights.sha256}
