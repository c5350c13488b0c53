"""Where a snapshot is published from: a folder of this machine, or the Hugging Face Hub."""

import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tokenfleet.project import PROJECT
from tokenfleet.weights.contents import Contents
from tokenfleet.weights.download import check_download, download, download_folder
from tokenfleet.weights.hub import HubFile, files_on_hub, is_same, needed
from tokenfleet.weights.layout import file_key, snapshot_of
from tokenfleet.weights.load_format import LoadFormat
from tokenfleet.weights.manifest import Manifest
from tokenfleet.weights.promise import promised
from tokenfleet.weights.publish import Published, absent, publish
from tokenfleet.weights.snapshot import digest, inspect
from tokenfleet.weights.store import Store
from tokenfleet.weights.watch import Watch


def publish_folder(
    store: Store,
    snapshot: str,
    folder: Path,
    contents: Contents,
    watch: Watch,
    *,
    load_format: LoadFormat = "auto",
    files: Sequence[HubFile] | None = None,
) -> Published:
    """Check a folder, take its digests and publish it; of the Hub's ``files`` only, if given.

    Raises:
        PublishError: when the folder or the bucket does not allow it.
    """
    only = {file.path for file in files} if files else None
    found = inspect(folder, snapshot, contents, only, load_format=load_format)
    # Asked before the long work: whoever may not read the bucket should hear it now.
    promised(store, snapshot)
    digested = digest(
        folder, found, watch.begin("checking", sum(file.size_bytes for file in found))
    )
    if files:
        check_download(files, digested, folder)
    tool = f"{PROJECT} {version(PROJECT)}"
    manifest = Manifest(snapshot=snapshot, tool=tool, files=tuple(digested))
    return publish(store, manifest, folder, watch)


def publish_from_hub(
    store: Store,
    model: str,
    revision: str,
    contents: Contents,
    watch: Watch,
    *,
    load_format: LoadFormat = "auto",
) -> Published:
    """Publish a commit of the Hub; downloads nothing when it is published already.

    Raises:
        PublishError: when the Hub, the files or the bucket do not allow it.
    """
    snapshot = snapshot_of(model, revision)
    there = promised(store, snapshot)
    listed = files_on_hub(model, revision)
    files = needed(model, listed, allow_pickle=contents == "any", load_format=load_format)
    if (
        there
        and is_same(files, there, lambda path: store.read(file_key(snapshot, path)))
        and not absent(store, there, may_differ=True)
    ):
        return publish(store, there, Path(), watch)
    if left_out := sorted({file.path for file in listed} - {file.path for file in files}):
        watch.say("leaving out what serving does not need:")
        watch.say(f"  {', '.join(left_out)}")
    folder = download(model, revision, files, watch)
    done = publish_folder(
        store, snapshot, folder, contents, watch, load_format=load_format, files=files
    )
    # The Hub's cache is its own business; what was downloaded to be published has served.
    if folder == download_folder(model, revision):
        shutil.rmtree(folder)
    return done
