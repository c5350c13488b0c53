"""The compile Job, with an engine that stands for Neuron's: artifacts that replicas can load."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.storage import fake_vllm
from tests.storage.bucket_policy import Policed
from tests.storage.loading import contents
from tests.storage.rendered import Container, Run, pods
from tests.storage.s3_server import S3Server
from tests.weights.model_files import MEBIBYTE, write_model
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan

MODEL = "qwen25-7b"
NOT_PUBLISHED, CHECKSUM, DENIED, ENGINE = 3, 4, 6, 10


@pytest.fixture(scope="module")
def plan(stack_files: Mapping[str, Any], root: Path) -> Plan:
    """The prod stack, which serves on Inferentia2."""
    return decide(stack_files["prod"].keys, "prod", root)


@pytest.fixture
def job(plan: Plan) -> Container:
    """The pod of the Job."""
    return pods(plan, MODEL)[0]


@pytest.fixture
def replica(plan: Plan) -> Container:
    """The pod of a replica."""
    return pods(plan, MODEL)[1]


@pytest.fixture
def weights(plan: Plan, tokenfleet: Callable[..., Result], tmp_path: Path) -> None:
    """The model's weights are in the bucket."""
    model = next(model for model in plan.models if model.name == MODEL)
    folder = write_model(tmp_path / "source", MEBIBYTE)
    named = (model.hugging_face_id, "--revision", model.revision)
    done = tokenfleet("publish", *named, "--from", folder)
    assert done.exit_code == 0, done.output


@pytest.mark.usefixtures("weights")
def test_what_the_job_compiled_reaches_a_replica_byte_for_byte(
    *,
    job: Container,
    replica: Container,
    run: Run,
    front: Policed,
    tokenfleet: Callable[..., Result],
    tmp_path: Path,
) -> None:
    load_weights, load_artifacts = replica["initContainers"]
    refused = run(load_artifacts)
    assert (refused.returncode, "tokenfleet compile" in refused.stderr) == (NOT_PUBLISHED, True)

    assert run(*job["initContainers"]).returncode == 0
    done = run(*job["containers"])
    assert done.returncode == 0, done.stderr

    (entry,) = json.loads(tokenfleet("models", "--json").stdout)["models"]
    assert [state["state"] for state in entry["neuron"].values()] == ["published"]
    for container in (load_weights, load_artifacts):
        loaded = run(container)
        assert loaded.returncode == 0, loaded.stderr
    compiled = tmp_path / "cache" / "artifacts"
    (engine,) = replica["containers"]
    (where,) = (e["value"] for e in engine["env"] if e["name"] == "NEURON_COMPILED_ARTIFACTS")
    arrived = tmp_path / "models" / Path(where).relative_to("/models")
    assert contents(arrived) == contents(compiled)
    assert len(contents(arrived)) == 3
    assert front.refused == []


@pytest.mark.usefixtures("weights")
def test_a_second_job_compiles_nothing(job: Container, run: Run) -> None:
    assert run(*job["initContainers"]).returncode == 0
    assert run(*job["containers"]).returncode == 0
    again = run(*job["containers"], "fail")
    assert (again.returncode, "published before" in again.stderr) == (0, True)


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("engine", "seconds", "reason"),
    [
        ("fail", 60, "the engine ended before it was ready"),
        ("nothing", 60, "compiled nothing"),
        ("hang", 4, "not compiled after 4 s"),
    ],
)
def test_an_engine_that_does_not_compile_publishes_nothing(
    *,
    engine: str,
    seconds: int,
    reason: str,
    job: Container,
    run: Run,
    tokenfleet: Callable[..., Result],
) -> None:
    assert run(*job["initContainers"]).returncode == 0
    done = run(*job["containers"], engine, COMPILE_SECONDS=str(seconds))
    assert (done.returncode, reason in done.stderr) == (ENGINE, True), done.stderr
    (entry,) = json.loads(tokenfleet("models", "--json").stdout)["models"]
    assert entry["neuron"] == {}


def _without_the_compilers_cache(container: dict[str, Any]) -> None:
    container["env"] = [e for e in container["env"] if e["name"] != "NEURON_COMPILE_CACHE_URL"]


def _started_where_the_image_says(container: dict[str, Any]) -> None:
    del container["workingDir"]


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("loosen", [_without_the_compilers_cache, _started_where_the_image_says])
def test_a_compiler_that_writes_elsewhere_would_be_noticed(
    loosen: Callable[[dict[str, Any]], None], job: Container, run: Run
) -> None:
    (container,) = copy.deepcopy(job["containers"])
    loosen(container)
    assert run(*job["initContainers"]).returncode == 0
    done = run(container)
    assert (done.returncode, "Read-only file system" in done.stderr) == (ENGINE, True), done.stderr


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("left", "ends"),
    [
        (fake_vllm.GRAPH, 0),  # this Job's own, and the answer was lost
        (b"of a Job that never ended", CHECKSUM),
    ],
)
def test_a_file_that_is_there_already_is_never_replaced(
    *, left: bytes, ends: int, job: Container, run: Run, s3_server: S3Server, bucket: str
) -> None:
    (container,) = job["containers"]
    key = f"models/{container['command'][2]}/files/context_encoding_model/graph.neff"
    s3_server.client().put_object(Bucket=bucket, Key=key, Body=left)
    assert run(*job["initContainers"]).returncode == 0
    done = run(container)
    assert (done.returncode, "holds other bytes" in done.stderr) == (ends, ends != 0), done.stderr
    assert s3_server.client().get_object(Bucket=bucket, Key=key)["Body"].read() == left


@pytest.mark.usefixtures("weights")
def test_a_role_that_may_not_write_is_named_as_the_reason(
    job: Container, run: Run, s3_server: S3Server, bucket: str
) -> None:
    assert run(*job["initContainers"]).returncode == 0
    reader = s3_server.account(bucket, ["s3:ListBucket", "s3:GetObject"])
    done = run(*job["containers"], **reader)
    assert (done.returncode, "may not write" in done.stderr) == (DENIED, True), done.stderr
