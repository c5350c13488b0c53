"""Images that unpack: layers are archives, and the configuration names what they unpack to."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence

from tests.registry.documents import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Document,
    digest_of,
)

_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# A file in a layer, and its content.
Files = Mapping[str, bytes]


def unpackable(architectures: Sequence[str], layers: Sequence[Files]) -> Document:
    """An index of an image for each architecture, each with those layers."""
    images = [_image(architecture, layers) for architecture in architectures]
    listed = [
        {**found.descriptor(), "platform": {"architecture": architecture, "os": "linux"}}
        for found, architecture in zip(images, architectures, strict=True)
    ]
    content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    return Document(json.dumps(content).encode(), OCI_INDEX, manifests=images)


def _image(architecture: str, layers: Sequence[Files]) -> Document:
    archives = [_archive(files) for files in layers]
    packed = [gzip.compress(archive, mtime=0) for archive in archives]
    rootfs = {"type": "layers", "diff_ids": [digest_of(archive) for archive in archives]}
    config = json.dumps({"architecture": architecture, "os": "linux", "rootfs": rootfs}).encode()
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, config),
        "layers": [_descriptor(_LAYER, blob) for blob in packed],
    }
    return Document(json.dumps(content).encode(), OCI_MANIFEST, blobs=[config, *packed])


def _descriptor(media_type: str, blob: bytes) -> Mapping[str, object]:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}


def _archive(files: Files) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()
