"""Behind the bucket's policy, every write of the project's own passes and no other replaces."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from tests.storage.bucket_policy import Policed
from tests.storage.s3_server import S3Server
from tests.weights.model_files import write_model
from tokenfleet.cli import app
from tokenfleet.weights.layout import PART_BYTES

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

REVISION = "0123456789" * 4
FILES = f"models/org/model/{REVISION}/files/"

Tokenfleet = Callable[..., Result]


@pytest.fixture
def tokenfleet(s3_server: S3Server, bucket: str, front: Policed) -> Tokenfleet:
    """Runs the command against the bucket behind its policy."""

    def run(*arguments: str | Path) -> Result:
        environment: Mapping[str, str] = {
            **s3_server.environment(),
            "AWS_ENDPOINT_URL_S3": front.endpoint,
            "TOKENFLEET_BUCKET": bucket,
        }
        return CliRunner().invoke(app, [*map(str, arguments)], env=environment)

    return run


@pytest.fixture
def client(s3_server: S3Server, front: Policed) -> "S3Client":
    """Anybody else with every right."""
    return s3_server.client(front.endpoint)


def test_publishing_and_repairing_pass(
    tokenfleet: Tokenfleet, s3_server: S3Server, bucket: str, front: Policed, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", 2 * PART_BYTES)
    publish = ("publish", "org/model", "--revision", REVISION, "--from", folder)
    done = tokenfleet(*publish)
    assert done.exit_code == 0, done.output
    for name in ("config.json", *sorted(path.name for path in folder.glob("*.safetensors"))):
        s3_server.client().put_object(Bucket=bucket, Key=f"{FILES}{name}", Body=b"other")
    repaired = tokenfleet(*publish)
    assert repaired.stdout.startswith("repaired"), repaired.output
    assert front.refused == []


def test_what_is_published_cannot_be_replaced(
    tokenfleet: Tokenfleet, client: "S3Client", bucket: str, front: Policed, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", 1000)
    done = tokenfleet("publish", "org/model", "--revision", REVISION, "--from", folder)
    assert done.exit_code == 0, done.output
    key = f"{FILES}config.json"
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object(Bucket=bucket, Key=key, Body=b"other")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=bucket, Key=key, Body=b"other", IfNoneMatch="*")
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"other")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
    assert [method for method, _ in front.refused] == ["PUT", "POST"]
    assert client.get_object(Bucket=bucket, Key=key)["Body"].read() != b"other"
