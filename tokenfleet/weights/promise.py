"""What the bucket has promised of a snapshot, and how what is at hand differs from it."""

from collections.abc import Iterator, Sequence
from itertools import islice

from tokenfleet.weights.layout import PREFIX, manifest_key
from tokenfleet.weights.manifest import Manifest, ManifestError, ManifestFile, parse
from tokenfleet.weights.refusal import PublishError
from tokenfleet.weights.store import Store

_MOST_SHOWN = 10


def promised(store: Store, snapshot: str) -> Manifest | None:
    """The manifest of a snapshot in the bucket, or None when it is not published.

    Raises:
        PublishError: when there is one that cannot be believed.
        StoreError: when the bucket cannot be read.
    """
    key = manifest_key(snapshot)
    found = store.read(key)
    if found is None:
        return None
    try:
        manifest = parse(found.decode(errors="replace"))
        if manifest.snapshot == snapshot:
            return manifest
        problem = f"it is that of {manifest.snapshot}"
    except ManifestError as error:
        problem = str(error)
    raise PublishError(
        [
            f"{store.url}/{key} cannot be believed: {problem}",
            f"remove it and publish again: aws s3 rm {store.url}/{key}",
        ]
    )


def refuse_other(store: Store, there: Manifest, here: Manifest) -> None:
    """Published is published: other content may not take its place.

    Raises:
        PublishError: naming the files that differ.
    """
    differences = list(_differences(there.files, here.files))
    if differences:
        place = f"{store.url}/{PREFIX}{here.snapshot}"
        raise PublishError(
            [
                f"{here.snapshot} is published in {store.url} with other content:",
                *shortened(differences),
                "publish under another revision, or remove it deliberately and publish again:",
                f"  aws s3 rm {place}/manifest && aws s3 rm --recursive {place}/files/",
            ]
        )


def shortened(lines: Sequence[str]) -> Iterator[str]:
    """The first lines, indented, and how many more there are."""
    yield from (f"  {line}" for line in islice(lines, _MOST_SHOWN))
    if len(lines) > _MOST_SHOWN:
        yield f"  and {len(lines) - _MOST_SHOWN} more"


def _differences(there: Sequence[ManifestFile], here: Sequence[ManifestFile]) -> Iterator[str]:
    old, new = {file.path: file for file in there}, {file.path: file for file in here}
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            yield f"{path}: only in the bucket"
        elif path not in old:
            yield f"{path}: not in the bucket"
        elif old[path].size_bytes != new[path].size_bytes:
            yield f"{path}: {old[path].size_bytes} bytes there, {new[path].size_bytes} here"
        elif old[path].sha256 != new[path].sha256:
            yield f"{path}: other bytes of the same size"
