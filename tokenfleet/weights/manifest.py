"""The manifest of a published snapshot: which files, how large, and the digest of every part.

Text, because the loader on a node (``userdata/model-loader``) reads it with bash. The last line
is the digest of all before it, so a manifest that was cut short or damaged is never believed.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from tokenfleet.weights.layout import PART_BYTES

VERSION = 1
_MAGIC = "tokenfleet-manifest"
_SNAPSHOT = re.compile(r"[A-Za-z0-9._/-]+")
_PATH = re.compile(r"[A-Za-z0-9._/+=-]+")
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TOOL = re.compile(r"[!-~]+ [!-~]+")


class ManifestError(Exception):
    """A manifest that cannot be believed: the message names the line and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class ManifestFile:
    """One file: ``path`` relative to the snapshot, digests in hexadecimal.

    ``parts`` are the digests of its parts in order; empty for a file no larger than a part.
    """

    path: str
    size_bytes: int
    sha256: str
    parts: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A snapshot as it was published; ``files`` in order of their paths."""

    snapshot: str
    tool: str
    files: Sequence[ManifestFile]
    part_bytes: int = PART_BYTES

    @property
    def total_bytes(self) -> int:
        """The size of all files."""
        return sum(file.size_bytes for file in self.files)


def path_problem(path: str) -> str | None:
    """Why a path cannot be published, with the way out; None when it can."""
    if any(segment in {"", ".", ".."} for segment in path.split("/")):
        return "is not a plain relative path: rename it"
    if not _PATH.fullmatch(path):
        odd = "".join(sorted({c for c in path if not _PATH.fullmatch(c)}))
        return f"has {odd!r} in its name, only A-Z a-z 0-9 . _ + = - are allowed: rename it"
    return None


def part_sizes(size_bytes: int, part_bytes: int) -> Sequence[int]:
    """How many bytes each part of a file has; none for a file no larger than a part."""
    if size_bytes <= part_bytes:
        return ()
    whole, rest = divmod(size_bytes, part_bytes)
    return (*[part_bytes] * whole, *([rest] if rest else []))


def render(manifest: Manifest) -> str:
    """The text of a manifest; ``parse`` of it gives the manifest back."""
    body = "".join(f"{line}\n" for line in _lines(manifest))
    return f"{body}sha256 {_sha256(body)}\n"


def _lines(manifest: Manifest) -> Iterator[str]:
    yield f"{_MAGIC} {VERSION}"
    yield f"snapshot {manifest.snapshot}"
    yield f"tool {manifest.tool}"
    yield f"part-bytes {manifest.part_bytes}"
    for file in manifest.files:
        yield f"file {file.size_bytes} {file.sha256} {file.path}"
        yield from (f"part {digest}" for digest in file.parts)
    yield f"end {len(manifest.files)} {manifest.total_bytes}"


def parse(text: str) -> Manifest:
    """Read a manifest and believe it only if every byte is as ``render`` wrote it.

    Raises:
        ManifestError: naming the line that is wrong and why.
    """
    first = text.split("\n", 1)[0]
    if not first.startswith(f"{_MAGIC} "):
        _refuse(1, f"is no manifest, which begins '{_MAGIC} {VERSION}'")
    if (version := first.removeprefix(f"{_MAGIC} ")) != str(VERSION):
        _refuse(1, f"version {version!r} is not known, only {VERSION}: update tokenfleet")
    if not text.endswith("\n"):
        _refuse(text.count("\n") + 1, "is cut short: it does not end")
    *before, last = text.removesuffix("\n").split("\n")
    if not last.startswith("sha256 "):
        _refuse(len(before) + 1, "is cut short: the last line must be 'sha256 ...'")
    if last != f"sha256 {_sha256(text[: -len(last) - 1])}":
        _refuse(len(before) + 1, "this is not the digest of the lines before: the text was changed")
    return _Reader(before).manifest()


class _Reader:
    """Goes through the lines in order; ``number`` is that of the line last taken."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._number = 1

    def manifest(self) -> Manifest:
        snapshot = self._take("snapshot", _SNAPSHOT)
        tool = self._take("tool", _TOOL)
        part_bytes = self._number_of(self._take("part-bytes", _NUMBER), "part-bytes")
        if not part_bytes:
            _refuse(self._number, "part-bytes must be above 0")
        files: list[ManifestFile] = []
        while self._next_is("file"):
            file = self._file(part_bytes)
            if files and file.path <= files[-1].path:
                _refuse(self._number, f"{file.path} is not in order of paths, or there twice")
            files.append(file)
        end = self._take("end", re.compile(r"\S+ \S+"))
        total_bytes = sum(file.size_bytes for file in files)
        if end != f"{len(files)} {total_bytes}":
            found = f"{len(files)} files of {total_bytes} bytes"
            _refuse(self._number, f"says 'end {end}' after {found}")
        if self._number != len(self._lines):
            _refuse(self._number + 1, "nothing may follow 'end' but 'sha256'")
        return Manifest(snapshot=snapshot, tool=tool, files=tuple(files), part_bytes=part_bytes)

    def _file(self, part_bytes: int) -> ManifestFile:
        size, digest, path = self._take("file", re.compile(r"\S+ \S+ \S+")).split(" ")
        size_bytes = self._number_of(size, "the size")
        self._digest(digest)
        if problem := path_problem(path):
            _refuse(self._number, f"{path} {problem}")
        wanted = len(part_sizes(size_bytes, part_bytes))
        first, parts = self._number, list[str]()
        while self._next_is("part"):
            parts.append(self._digest(self._take("part", _DIGEST)))
        if len(parts) != wanted:
            _refuse(first, f"{path} needs {wanted} lines 'part', not {len(parts)}")
        return ManifestFile(path=path, size_bytes=size_bytes, sha256=digest, parts=tuple(parts))

    def _next_is(self, kind: str) -> bool:
        return self._number < len(self._lines) and self._lines[self._number].startswith(f"{kind} ")

    def _take(self, kind: str, form: re.Pattern[str]) -> str:
        if self._number == len(self._lines):
            _refuse(self._number, f"'{kind} ...' is missing after this line")
        line = self._lines[self._number]
        self._number += 1
        value = line.removeprefix(f"{kind} ")
        if not line.startswith(f"{kind} ") or not form.fullmatch(value):
            _refuse(self._number, f"must be '{kind} ...', not {line[:80]!r}")
        return value

    def _number_of(self, text: str, what: str) -> int:
        if not _NUMBER.fullmatch(text):
            _refuse(self._number, f"{what} must be a whole number, not {text!r}")
        return int(text)

    def _digest(self, text: str) -> str:
        if not _DIGEST.fullmatch(text):
            _refuse(self._number, f"must be a SHA-256 digest of 64 digits, not {text!r}")
        return text


def _refuse(line: int, problem: str) -> NoReturn:
    msg = f"line {line}: {problem}"
    raise ManifestError(msg)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
