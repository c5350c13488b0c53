"""Publishing: every file first, each proved by its digest, then the manifest that promises them.

Objects are never replaced by other bytes: whoever stores a file or the manifest first wins, and
everyone else finds out. So two publishers cannot spoil each other's work, whatever their timing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tokenfleet.weights.crew import Crew, Job
from tokenfleet.weights.layout import PREFIX, file_key, manifest_key
from tokenfleet.weights.manifest import Manifest, ManifestFile, render
from tokenfleet.weights.promise import promised, refuse_other, shortened
from tokenfleet.weights.refusal import PublishError, StoreError
from tokenfleet.weights.sender import Sender
from tokenfleet.weights.store import Store, Stored, Taken
from tokenfleet.weights.watch import Watch

# Requests at a time: one connection to S3 carries 80 to 100 MB/s (S3 performance guidelines).
WORKERS = 8
# Once to send, once more for what another publisher ended.
_ROUNDS = 2

Outcome = Literal["published", "already published", "repaired"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A snapshot that is now in the bucket; ``sent_bytes`` is what this run had to send."""

    snapshot: str
    bucket: str
    outcome: Outcome
    files: int
    total_bytes: int
    sent_files: int
    sent_bytes: int


def publish(store: Store, manifest: Manifest, folder: Path, watch: Watch) -> Published:
    """Bring a snapshot into the bucket; sends only what is not there yet.

    What is published already is looked at object by object: what is gone or differs from the
    promise of its manifest is removed and sent again.

    Raises:
        PublishError: when the bucket holds other content, or a file changes meanwhile.
        StoreError: when the bucket cannot be used.
    """
    before = promised(store, manifest.snapshot)
    if before:
        refuse_other(store, before, manifest)
    sender = Sender(store, manifest, folder)
    rounds = 0
    while missing := absent(store, manifest, may_differ=before is not None):
        if rounds < _ROUNDS:
            if before:
                _make_way(store, manifest, missing)
            _send(sender, missing, watch)
            rounds += 1
            continue
        raise PublishError(
            [
                f"{len(missing)} files are not in the bucket after {_ROUNDS} tries:",
                *shortened([file.path for file in missing]),
                "somebody removes or replaces them: find out who, then run again",
            ]
        )
    if not before:
        _promise(store, manifest)
    outcome: Outcome = "published"
    if before:
        outcome = "repaired" if sender.sent_files else "already published"
    return Published(
        snapshot=manifest.snapshot,
        bucket=store.url.removeprefix("s3://"),
        outcome=outcome,
        files=len(manifest.files),
        total_bytes=manifest.total_bytes,
        sent_files=len(sender.sent_files),
        sent_bytes=sender.sent_bytes,
    )


def _make_way(store: Store, manifest: Manifest, files: Sequence[ManifestFile]) -> None:
    """Remove what has other bytes than are promised: the bucket takes nothing in their place."""
    for file in files:
        key = file_key(manifest.snapshot, file.path)
        if store.stat(key):
            store.remove(key)


def _send(sender: Sender, missing: Sequence[ManifestFile], watch: Watch) -> None:
    try:
        sender.send(missing, watch, WORKERS)
    except StoreError as error:
        if sender.sent_bytes:
            kept = "what was sent is kept: the same command goes on from there"
            raise StoreError([*error.lines, kept]) from error
        raise


def _promise(store: Store, manifest: Manifest) -> None:
    try:
        store.write(manifest_key(manifest.snapshot), render(manifest))
    except Taken:
        other = promised(store, manifest.snapshot)
        if other is None:
            raise PublishError(
                [
                    f"the manifest of {manifest.snapshot} appeared and went: somebody removes it",
                    "run again when they are done",
                ]
            ) from None
        refuse_other(store, other, manifest)


def absent(store: Store, manifest: Manifest, *, may_differ: bool) -> Sequence[ManifestFile]:
    """The files that are not in the bucket byte for byte, as far as the store knows.

    Raises:
        PublishError: when an object holds other bytes, unless ``may_differ``.
        StoreError: when the bucket cannot be read.
    """
    missing: set[str] = set()
    different: list[str] = []

    def job_of(file: ManifestFile) -> Job:
        def job() -> None:
            stored = store.stat(file_key(manifest.snapshot, file.path))
            if stored is None or not _is(file, stored):
                missing.add(file.path)
            if stored is not None and not _is(file, stored):
                size = stored.size_bytes
                known = "other bytes" if size == file.size_bytes else f"{size} bytes"
                different.append(f"{file.path}: {known} there, {file.size_bytes} here")

        return job

    Crew(WORKERS).run(job_of(file) for file in manifest.files)
    if different and not may_differ:
        place = f"{store.url}/{PREFIX}{manifest.snapshot}/files/"
        raise PublishError(
            [
                f"{place} holds other bytes, from a publish that never ended or still runs:",
                *shortened(sorted(different)),
                "when nobody publishes this revision, remove them and publish again:",
                f"  aws s3 rm --recursive {place}",
            ]
        )
    return [file for file in manifest.files if file.path in missing]


def _is(file: ManifestFile, stored: Stored) -> bool:
    """Whether the object is the file: by size, by what its publisher said, by the store itself."""
    if (stored.size_bytes, stored.sha256) != (file.size_bytes, file.sha256):
        return False
    if stored.checksum is None:
        return True
    # What S3 calls a composite checksum: the digest of the digests of the parts.
    parts = hashlib.sha256(b"".join(bytes.fromhex(part) for part in file.parts)).hexdigest()
    return stored.checksum == (parts if file.parts else file.sha256)
