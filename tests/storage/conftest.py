"""Fixtures: one S3 server a session, a fresh bucket a test."""

import shutil
from collections.abc import Iterator

import pytest

from tests.cluster.tools import ToolsMissing, binary
from tests.storage.bucket_policy import Policed, policed
from tests.storage.s3_server import S3Server
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
