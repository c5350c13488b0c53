"""A real S3 server on this machine, by default on loopback: versitygw over a folder."""

import json
import subprocess
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import boto3
from botocore.config import Config

from tests.guarded import ServerFailed, answering, ended, free_port, started

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Not the default of any client: a signature for another region is refused.
REGION = "eu-central-1"


class _Boto3(Protocol):
    def client(
        self,
        service_name: str,
        *,
        endpoint_url: str,
        region_name: str,
        aws_access_key_id: str,
        aws_secret_access_key: str,
        config: Config,
    ) -> "S3Client": ...


class S3Server:
    """Starts on construction, ends with ``stop`` or when this process dies.

    ``endpoint``, ``region``, ``access_key`` and ``secret_key`` are those of the owner of all
    buckets; ``access_log`` has a line for every request that was answered. ``inside`` begins its
    command, to run in another network, of which ``host`` is an address.
    """

    def __init__(
        self, binary: Path, folder: Path, *, host: str = "127.0.0.1", inside: Sequence[str] = ()
    ) -> None:
        self.region = REGION
        self.access_key, self.secret_key = "owner", uuid.uuid4().hex
        self.access_log = folder / "access.log"
        self.endpoint = ""
        self._binary, self._folder = binary, folder
        self._host, self._inside = host, inside
        self._log = folder / "versitygw.log"
        for name in ("accounts", "buckets"):
            (folder / name).mkdir()
        self._popen = answering(self._start, self._answers, self._log)

    def stop(self) -> None:
        """End the server and wait for it."""
        ended(self._popen)

    def environment(self) -> Mapping[str, str]:
        """What AWS's own tools and SDKs read, to be the owner of all buckets."""
        return self._environment(self.access_key, self.secret_key)

    def client(self, endpoint: str = "") -> "S3Client":
        """A client with the owner's rights, at another address if one is given."""
        return cast("_Boto3", boto3).client(
            "s3",
            endpoint_url=endpoint or self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def create_bucket(self) -> str:
        """A new, empty bucket; its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def account(self, bucket: str, actions: Sequence[str]) -> Mapping[str, str]:
        """The environment of a new user who may do only these actions, and only in this bucket."""
        name, secret = f"user-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        self._admin("create-user", "--access", name, "--secret", secret, "--role", "user")
        statements = [
            {
                "Effect": "Allow",
                "Principal": {"AWS": [name]},
                "Action": action,
                "Resource": f"arn:aws:s3:::{bucket}{'' if 'Bucket' in action else '/*'}",
            }
            for action in actions
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        if statements:
            self.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        return self._environment(name, secret)

    def requests(self, text: str) -> int:
        """How many answered requests have this text in their line of the log."""
        return sum(text in line for line in self.access_log.read_text().splitlines())

    def _environment(self, access_key: str, secret_key: str) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _start(self) -> subprocess.Popen[bytes]:
        port = free_port()
        self.endpoint = f"http://{self._host}:{port}"
        command = [
            *(*self._inside, str(self._binary)),
            *("--port", f"{self._host}:{port}", "--region", self.region, "--keep-alive"),
            *("--access", self.access_key, "--secret", self.secret_key),
            *("--iam-dir", str(self._folder / "accounts"), "--iam-cache-disable"),
            *("--health", "/health", "--access-log", str(self.access_log), "--quiet"),
            *("posix", str(self._folder / "buckets")),
        ]
        return started(self._log, command)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/health", timeout=1) as answer:  # noqa: S310 - our own address
                return answer.status == 200
        except OSError:
            return False

    def _admin(self, *command: str) -> None:
        owner = ["--access", self.access_key, "--secret", self.secret_key]
        where = ["--region", self.region, "--endpoint-url", self.endpoint]
        done = subprocess.run(
            [self._binary, "admin", *owner, *where, *command],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ServerFailed(done.stdout + done.stderr)
