"""What ``tokenfleet models`` says of a bucket."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.storage.s3_server import S3Server
from tests.weights.model_files import write_model

OLD, NEW = "0" * 40, "f" * 40


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """What a compiler left: nothing that would be allowed among weights."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    for name in ("model.pt", "graph.neff", "neuron_config.json"):
        (folder / name).write_bytes(b"compiled")
    return folder


def test_an_empty_bucket_says_how_to_fill_it(
    tokenfleet: Callable[..., Result], bucket: str
) -> None:
    result = tokenfleet("models")
    assert result.exit_code == 0
    assert f"s3://{bucket} holds no models yet" in result.stdout
    assert "tokenfleet publish" in result.stdout
    held = json.loads(tokenfleet("models", "--json").stdout)
    assert (held["bucket"], held["models"]) == (bucket, [])


def test_revisions_and_artifact_sets_are_listed_with_their_state(
    tokenfleet: Callable[..., Result],
    s3_server: S3Server,
    bucket: str,
    artifacts: Path,
    tmp_path: Path,
) -> None:
    folder = write_model(tmp_path / "model", 1000)
    publish = ("publish", "Org/Model.1", "--from")
    assert tokenfleet(*publish, folder, "--revision", NEW).exit_code == 0
    assert tokenfleet(*publish, artifacts, "--revision", NEW, "--neuron", "tp8").exit_code == 0
    client = s3_server.client()
    for key in (
        f"models/Org/Model.1/{OLD}/files/config.json",
        f"models/Org/Model.1/{NEW}/neuron/tp2/files/model.pt",
        f"models/Other/Model/{OLD}/neuron/tp2/files/model.pt",
        "models/stray",
        "elsewhere/Org/Model.1/files/x",
    ):
        client.put_object(Bucket=bucket, Key=key, Body=b"{}")
    client.put_object(Bucket=bucket, Key=f"models/Other/Model/{NEW}/manifest", Body=b"damaged")

    found = json.loads(tokenfleet("models", "--json").stdout)["models"]
    states = {
        (entry["model"], entry["revision"]): (
            entry["weights"]["state"],
            {key: artifacts["state"] for key, artifacts in entry["neuron"].items()},
        )
        for entry in found
    }
    unfinished = "unfinished upload"
    assert states == {
        ("Org/Model.1", OLD): (unfinished, {}),
        ("Org/Model.1", NEW): ("published", {"tp2": unfinished, "tp8": "published"}),
        ("Other/Model", OLD): ("not published", {"tp2": unfinished}),
        ("Other/Model", NEW): ("manifest damaged", {}),
    }
    whole = next(entry for entry in found if entry["weights"]["state"] == "published")["weights"]
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    assert (whole["files"], whole["totalBytes"]) == (4, sum(sizes))
    assert whole["published"].startswith("20")

    table = tokenfleet("models").stdout
    for part in ("Org/Model.1", NEW[:12], "neuron/tp8", unfinished, "manifest damaged"):
        assert part in table
    assert NEW not in table


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--neuron", "tp8"], "--neuron needs --from"),
        (["--neuron", "TP 8", "--from", "."], "--neuron TP 8: must be lower-case letters"),
        (["--neuron", "..", "--from", "."], "--neuron ..: must be lower-case letters"),
    ],
)
def test_artifacts_that_cannot_be_named_are_refused(
    arguments: list[str], part: str, tokenfleet: Callable[..., Result]
) -> None:
    result = tokenfleet("publish", "Org/Model", "--revision", NEW, *arguments)
    assert result.exit_code == 2
    assert part in result.stderr


@pytest.mark.parametrize(
    ("model", "revision", "parts"),
    [
        ("Model", "main", ["MODEL Model: must be", "--revision main: must be a full commit id"]),
        ("../..", NEW, ["MODEL ../..: must be a Hugging Face id"]),
        ("Org/Model", NEW[:12], ["a branch or tag would move"]),
        ("Org/Model", NEW + "\n", ["--revision"]),
    ],
)
def test_names_are_those_of_the_stack_file(
    model: str, revision: str, parts: list[str], tokenfleet: Callable[..., Result], artifacts: Path
) -> None:
    result = tokenfleet("publish", model, "--revision", revision, "--from", artifacts)
    assert result.exit_code == 2
    for part in parts:
        assert part in result.stderr
