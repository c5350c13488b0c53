"""A bucket in memory, for faults that a healthy server does not show."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tokenfleet.weights.store import Damaged, Listed, Slice, Stored, StoredPart, Superseded, Taken
from tokenfleet.weights.watch import Advance


@dataclass(kw_only=True)
class MemoryUpload:
    """An unfinished upload: the bytes of its parts by number."""

    key: str
    sha256: str
    parts: dict[int, bytes] = field(default_factory=dict[int, bytes])


@dataclass(kw_only=True)
class MemoryObject:
    """An object, what its publisher said of it, and what the store found."""

    content: bytes
    sha256: str | None = None
    checksum: str | None = None


class MemoryStore:
    """Behaves as S3 does.

    ``on`` is told every request before it is served, and may misbehave; ``in_transit`` may
    change the bytes on their way.
    """

    url = "s3://memory"

    def __init__(self) -> None:
        self.on: Callable[[str, str], None] = lambda _method, _key: None
        self.in_transit: Callable[[bytes], bytes] = lambda content: content
        self.objects: dict[str, MemoryObject] = {}
        self.unfinished: dict[str, MemoryUpload] = {}
        self._lock = threading.RLock()

    def read(self, key: str) -> bytes | None:
        self.on("read", key)
        return self.objects[key].content if key in self.objects else None

    def stat(self, key: str) -> Stored | None:
        self.on("stat", key)
        if key not in self.objects:
            return None
        found = self.objects[key]
        return Stored(size_bytes=len(found.content), sha256=found.sha256, checksum=found.checksum)

    def list(self, prefix: str) -> Iterator[Listed]:
        self.on("list", prefix)
        for key in sorted(self.objects):
            if key.startswith(prefix):
                size = len(self.objects[key].content)
                yield Listed(key=key, size_bytes=size, modified=datetime.now(UTC))

    def write(self, key: str, text: str) -> None:
        self.on("write", key)
        self._store(key, MemoryObject(content=text.encode()))

    def put(self, key: str, body: Slice, sha256: str, *, advance: Advance) -> None:
        self.on("put", key)
        content = self._arrived(body, sha256, advance)
        self._store(key, MemoryObject(content=content, sha256=sha256, checksum=sha256))

    def remove(self, key: str) -> None:
        self.on("remove", key)
        self.objects.pop(key, None)

    def uploads(self, prefix: str) -> Mapping[str, Sequence[str]]:
        self.on("uploads", prefix)
        ids: dict[str, list[str]] = {}
        for upload, found in self.unfinished.items():
            if found.key.startswith(prefix):
                ids.setdefault(found.key, []).append(upload)
        return ids

    def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        self.on("parts", key)
        parts = self.unfinished[upload].parts if upload in self.unfinished else {}
        return [_part(number, content) for number, content in sorted(parts.items())]

    def begin(self, key: str, sha256: str) -> str:
        self.on("begin", key)
        with self._lock:
            upload = f"upload-{len(self.unfinished)}-{len(self.objects)}"
            self.unfinished[upload] = MemoryUpload(key=key, sha256=sha256)
            return upload

    def put_part(
        self, key: str, upload: str, number: int, body: Slice, sha256: str, *, advance: Advance
    ) -> StoredPart:
        self.on("put_part", key)
        content = self._arrived(body, sha256, advance)
        with self._lock:
            if upload not in self.unfinished:
                raise Superseded
            self.unfinished[upload].parts[number] = content
        return _part(number, content)

    def finish(self, key: str, upload: str, parts: Sequence[StoredPart]) -> None:
        self.on("finish", key)
        with self._lock:
            found = self.unfinished.get(upload)
            if not found or [_part(n, c) for n, c in sorted(found.parts.items())] != [*parts]:
                raise Superseded
            digests = b"".join(bytes.fromhex(part.checksum or "") for part in parts)
            stored = MemoryObject(
                content=b"".join(found.parts[part.number] for part in parts),
                sha256=found.sha256,
                checksum=hashlib.sha256(digests).hexdigest(),
            )
            self._store(key, stored)
            del self.unfinished[upload]

    def _arrived(self, body: Slice, sha256: str, advance: Advance) -> bytes:
        content = body.read()
        advance(len(content))
        content = self.in_transit(content)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Damaged
        return content

    def _store(self, key: str, stored: MemoryObject) -> None:
        with self._lock:
            if key in self.objects:
                raise Taken
            self.objects[key] = stored


def _part(number: int, content: bytes) -> StoredPart:
    checksum = hashlib.sha256(content).hexdigest()
    return StoredPart(number=number, size_bytes=len(content), checksum=checksum, etag=checksum[:8])
