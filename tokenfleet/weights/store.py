"""What publishing asks of a bucket, and what it hears back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tokenfleet.weights.watch import Advance


class Taken(Exception):  # noqa: N818 - an answer, not a fault
    """There is an object under this key already, and nothing is ever replaced."""


class Superseded(Exception):  # noqa: N818 - an answer, not a fault
    """An unfinished upload that somebody else finished, ended or wrote into."""


class Damaged(Exception):  # noqa: N818 - an answer, not a fault
    """The bytes that arrived do not have the digest that was sent with them; nothing was kept."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Bytes ``offset`` to ``offset + length`` of a local file."""

    source: Path
    offset: int
    length: int

    def read(self) -> bytes:
        """The bytes as they are now.

        Raises:
            OSError: when the file cannot be read.
        """
        with self.source.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object in the bucket.

    ``sha256`` is what its publisher said of it, ``checksum`` what the store computed itself:
    the digest of the object, or of the digests of its parts. Both hexadecimal.
    """

    size_bytes: int
    sha256: str | None
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """A part of an unfinished upload; ``number`` from 1, ``checksum`` as the store computed it."""

    number: int
    size_bytes: int
    checksum: str | None
    etag: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of a listing."""

    key: str
    size_bytes: int
    modified: datetime


class Store(Protocol):
    """A bucket. Every method raises StoreError when the bucket cannot be used as asked."""

    @property
    def url(self) -> str:
        """The bucket as people write it: ``s3://name``."""
        ...

    def read(self, key: str) -> bytes | None:
        """The bytes of a small object, or None where there is none."""
        ...

    def stat(self, key: str) -> Stored | None:
        """What is known of an object, or None where there is none."""
        ...

    def list(self, prefix: str) -> Iterator[Listed]:
        """Every object under a prefix, in order of keys."""
        ...

    def write(self, key: str, text: str) -> None:
        """Store a small text where nothing is; Taken when something is."""
        ...

    def put(self, key: str, body: Slice, sha256: str, *, advance: Advance) -> None:
        """Store a slice whole where nothing is; Taken, or Damaged when its digest is another."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object."""
        ...

    def uploads(self, prefix: str) -> Mapping[str, Sequence[str]]:
        """The ids of unfinished uploads under a prefix, by key."""
        ...

    def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        """What an unfinished upload holds; nothing when it is gone."""
        ...

    def begin(self, key: str, sha256: str) -> str:
        """Begin an upload in parts of an object with this digest; its id."""
        ...

    def put_part(
        self, key: str, upload: str, number: int, body: Slice, sha256: str, *, advance: Advance
    ) -> StoredPart:
        """Send one part; Superseded, or Damaged when its digest is another."""
        ...

    def finish(self, key: str, upload: str, parts: Sequence[StoredPart]) -> None:
        """Make the parts one object; Superseded, or Taken when there is one already."""
        ...
