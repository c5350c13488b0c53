"""Publishing straight from the Hub: a Hub and a bucket on loopback, the command in its own process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.storage.fake_hub import FakeHub
from tests.storage.s3_server import S3Server
from tests.weights.model_files import safetensors

MODEL, REVISION = "org/model", "0123456789" * 4
FILES: Mapping[str, bytes] = {
    "config.json": b"{}",
    ".gitattributes": b"",
    "model.safetensors": safetensors(os.urandom(20_000)),
    "pytorch_model.bin": bytes(20_000),
    "original/consolidated.00.pth": bytes(5_000),
}
SERVED = {"config.json", "model.safetensors"}

Publish = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A Hub that has one model."""
    with FakeHub(MODEL, REVISION, FILES) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the user's caches are."""
    return tmp_path / "home"


@pytest.fixture
def publish(s3_server: S3Server, bucket: str, hub: FakeHub, home: Path) -> Publish:
    """Runs ``tokenfleet publish`` in a process of its own: the Hub is found when it is imported."""

    def run(
        *arguments: str, model: str = MODEL, revision: str = REVISION, **env: str
    ) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-c",
            "from tokenfleet.entry_point import main; main()",
            "publish",
        ]
        return subprocess.run(
            [*command, model, "--revision", revision, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env={
                **s3_server.environment(),
                "TOKENFLEET_BUCKET": bucket,
                "HF_ENDPOINT": hub.endpoint,
                "HOME": str(home),
                **env,
            },
        )

    return run


def published(server: S3Server, bucket: str) -> set[str]:
    prefix = f"models/{MODEL}/{REVISION}/files/"
    listed = server.client().list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {entry.get("Key", "").removeprefix(prefix) for entry in listed}


def test_the_files_that_serving_needs_are_published_and_the_download_is_removed(
    publish: Publish, s3_server: S3Server, bucket: str, home: Path
) -> None:
    done = publish()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"published {MODEL}/{REVISION} in s3://{bucket}: 2 files")
    assert "leaving out what serving does not need:" in done.stderr
    assert published(s3_server, bucket) == SERVED
    assert not [path for path in home.rglob("*") if "model.safetensors" in path.name]


def test_what_is_published_is_not_downloaded_again(publish: Publish, hub: FakeHub) -> None:
    first = publish("--json")
    assert (first.returncode, first.stderr) == (0, "")
    assert json.loads(first.stdout)["outcome"] == "published"
    sent_bytes = hub.sent_bytes
    again = publish("--json")
    assert json.loads(again.stdout)["outcome"] == "already published"
    assert again.stderr == ""
    assert hub.sent_bytes == sent_bytes


def test_what_the_cache_of_the_hub_holds_is_published_from_there(
    publish: Publish, hub: FakeHub, home: Path, s3_server: S3Server, bucket: str
) -> None:
    script = "import huggingface_hub as h; h.snapshot_download('org/model', revision='%s')"
    environment = {"HF_ENDPOINT": hub.endpoint, "HOME": str(home)}
    subprocess.run(
        [sys.executable, "-c", script % REVISION], check=True, env=environment, capture_output=True
    )
    sent_bytes = hub.sent_bytes
    done = publish()
    assert done.returncode == 0, done.stderr
    assert hub.sent_bytes == sent_bytes
    assert published(s3_server, bucket) == SERVED
    assert [path for path in home.rglob("*") if path.name == "model.safetensors"]


def test_a_download_that_was_damaged_is_not_published(
    publish: Publish, hub: FakeHub, s3_server: S3Server, bucket: str
) -> None:
    hub.damaged.add("model.safetensors")
    done = publish()
    assert done.returncode == 2
    assert "model.safetensors: is not what the Hub has: rm " in done.stderr
    assert not published(s3_server, bucket)


@pytest.mark.parametrize(
    ("denial", "parts"),
    [
        ((403, "GatedRepo"), ["org/model is gated", "accept it at http", "set HF_TOKEN"]),
        ((401, "GatedRepo"), ["org/model is gated", "set HF_TOKEN"]),
        ((401, "RepoNotFound"), ["there is no model http", "or set HF_TOKEN"]),
        ((404, "RepoNotFound"), ["there is no model http", "check the name"]),
        ((404, "RevisionNotFound"), [f"org/model has no commit {REVISION}", "/commits/main"]),
        ((400, "Odd"), ["was answered 400"]),
    ],
)
def test_what_the_hub_denies_is_a_sentence_with_the_way_out(
    denial: tuple[int, str], parts: list[str], publish: Publish, hub: FakeHub
) -> None:
    hub.denial = denial
    done = publish()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_a_hub_that_may_not_be_asked_is_a_sentence(publish: Publish) -> None:
    done = publish(HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be reached" in done.stderr
    assert "give the files with --from" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cache_that_cannot_be_written_is_a_sentence(publish: Publish, home: Path) -> None:
    home.mkdir()
    (home / ".cache").write_bytes(b"in the way")
    done = publish()
    assert (done.returncode, done.stdout) == (2, "")
    assert "the download failed: " in done.stderr
    assert "Traceback" not in done.stderr
