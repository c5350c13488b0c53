"""The bucket of published weights, over boto3."""

import base64
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, cast

from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.utils import ReadFileChunk, signal_not_transferring, signal_transferring

from tokenfleet.aws.client import s3_client
from tokenfleet.aws.explain import code_of, explained
from tokenfleet.weights.refusal import StoreError
from tokenfleet.weights.store import (
    Damaged,
    Listed,
    Slice,
    Stored,
    StoredPart,
    Superseded,
    Taken,
)
from tokenfleet.weights.watch import Advance

_NEVER = datetime.fromtimestamp(0, UTC)
_DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch"})
_MISSING = frozenset({"404", "NoSuchKey"})
# 409: somebody else wrote the key in the same moment (Amazon S3 user guide, "Conditional writes").
_TAKEN = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})
_SUPERSEDED = frozenset({"InvalidPart", "NoSuchUpload"})


class Bucket:
    """A ``Store`` in S3, or in whatever AWS_ENDPOINT_URL_S3 names.

    Raises:
        StoreError: from every method, when S3 cannot be used as asked.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.url = f"s3://{name}"
        try:
            self._client = s3_client()
        except (BotoCoreError, ValueError) as error:
            raise StoreError([f"{self.url} cannot be used: {error}"]) from error
        # As s3transfer does: reading a body to sign it is no progress.
        events, name_of_event = self._client.meta.events, "request-created.s3"
        events.register_first(name_of_event, signal_not_transferring)
        events.register_last(name_of_event, signal_transferring)

    def read(self, key: str) -> bytes | None:
        """The bytes of a small object, or None where there is none."""
        with self._explained():
            try:
                return self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise

    def stat(self, key: str) -> Stored | None:
        """What is known of an object, or None where there is none."""
        with self._explained():
            try:
                found = self._client.head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise
        return Stored(
            size_bytes=found["ContentLength"],
            sha256=found["Metadata"].get("sha256"),
            checksum=_hexadecimal(found.get("ChecksumSHA256")),
        )

    def list(self, prefix: str) -> Iterator[Listed]:
        """Every object under a prefix, in order of keys."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._explained():
            for page in pages.paginate(Bucket=self._name, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield Listed(
                        key=found.get("Key", ""),
                        size_bytes=found.get("Size", 0),
                        modified=found.get("LastModified", _NEVER),
                    )

    def write(self, key: str, text: str) -> None:
        """Store a small text where nothing is; Taken when something is."""
        with self._explained():
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=text.encode(),
                ChecksumAlgorithm="SHA256",
                ContentType="text/plain",
                IfNoneMatch="*",
            )

    def put(self, key: str, body: Slice, sha256: str, *, advance: Advance) -> None:
        """Store a slice whole where nothing is; Taken, or Damaged when its digest is another."""
        with self._explained(), _opened(body, advance) as opened:
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=opened,
                ChecksumSHA256=_base64(sha256),
                Metadata={"sha256": sha256},
                IfNoneMatch="*",
            )

    def remove(self, key: str) -> None:
        """Remove an object; a bucket with versions keeps it as one of them."""
        with self._explained():
            self._client.delete_object(Bucket=self._name, Key=key)

    def uploads(self, prefix: str) -> Mapping[str, Sequence[str]]:
        """The ids of unfinished uploads under a prefix, by key."""
        ids: dict[str, list[str]] = {}
        pages = self._client.get_paginator("list_multipart_uploads")
        with self._explained():
            for page in pages.paginate(Bucket=self._name, Prefix=prefix):
                for found in page.get("Uploads", ()):
                    ids.setdefault(found.get("Key", ""), []).append(found.get("UploadId", ""))
        return ids

    def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        """What an unfinished upload holds; nothing when it is gone."""
        pages = self._client.get_paginator("list_parts")
        with self._explained():
            try:
                return [
                    StoredPart(
                        number=found.get("PartNumber", 0),
                        size_bytes=found.get("Size", 0),
                        checksum=_hexadecimal(found.get("ChecksumSHA256")),
                        etag=found.get("ETag", ""),
                    )
                    for page in pages.paginate(Bucket=self._name, Key=key, UploadId=upload)
                    for found in page.get("Parts", ())
                ]
            except ClientError as error:
                if code_of(error) == "NoSuchUpload":
                    return ()
                raise

    def begin(self, key: str, sha256: str) -> str:
        """Begin an upload in parts of an object with this digest; its id."""
        with self._explained():
            return self._client.create_multipart_upload(
                Bucket=self._name,
                Key=key,
                ChecksumAlgorithm="SHA256",
                Metadata={"sha256": sha256},
            )["UploadId"]

    def put_part(
        self, key: str, upload: str, number: int, body: Slice, sha256: str, *, advance: Advance
    ) -> StoredPart:
        """Send one part; Superseded, or Damaged when its digest is another."""
        with self._explained(), _opened(body, advance) as opened:
            answer = self._client.upload_part(
                Bucket=self._name,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=opened,
                ChecksumSHA256=_base64(sha256),
            )
        return StoredPart(
            number=number, size_bytes=body.length, checksum=sha256, etag=answer["ETag"]
        )

    def finish(self, key: str, upload: str, parts: Sequence[StoredPart]) -> None:
        """Make the parts one object; Superseded, or Taken when there is one already."""
        with self._explained():
            self._client.complete_multipart_upload(
                Bucket=self._name,
                Key=key,
                UploadId=upload,
                MultipartUpload={
                    "Parts": [
                        {
                            "PartNumber": part.number,
                            "ETag": part.etag,
                            "ChecksumSHA256": _base64(part.checksum or ""),
                        }
                        for part in parts
                    ]
                },
                IfNoneMatch="*",
            )

    @contextmanager
    def _explained(self) -> Generator[None]:
        """S3's errors as this project's."""
        try:
            yield
        except ClientError as error:
            code = code_of(error)
            for known, kind in ((_TAKEN, Taken), (_SUPERSEDED, Superseded), (_DAMAGED, Damaged)):
                if code in known:
                    raise kind from error
            raise explained(error, self.url, self._client.meta.endpoint_url) from error
        except BotoCoreError as error:
            raise explained(error, self.url, self._client.meta.endpoint_url) from error


@contextmanager
def _opened(body: Slice, advance: Advance) -> Generator[IO[bytes]]:
    """The slice as a file that says how much of it was sent."""

    def advanced(bytes_transferred: int) -> None:
        advance(bytes_transferred)

    # A file that became shorter cannot have its digest, and would have a part of no length.
    if body.source.stat().st_size < body.offset + body.length:
        raise Damaged
    with ReadFileChunk.from_filename(
        str(body.source), body.offset, body.length, callbacks=[advanced]
    ) as chunk:
        yield cast("IO[bytes]", chunk)


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _hexadecimal(checksum: str | None) -> str | None:
    """What S3 writes in base 64, with ``-3`` behind it for an object of three parts."""
    return base64.b64decode(checksum.partition("-")[0]).hex() if checksum else None
