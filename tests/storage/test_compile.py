"""The compile Job, with an engine that stands for Neuron's: artifacts that replicas can load."""

import copy
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from tests.storage import fake_vllm
from tests.storage.bucket_policy import Policed
from tests.storage.s3_server import S3Server
from tests.weights.model_files import MEBIBYTE, write_model
from tokenfleet.cli import app
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan

USERDATA = Path(__file__).parents[2] / "userdata"
MODEL, SECONDS = "qwen25-7b", 60
NOT_PUBLISHED, CHECKSUM, DENIED, ENGINE = 3, 4, 6, 10
IMAGE = "/opt/program"
"""Where containers start unless they say something else: somewhere on the root of their image."""
FOLDERS = {"/cache": "cache", "/models": "models", "/tmp": "tmp", IMAGE: "image"}  # noqa: S108 - paths in the container

Container = Mapping[str, Any]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def plan(stack_files: Mapping[str, Any], root: Path) -> Plan:
    """The prod stack, which serves on Inferentia2."""
    return decide(stack_files["prod"].keys, "prod", root)


def _pod(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest["spec"]["template"]["spec"]


@pytest.fixture
def job(plan: Plan) -> Mapping[str, Any]:
    """The pod of the Job."""
    return _pod(plan.serving.compile_jobs[MODEL])


@pytest.fixture
def replica(plan: Plan) -> Mapping[str, Any]:
    """The pod of a replica."""
    manifests = cast("Sequence[Mapping[str, Any]]", plan.serving.manifests)
    names = {(found["kind"], found["metadata"]["name"]): found for found in manifests}
    return _pod(names["Deployment", f"vllm-{MODEL}"])


@pytest.fixture
def tokenfleet(s3_server: S3Server, bucket: str) -> Callable[..., Result]:
    """Runs the command against the test's bucket."""

    def run(*arguments: str | Path) -> Result:
        environment = {**s3_server.environment(), "TOKENFLEET_BUCKET": bucket}
        return CliRunner().invoke(app, [*map(str, arguments)], env=environment)

    return run


@pytest.fixture
def run(s3_server: S3Server, front: Policed, bucket: str, tmp_path: Path) -> Run:
    """Runs a rendered container on this machine: other folders, another port, ``vllm`` a fake.

    The bucket refuses what its policy refuses.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    folders = {path: tmp_path / name for path, name in FOLDERS.items()}
    for folder in (*folders.values(), tmp_path / "bin"):
        folder.mkdir()

    def here(text: str) -> str:
        for inside, outside in (
            ("/loader/", f"{USERDATA}/"),
            ("/models", str(folders["/models"])),
            ("/cache", str(folders["/cache"])),
            ("8000", port),
        ):
            text = text.replace(inside, outside)
        return text

    def start(
        container: Container, engine: str = "compile", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        vllm = tmp_path / "bin" / "vllm"
        vllm.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{fake_vllm.__file__}" {engine} "$@"\n'
        )
        vllm.chmod(0o755)
        settings = {
            entry["name"]: here(entry["value"]) for entry in container["env"] if "value" in entry
        }
        mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
        writable = [
            p for path, p in folders.items() if path in mounts and not mounts[path].get("readOnly")
        ]
        return subprocess.run(
            [here(word) for word in (*container["command"], *container.get("args", ()))],
            check=False,
            cwd=folders[container.get("workingDir", IMAGE)],
            env={
                **os.environ,
                **s3_server.environment(),
                **settings,
                "MODEL_STORE_URL": f"{front.endpoint}/{bucket}",
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                "TMPDIR": str(folders["/tmp"]),  # noqa: S108 - a path in the container
                "WRITABLE": ":".join(map(str, writable)),
                **environment,
            },
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
        )

    return start


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
    job: Mapping[str, Any],
    replica: Mapping[str, Any],
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
    assert _contents(arrived) == _contents(compiled)
    assert len(_contents(arrived)) == 3
    assert front.refused == []


@pytest.mark.usefixtures("weights")
def test_a_second_job_compiles_nothing(job: Mapping[str, Any], run: Run) -> None:
    assert run(*job["initContainers"]).returncode == 0
    assert run(*job["containers"]).returncode == 0
    again = run(*job["containers"], "fail")
    assert (again.returncode, "published before" in again.stderr) == (0, True)


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("fail", "the engine ended before it was ready"),
        ("nothing", "compiled nothing"),
        ("hang", "not compiled after 4 s"),
    ],
)
def test_an_engine_that_does_not_compile_publishes_nothing(
    engine: str,
    reason: str,
    job: Mapping[str, Any],
    run: Run,
    tokenfleet: Callable[..., Result],
) -> None:
    assert run(*job["initContainers"]).returncode == 0
    done = run(*job["containers"], engine, COMPILE_SECONDS="4")
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
    loosen: Callable[[dict[str, Any]], None], job: Mapping[str, Any], run: Run
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
    *, left: bytes, ends: int, job: Mapping[str, Any], run: Run, s3_server: S3Server, bucket: str
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
    job: Mapping[str, Any], run: Run, s3_server: S3Server, bucket: str
) -> None:
    assert run(*job["initContainers"]).returncode == 0
    reader = s3_server.account(bucket, ["s3:ListBucket", "s3:GetObject"])
    done = run(*job["containers"], **reader)
    assert (done.returncode, "may not write" in done.stderr) == (DENIED, True), done.stderr


def _contents(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
