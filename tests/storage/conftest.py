"""Fixtures: one S3 server a session, a fresh bucket a test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.cluster.tools import ToolsMissing, binary
from tests.storage.bucket_policy import Policed, policed
from tests.storage.rendered import Machine, Run
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
    return Machine(s3_server, f"{front.endpoint}/{bucket}", tmp_path).run


@pytest.fixture
def tokenfleet(s3_server: S3Server, bucket: str) -> Callable[..., Result]:
    """Runs the command against the test's bucket."""

    def run(*arguments: str | Path) -> Result:
        environment = {**s3_server.environment(), "TOKENFLEET_BUCKET": bucket}
        return CliRunner().invoke(app, [*map(str, arguments)], env=environment)

    return run
