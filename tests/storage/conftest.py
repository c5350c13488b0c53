"""Fixtures: one S3 server a session, a fresh bucket a test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.cluster.tools import ToolsMissing, binary
from tests.storage.bucket_policy import Policed, policed
from tests.storage.machine import EBS, Machine, run_command
from tests.storage.rendered import Host, Run
from tests.storage.s3_server import S3Server
from tokenfleet.cli import app
from tokenfleet.plan.bucket_policies import model_bucket_policy


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running S3 server; a test without it is skipped, with the way to get it."""
    try:
        path = binary("versitygw")
    except ToolsMissing as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("s3-server")
    running = S3Server(path, folder)
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    """The name of an empty bucket."""
    return s3_server.create_bucket()


@pytest.fixture
def front(s3_server: S3Server, bucket: str) -> Iterator[Policed]:
    """The bucket's server, obeying the policy that the program gives the bucket."""
    policy = model_bucket_policy(f"arn:aws:s3:::{bucket}")
    with policed(s3_server.endpoint, policy) as found:
        yield found


@pytest.fixture
def run(s3_server: S3Server, front: Policed, bucket: str, tmp_path: Path) -> Run:
    """Runs a rendered container on this machine; the bucket refuses what its policy refuses."""
    return Host(s3_server, f"{front.endpoint}/{bucket}", tmp_path).run


@pytest.fixture
def tokenfleet(s3_server: S3Server, bucket: str) -> Callable[..., Result]:
    """Runs the command against the test's bucket."""

    def run(*arguments: str | Path) -> Result:
        environment = {**s3_server.environment(), "TOKENFLEET_BUCKET": bucket}
        return CliRunner().invoke(app, [*map(str, arguments)], env=environment)

    return run


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Iterator[Machine]:
    """A machine with a root disk that has a partition."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    made = Machine(tmp_path, root)
    try:
        try:
            disk = made.add("nvme0n1", EBS)
        except RuntimeError as error:
            pytest.skip(f"no loop devices here: {error}")
        run_command("mkfs.ext4", "-q", "-L", "/", str(disk.resolve()))
        yield made
    finally:
        made.end()
