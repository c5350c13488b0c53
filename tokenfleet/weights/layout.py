"""Where a published snapshot lives: keys in the bucket, folders on a node.

The loader on the node (``userdata/model-loader``) follows the same layout.
"""

from pathlib import PurePosixPath

PREFIX = "models/"
"""Everything published lies under this prefix; nodes and replicas may read nothing else."""

PART_BYTES = 64 * 2**20
"""Size of a part: what is fetched by one request and checked by one digest.

S3 wants parts of 5 MiB to 5 GiB, at most 10,000 an object (Amazon S3 user guide, "Multipart
upload limits"): 64 MiB allows files up to 640 GB and keeps 32 connections busy on a 2 GB shard.
"""

CACHE_FOLDER = "/mnt/tokenfleet/models"
"""Where nodes keep snapshots; the folder exists only on the mounted cache volume."""


def snapshot_of(hugging_face_id: str, revision: str) -> str:
    """The name of a published revision: ``organisation/model/revision``."""
    return f"{hugging_face_id}/{revision}"


def manifest_key(snapshot: str) -> str:
    """The key of a snapshot's manifest, written last and only when all else is there."""
    return f"{PREFIX}{snapshot}/manifest"


def file_key(snapshot: str, path: str) -> str:
    """The key of one file; ``path`` is relative to the snapshot."""
    return f"{PREFIX}{snapshot}/files/{path}"


def folder_name(snapshot: str) -> str:
    """The name of a snapshot's folder in the cache of a node; it holds READY and ``files/``."""
    return snapshot.replace("/", "--")


def files_folder(cache: str, snapshot: str) -> str:
    """Where the files of a loaded snapshot are."""
    return str(PurePosixPath(cache) / folder_name(snapshot) / "files")


def ready_file(cache: str, snapshot: str) -> str:
    """The file that exists only over verified bytes; whoever uses them holds a lock on it."""
    return str(PurePosixPath(cache) / folder_name(snapshot) / "READY")
