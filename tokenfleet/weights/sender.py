"""Sends files to the bucket in parts, going on where an earlier run was interrupted."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tokenfleet.weights.crew import Crew, Job
from tokenfleet.weights.layout import file_key
from tokenfleet.weights.manifest import Manifest, ManifestFile, part_sizes
from tokenfleet.weights.refusal import PublishError
from tokenfleet.weights.store import Damaged, Slice, Store, StoredPart, Superseded, Taken
from tokenfleet.weights.watch import Advance, Watch

_TRIES = 3
_Answer = TypeVar("_Answer")


@dataclass(kw_only=True)
class _Assembly:
    """A file of several parts on its way; ``upload`` is None until one is begun."""

    file: ManifestFile
    upload: str | None = None
    parts: dict[int, StoredPart] = field(default_factory=dict[int, StoredPart])
    ended: bool = False

    @property
    def kept_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts.values())


class Sender:
    """Sends files of one snapshot and counts what it sent."""

    def __init__(self, store: Store, manifest: Manifest, folder: Path) -> None:
        self._store, self._manifest, self._folder = store, manifest, folder
        self._lock = threading.Lock()
        self.sent_files: set[str] = set()
        self.sent_bytes = 0

    def send(self, files: Sequence[ManifestFile], watch: Watch, workers: int) -> None:
        """Send what is not there of these files.

        Whether they are all there afterwards is for the caller to see: another publisher may
        have finished one of them first.

        Raises:
            PublishError: when a file is no longer what its digests say, or always arrives damaged.
            StoreError: when the bucket cannot be used.
        """
        assemblies = [self._assembly(file, uploads) for file, uploads in self._begun(files)]
        kept = sum(assembly.kept_bytes for assembly in assemblies)
        left = sum(file.size_bytes for file in files) - kept
        crew = Crew(workers)
        advance = crew.heeding(watch.begin("uploading", left))
        crew.run(job for assembly in assemblies for job in self._jobs(assembly, advance))

    def _begun(self, files: Sequence[ManifestFile]) -> Iterator[tuple[ManifestFile, Sequence[str]]]:
        """The files, each with the unfinished uploads of it."""
        uploads: Mapping[str, Sequence[str]] = {}
        if any(file.parts for file in files):
            uploads = self._store.uploads(file_key(self._manifest.snapshot, ""))
        return ((file, uploads.get(self._key(file), ())) for file in files)

    def _assembly(self, file: ManifestFile, uploads: Sequence[str]) -> _Assembly:
        """Go on with the upload that holds most of this very file, or with none.

        One that holds another part is another publisher's, and an empty one may become one.
        """
        best = _Assembly(file=file)
        for upload in uploads if file.parts else ():
            parts = self._store.parts(self._key(file), upload)
            if len(parts) > len(best.parts) and all(self._is_part(file, part) for part in parts):
                best = _Assembly(
                    file=file, upload=upload, parts={part.number: part for part in parts}
                )
        return best

    def _is_part(self, file: ManifestFile, part: StoredPart) -> bool:
        sizes = part_sizes(file.size_bytes, self._manifest.part_bytes)
        return part.number <= len(sizes) and (part.size_bytes, part.checksum) == (
            sizes[part.number - 1],
            file.parts[part.number - 1],
        )

    def _jobs(self, assembly: _Assembly, advance: Advance) -> Iterator[Job]:
        file = assembly.file
        if not file.parts:
            yield lambda: self._put(file, advance)
            return
        if assembly.upload is None:
            assembly.upload = self._store.begin(self._key(file), file.sha256)
        numbers = [n for n in range(1, len(file.parts) + 1) if n not in assembly.parts]
        for number in numbers:
            yield self._part_job(assembly, assembly.upload, number, advance)
        if not numbers:
            upload = assembly.upload
            yield lambda: self._finish(assembly, upload)

    def _put(self, file: ManifestFile, advance: Advance) -> None:
        body = Slice(source=self._folder / file.path, offset=0, length=file.size_bytes)

        def put() -> None:
            key, sha256 = self._key(file), file.sha256
            self._store.put(key, body, sha256, advance=advance)

        try:
            self._undamaged(file, body, file.sha256, put, advance)
        except Taken:
            return
        self._count(file, body)

    def _part_job(self, assembly: _Assembly, upload: str, number: int, advance: Advance) -> Job:
        file, part_bytes = assembly.file, self._manifest.part_bytes
        body = Slice(
            source=self._folder / file.path,
            offset=(number - 1) * part_bytes,
            length=part_sizes(file.size_bytes, part_bytes)[number - 1],
        )
        sha256 = file.parts[number - 1]

        def put() -> StoredPart:
            key = self._key(file)
            return self._store.put_part(key, upload, number, body, sha256, advance=advance)

        def job() -> None:
            if assembly.ended:
                return
            try:
                part = self._undamaged(file, body, sha256, put, advance)
            except Superseded:
                assembly.ended = True
                return
            self._count(file, body)
            with self._lock:
                assembly.parts[number] = part
                whole = len(assembly.parts) == len(file.parts)
            if whole:
                self._finish(assembly, upload)

        return job

    def _finish(self, assembly: _Assembly, upload: str) -> None:
        parts = [assembly.parts[number] for number in sorted(assembly.parts)]
        try:
            self._store.finish(self._key(assembly.file), upload, parts)
        except (Superseded, Taken):
            assembly.ended = True

    def _undamaged(
        self,
        file: ManifestFile,
        body: Slice,
        sha256: str,
        send: Callable[[], _Answer],
        advance: Advance,
    ) -> _Answer:
        for _ in range(_TRIES):
            try:
                return send()
            except Damaged:
                advance(-body.length)
                if hashlib.sha256(body.read()).hexdigest() != sha256:
                    raise PublishError(
                        [
                            f"{file.path}: changed since its digest was taken",
                            "wait for what writes it, then run again",
                        ]
                    ) from None
            except OSError as error:
                raise PublishError([f"{file.path}: cannot be read: {error.strerror}"]) from error
        raise PublishError(
            [
                f"{file.path}: arrived damaged {_TRIES} times, and is whole on this machine",
                "look for a proxy or memory that changes bytes",
            ]
        )

    def _count(self, file: ManifestFile, body: Slice) -> None:
        with self._lock:
            self.sent_files.add(file.path)
            self.sent_bytes += body.length

    def _key(self, file: ManifestFile) -> str:
        return file_key(self._manifest.snapshot, file.path)
