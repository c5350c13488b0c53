"""A snapshot on this machine: its files, what is wrong with them, and their digests."""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from tokenfleet.weights.contents import Contents, file_problem, gaps
from tokenfleet.weights.crew import Crew, Job
from tokenfleet.weights.layout import PART_BYTES, file_key
from tokenfleet.weights.load_format import LoadFormat, without_other_form
from tokenfleet.weights.manifest import ManifestFile, path_problem
from tokenfleet.weights.refusal import SnapshotError
from tokenfleet.weights.watch import Advance

# What version control, download tools and desktops leave beside the files.
_SKIPPED = frozenset({".cache", ".DS_Store", ".git", ".gitattributes"})
_READ_BYTES = 2**20
# Amazon S3 user guide, "Multipart upload limits" and "Object key naming guidelines".
_MOST_PARTS, _LONGEST_KEY = 10_000, 1024


@dataclass(frozen=True, kw_only=True)
class LocalFile:
    """A file as it was when it was looked at; ``path`` relative to the snapshot."""

    path: str
    size_bytes: int
    modified_ns: int


def inspect(
    folder: Path,
    snapshot: str,
    contents: Contents,
    only: Collection[str] | None = None,
    *,
    load_format: LoadFormat = "auto",
) -> Sequence[LocalFile]:
    """The files of a folder that may be published as ``snapshot``, in order of their paths.

    Links to files are followed, as the Hugging Face cache is made of them. ``only`` are the paths
    to look at where a folder holds more. Of weights in two forms only those of ``load_format``.

    Raises:
        SnapshotError: with all problems that can be seen without reading every byte.
    """
    if not folder.is_dir():
        raise SnapshotError(folder, ["is not a folder"])
    problems: list[str] = []
    files: list[LocalFile] = []
    paths = sorted(_walk(folder, "", problems))
    if only is not None:
        problems.extend(f"{path}: is missing: download it" for path in {*only} - {*paths})
        paths = [path for path in paths if path in only]
    if contents != "compiled":
        paths = sorted(without_other_form(paths, load_format))
    for path in paths:
        if problem := path_problem(path) or _key_problem(snapshot, path):
            problems.append(f"{_shown(path)}: {problem}")
            continue
        file, problem = _looked_at(folder, path, contents)
        if file:
            files.append(file)
        if problem:
            problems.append(f"{path}: {problem}")
    problems.extend(gaps(folder, frozenset(paths), contents, load_format))
    if problems:
        raise SnapshotError(folder, problems)
    return files


def digest(folder: Path, files: Sequence[LocalFile], advance: Advance) -> Sequence[ManifestFile]:
    """Read every byte once for the digests of whole files and of their parts.

    Raises:
        SnapshotError: when a file cannot be read, or is no longer what it was when inspected.
    """
    digested: dict[str, ManifestFile] = {}
    problems: list[str] = []
    crew = Crew(os.cpu_count() or 1)
    heeding = crew.heeding(advance)

    def job_of(file: LocalFile) -> Job:
        def job() -> None:
            try:
                digested[file.path] = _digested(folder / file.path, file, heeding)
            except _Changed:
                problems.append(
                    f"{file.path}: changes while it is read: wait for what writes it, run again"
                )
            except OSError as error:
                problems.append(f"{file.path}: cannot be read: {error.strerror}")

        return job

    # Large ones first: the last to end is then a small one.
    by_size = sorted(files, key=lambda file: file.size_bytes, reverse=True)
    crew.run(job_of(file) for file in by_size)
    if problems:
        raise SnapshotError(folder, problems)
    return [digested[file.path] for file in files]


class _Changed(Exception):  # noqa: N818 - says what happened
    pass


def _walk(folder: Path, below: str, problems: list[str]) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        problems.append(f"{below or folder}: cannot be read: {error.strerror}")
        return
    for entry in entries:
        path = f"{below}{entry.name}"
        if entry.name in _SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{path}/", problems)
        else:
            yield path


def _looked_at(folder: Path, path: str, contents: Contents) -> tuple[LocalFile | None, str | None]:
    """The file, and what is wrong with it."""
    source = folder / path
    try:
        status = source.stat()
        if S_ISDIR(status.st_mode):
            return None, "is a link to a folder: put the files themselves there"
        if not S_ISREG(status.st_mode):
            return None, "is not a regular file: remove it"
        problem = file_problem(path, source, status.st_size, contents)
    except FileNotFoundError:
        return None, "is a link that leads nowhere: download it again"
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    if status.st_size > PART_BYTES * _MOST_PARTS:
        problem = f"is larger than {PART_BYTES * _MOST_PARTS // 10**9} GB: split it"
    file = LocalFile(path=path, size_bytes=status.st_size, modified_ns=status.st_mtime_ns)
    return file, problem


def _shown(path: str) -> str:
    """A name that may hold anything, as something to print."""
    return path if path.isprintable() else ascii(path)


def _key_problem(snapshot: str, path: str) -> str | None:
    if len(file_key(snapshot, path)) > _LONGEST_KEY:
        return f"makes a key longer than {_LONGEST_KEY} characters in the bucket: rename it"
    return None


def _digested(source: Path, file: LocalFile, advance: Advance) -> ManifestFile:
    whole = hashlib.sha256()
    parts: list[str] = []
    with source.open("rb", buffering=0) as opened:
        buffer = memoryview(bytearray(_READ_BYTES))
        part, left = hashlib.sha256(), PART_BYTES
        while count := opened.readinto(buffer[: min(left, _READ_BYTES)]):
            whole.update(buffer[:count])
            if file.size_bytes > PART_BYTES:
                part.update(buffer[:count])
                left -= count
                if not left:
                    parts.append(part.hexdigest())
                    part, left = hashlib.sha256(), PART_BYTES
            advance(count)
        status = os.fstat(opened.fileno())
    if file.size_bytes > PART_BYTES and left < PART_BYTES:
        parts.append(part.hexdigest())
    if (status.st_size, status.st_mtime_ns) != (file.size_bytes, file.modified_ns):
        raise _Changed
    return ManifestFile(
        path=file.path, size_bytes=file.size_bytes, sha256=whole.hexdigest(), parts=tuple(parts)
    )
