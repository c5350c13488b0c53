"""Files of the Hugging Face Hub on this machine: found in its cache, or downloaded."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from huggingface_hub import (
    constants,
    snapshot_download,  # pyright: ignore[reportUnknownVariableType] - one parameter is a bare dict
)
from huggingface_hub.errors import IncompleteSnapshotError, LocalEntryNotFoundError
from huggingface_hub.utils import disable_progress_bars

from tokenfleet.weights.hub import HubFile, explained
from tokenfleet.weights.layout import folder_name, snapshot_of
from tokenfleet.weights.manifest import ManifestFile
from tokenfleet.weights.refusal import SnapshotError
from tokenfleet.weights.watch import Watch

_SECONDS_BETWEEN_LOOKS = 0.5


def download_folder(model: str, revision: str) -> Path:
    """Where a download waits to be published, beside the Hub's own cache."""
    cache = Path(constants.HF_HOME).parent
    return cache / "tokenfleet" / "downloads" / folder_name(snapshot_of(model, revision))


def download(model: str, revision: str, files: Sequence[HubFile], watch: Watch) -> Path:
    """The folder that holds the files: the Hub's cache if it has them, else ``download_folder``.

    An interrupted download goes on where it stopped.

    Raises:
        PublishError: when they cannot be had, or there is no room for them.
    """
    paths = [file.path for file in files]
    # Three bars at once, drawn into logs too; what is written to the disk says as much.
    disable_progress_bars()
    with explained(model, revision):
        try:
            cached = Path(
                snapshot_download(
                    model, revision=revision, allow_patterns=paths, local_files_only=True
                )
            )
            if all((cached / path).exists() for path in paths):
                return cached
        except IncompleteSnapshotError as incomplete:
            cached = Path(incomplete.snapshot_path)
        except LocalEntryNotFoundError:
            folder = download_folder(model, revision)
            folder.mkdir(parents=True, exist_ok=True)
            with _watched(folder, folder, files, watch):
                snapshot_download(model, revision=revision, allow_patterns=paths, local_dir=folder)
            return folder
        # Begun in the cache, so completed there: snapshots/REVISION of the model's folder.
        with _watched(cached.parents[1], cached, files, watch):
            return Path(snapshot_download(model, revision=revision, allow_patterns=paths))


def check_download(files: Sequence[HubFile], digested: Sequence[ManifestFile], at: Path) -> None:
    """Compare what is on this machine with what the Hub says it has.

    Raises:
        SnapshotError: naming every file that was damaged on its way.
    """
    by_path = {file.path: file for file in files}
    damaged = [
        file.path
        for file in digested
        if (wanted := by_path[file.path]).size_bytes != file.size_bytes
        or wanted.sha256 not in {None, file.sha256}
    ]
    if damaged:
        raise SnapshotError(
            at,
            [
                f"{path}: is not what the Hub has: rm {(at / path).resolve()}, and run again"
                for path in damaged
            ],
        )


@contextmanager
def _watched(
    written: Path, folder: Path, files: Sequence[HubFile], watch: Watch
) -> Generator[None]:
    """Report how much ``written`` grows until all files are in ``folder``."""
    missing = sum(file.size_bytes for file in files if not (folder / file.path).exists())
    advance = watch.begin("getting", missing)
    ended = threading.Event()

    def look() -> None:
        before = _size(written)
        over = False
        while not over:
            over = ended.wait(_SECONDS_BETWEEN_LOOKS)
            now = _size(written)
            advance(now - before)
            before = now

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join()


def _size(folder: Path) -> int:
    """The size of all files below a folder, which come and go while it is looked at."""
    total = 0
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        total += status.st_size if S_ISREG(status.st_mode) else 0
    return total
