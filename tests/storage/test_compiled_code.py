"""Compiled code that a replica can do without: from the Job's engine to a replica, or left alone."""

import io
import json
import platform
import shutil
import tarfile
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
from tokenfleet.weights.layout import PREFIX, folder_name

MODEL = "qwen3-4b"
ENGINE = 10
GRAVITON4 = """\
processor\t: 0
BogoMIPS\t: 2000.00
Features\t: fp asimd sve sve2 bf16 i8mm
CPU implementer\t: 0x41
CPU part\t: 0xd4f

processor\t: 1
BogoMIPS\t: 2000.00
Features\t: fp asimd sve sve2 bf16 i8mm
CPU implementer\t: 0x41
CPU part\t: 0xd4f
"""
# open-gpu-kernel-modules, kernel-open/nvidia/nv-procfs.c.
H100 = {
    "driver/nvidia/version": (
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n"
        "GCC version:  gcc version 11.5.0 20240719 (Red Hat 11.5.0-5) (GCC)\n"
    ),
    "driver/nvidia/gpus/0000:53:00.0/information": "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ: 99\n",
}


@pytest.fixture(scope="module")
def plan(stack_files: Mapping[str, Any], root: Path) -> Plan:
    """The dev stack, which serves on CPUs."""
    return decide(stack_files["dev"].keys, "dev", root)


@pytest.fixture
def job(plan: Plan) -> Container:
    """The pod of the Job."""
    return pods(plan, MODEL)[0]


@pytest.fixture
def load_compiled(plan: Plan) -> Container:
    """The container of a replica that loads what the Job published."""
    *_, last = pods(plan, MODEL)[1]["initContainers"]
    return last


@pytest.fixture
def weights(plan: Plan, tokenfleet: Callable[..., Result], tmp_path: Path) -> None:
    """The model's weights are in the bucket."""
    (model,) = plan.models
    folder = write_model(tmp_path / "source", MEBIBYTE)
    named = (model.hugging_face_id, "--revision", model.revision)
    done = tokenfleet("publish", *named, "--from", folder)
    assert done.exit_code == 0, done.output


def _node(folder: Path, **files: str) -> str:
    """A /proc of a Graviton4, but for these files."""
    for path, text in {"cpuinfo": GRAVITON4, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return str(folder)


def _state(folder: Path) -> str:
    return (folder / "cache" / "compiled-state").read_text(encoding="utf-8").strip()


@pytest.mark.usefixtures("weights")
def test_what_an_engine_compiled_to_start_and_to_answer_reaches_a_replica_byte_for_byte(
    *,
    job: Container,
    load_compiled: Container,
    run: Run,
    front: Policed,
    tokenfleet: Callable[..., Result],
    tmp_path: Path,
) -> None:
    assert run(*job["initContainers"]).returncode == 0
    done = run(*job["containers"])
    assert done.returncode == 0, done.stderr

    (entry,) = json.loads(tokenfleet("models", "--json").stdout)["models"]
    assert [state["state"] for state in entry["compiled"].values()] == ["published"]
    compiled = tmp_path / "cache" / "compiled"
    made = contents(compiled)
    assert sorted(made) == ["triton/KERNEL=/kernel.cubin", f"vllm/{fake_vllm.AOT}"]
    shutil.rmtree(compiled)
    loaded = run(load_compiled)
    assert (loaded.returncode, _state(tmp_path)) == (0, "loaded"), loaded.stderr
    assert contents(compiled) == made
    # A pod whose sandbox is made anew runs its init containers again, over what its engine left.
    (compiled / "vllm" / "half").write_text("written")
    assert (run(load_compiled).returncode, contents(compiled)) == (0, made)
    assert front.refused == []


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("engine", "seconds", "reason"),
    [
        ("fail", 60, "the engine ended before it was ready"),
        ("nothing", 4, "not compiled after 4 s"),
        ("mute", 4, "not compiled after 4 s"),
    ],
)
def test_an_engine_that_does_not_answer_what_clients_ask_publishes_nothing(
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
    assert entry["compiled"] == {}


@pytest.mark.usefixtures("weights")
def test_what_a_job_left_that_never_ended_is_in_no_ones_way(
    *,
    job: Container,
    load_compiled: Container,
    run: Run,
    s3_server: S3Server,
    bucket: str,
    tmp_path: Path,
) -> None:
    key = f"{PREFIX}{load_compiled['command'][2]}/files/code-0123456789ab.tar"
    s3_server.client().put_object(Bucket=bucket, Key=key, Body=b"cut off")
    for container in (*job["initContainers"], *job["containers"], load_compiled):
        done = run(container)
        assert done.returncode == 0, done.stderr
    assert _state(tmp_path) == "loaded"


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("maker", "node", "state", "reason"),
    [
        ({}, {}, "loaded", "ready"),
        # What is compiled for less is wrong as well where there is more.
        ({}, {"cpuinfo": GRAVITON4.replace("i8mm", "i8mm sme")}, "mismatch", "feature sme"),
        ({}, {"cpuinfo": GRAVITON4.replace(" i8mm", "")}, "mismatch", "feature i8mm"),
        # Graviton3: the same names, and vectors of another length.
        ({}, {"cpuinfo": GRAVITON4.replace("0xd4f", "0xd40")}, "mismatch", "part 0xd4f"),
        (H100, H100, "loaded", "ready"),
        (H100, {}, "mismatch", "gpu NVIDIA H100 80GB HBM3"),
        (
            H100,
            {path: text.replace("H100 80GB HBM3", "H200") for path, text in H100.items()},
            "mismatch",
            "gpu NVIDIA H100 80GB HBM3",
        ),
        (
            H100,
            {path: text.replace("580.95.05", "590.44.01") for path, text in H100.items()},
            "mismatch",
            "driver 580",
        ),
        (
            H100,
            {path: text.replace("580.95.05", "580.105.08") for path, text in H100.items()},
            "loaded",
            "ready",
        ),
    ],
)
def test_code_of_another_kind_of_node_is_left_alone(
    *,
    maker: Mapping[str, str],
    node: Mapping[str, str],
    state: str,
    reason: str,
    job: Container,
    load_compiled: Container,
    run: Run,
    tmp_path: Path,
) -> None:
    assert run(*job["initContainers"]).returncode == 0
    assert run(*job["containers"], NODE_PROC=_node(tmp_path / "maker", **maker)).returncode == 0
    shutil.rmtree(tmp_path / "cache" / "compiled")
    done = run(load_compiled, NODE_PROC=_node(tmp_path / "node", **node))
    assert (done.returncode, _state(tmp_path)) == (0, state)
    assert reason in done.stderr.splitlines()[-1]
    assert (tmp_path / "cache" / "compiled").exists() == (state == "loaded")


def _archive(**members: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


MADE_ON = {"made-on": f"architecture {platform.machine()}\nfeature fp\n".encode()}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "holds 0 archives"),
        ({"code-a.tar": b"", "code-b.tar": b""}, "holds 2 archives"),
        ({"code-a.tar": b"no archive"}, "does not say on what node"),
        ({"code-a.tar": _archive(model=b"x" * 10_000)}, "does not say on what node"),
        ({"code-a.tar": _archive(**{"made-on": b""})}, "does not say on what node"),
        ({"code-a.tar": _archive(**MADE_ON, model=b"x" * 10_000)[:6000]}, "cannot be unpacked"),
    ],
)
def test_a_set_that_cannot_be_used_keeps_no_replica_from_starting(
    files: Mapping[str, bytes],
    reason: str,
    load_compiled: Container,
    run: Run,
    tmp_path: Path,
) -> None:
    ready = tmp_path / "models" / folder_name(load_compiled["command"][2])
    (ready / "files").mkdir(parents=True)
    (ready / "READY").touch()
    for name, content in files.items():
        (ready / "files" / name).write_bytes(content)
    own = tmp_path / "cache" / "compiled" / "vllm" / "own"
    own.parent.mkdir(parents=True)
    own.write_text("compiled by this replica, before its container was started again")
    done = run(load_compiled, NODE_PROC=_node(tmp_path / "node", cpuinfo="Features\t: fp\n"))
    assert (done.returncode, _state(tmp_path)) == (0, "failed"), done.stderr
    assert reason in done.stderr.splitlines()[-1]
    assert own.exists()


@pytest.mark.parametrize(
    ("rights", "elsewhere", "state", "reason"),
    [
        (["s3:ListBucket", "s3:GetObject"], {}, "absent", "nothing is published"),
        ([], {}, "failed", "the loader ended with 6"),
        (
            ["s3:ListBucket", "s3:GetObject"],
            {"MODEL_STORE_URL": "http://127.0.0.1:1/none", "LOADER_SECONDS": "2"},
            "failed",
            "the loader ended with 7",
        ),
    ],
)
def test_a_store_that_has_or_gives_nothing_keeps_no_replica_from_starting(
    *,
    rights: list[str],
    elsewhere: Mapping[str, str],
    state: str,
    reason: str,
    load_compiled: Container,
    run: Run,
    s3_server: S3Server,
    bucket: str,
    tmp_path: Path,
) -> None:
    done = run(load_compiled, **s3_server.account(bucket, rights), **elsewhere)
    assert (done.returncode, _state(tmp_path)) == (0, state), done.stderr
    assert reason in done.stderr.splitlines()[-1]
