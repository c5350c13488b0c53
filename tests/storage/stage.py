"""A small published model for one run of the loader, and a verdict on what the run left."""

import hashlib
import random
import re
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.storage.loading import REASON_BY_CODE, Loader, is_ready, loaded, store_environment
from tests.storage.s3_server import S3Server
from tokenfleet.weights.layout import file_key, manifest_key
from tokenfleet.weights.manifest import Manifest, ManifestFile, part_sizes, render

# Small, so that a file has many parts though the model is small.
PART_BYTES = 2**18
_ACCOUNTS = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a run ended: its exit code, and what is wrong with that, if anything."""

    code: int
    problem: str = ""


class Stage:
    """A bucket with one published snapshot, an empty cache, and everything random in the run.

    The snapshot is put there object by object: parts are smaller than what S3 takes in one upload.
    """

    def __init__(
        self, server: S3Server, bucket: str, folder: Path, seed: int, program: Path
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - moments and places, not secrets
        self.server, self.bucket, self.folder = server, bucket, folder
        self.snapshot = (
            f"org/model/{hashlib.sha1(str(folder).encode(), usedforsecurity=False).hexdigest()}"
        )
        self.cache = folder / "cache"
        self.cache.mkdir(parents=True)
        self._program = program
        self.files = self._model()
        for path, content in self.files.items():
            self.put(file_key(self.snapshot, path), content)
        self.put(manifest_key(self.snapshot), self._manifest())

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(map(len, self.files.values()))

    def put(self, key: str, content: bytes) -> None:
        """Write an object, whatever was there before."""
        self.server.client().put_object(Bucket=self.bucket, Key=key, Body=content)

    def remove(self, key: str) -> None:
        """Remove an object."""
        self.server.client().delete_object(Bucket=self.bucket, Key=key)

    def some_file(self) -> str:
        """The path of a file that is not empty."""
        return self.random.choice([path for path, content in self.files.items() if content])

    def load(self, endpoint: str = "", **environment: str) -> Loader:
        """Start a loader with a random number of connections."""
        return Loader(
            self._program,
            self.snapshot,
            {
                "MODEL_CACHE": str(self.cache),
                "LOADER_CONNECTIONS": str(self.random.randint(1, 16)),
                **store_environment(self.server, self.bucket, endpoint),
                **environment,
            },
        )

    def stranger(self) -> Mapping[str, str]:
        """The environment of a user who may do nothing here."""
        with _ACCOUNTS:  # the server's administration knows one client
            return self.server.account(self.bucket, [])

    def judged(self, loader: Loader, allowed: tuple[int, ...]) -> Verdict:
        """Wait for the end: served and correct, or refused with one of these codes and a reason."""
        try:
            code, said = loader.ended()
        except subprocess.TimeoutExpired as hung:
            return Verdict(code=-1, problem=f"did not end within {hung.timeout:.0f} s")
        problem = self.wrong()
        ready = is_ready(self.cache, self.snapshot)
        if code not in allowed:
            problem = f"ended with {code}, not {' or '.join(map(str, allowed))}: {said[-300:]}"
        elif not problem and ready != (code == 0):
            problem = f"ended with {code}, READY is {'' if ready else 'not '}there"
        elif code and not self._is_reason(code, said):
            problem = f"no reason given for {code}: {said[-300:]}"
        return Verdict(code=code, problem=problem)

    def _is_reason(self, code: int, said: str) -> bool:
        last = said.rstrip("\n").rpartition("\n")[2]
        reason = f"model-loader: {self.snapshot}: .*({REASON_BY_CODE[code]})"
        return re.match(reason, last) is not None

    def wrong(self) -> str:
        """What is wrong with what is served now; empty when it is right or nothing is served."""
        if not is_ready(self.cache, self.snapshot):
            return ""
        served = loaded(self.cache, self.snapshot)
        if served == self.files:
            return ""
        return "READY over wrong bytes: " + ", ".join(
            sorted(
                path for path in {*served, *self.files} if served.get(path) != self.files.get(path)
            )
        )

    def _model(self) -> Mapping[str, bytes]:
        weights = self.random.randint(2 * PART_BYTES, 16 * PART_BYTES)
        return {
            "LICENSE": b"",
            "config.json": b'{"model_type": "test"}',
            "model-00001.safetensors": self.random.randbytes(weights),
            "model-00002.safetensors": self.random.randbytes(8 * PART_BYTES),
            "tokenizer/vocab+merges=1.json": self.random.randbytes(5000),
        }

    def _manifest(self) -> bytes:
        files = [_manifest_file(path, self.files[path]) for path in sorted(self.files)]
        manifest = Manifest(
            snapshot=self.snapshot, tool="test 1", files=files, part_bytes=PART_BYTES
        )
        return render(manifest).encode()


def _manifest_file(path: str, content: bytes) -> ManifestFile:
    offset, parts = 0, list[str]()
    for size in part_sizes(len(content), PART_BYTES):
        parts.append(hashlib.sha256(content[offset : offset + size]).hexdigest())
        offset += size
    digest = hashlib.sha256(content).hexdigest()
    return ManifestFile(path=path, size_bytes=len(content), sha256=digest, parts=tuple(parts))
