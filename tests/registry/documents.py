"""Manifests, indexes and charts as registries keep them, small."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Document:
    """A manifest or index, and the blobs and manifests that it names."""

    content: bytes
    media_type: str
    blobs: Sequence[bytes] = ()
    manifests: "Sequence[Document]" = ()

    @property
    def digest(self) -> str:
        return digest_of(self.content)

    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


def image(
    architecture: str, layer: bytes = b"layer", *, docker: bool = False, os: str = "linux"
) -> Document:
    """An image for one architecture."""
    config = json.dumps({"architecture": architecture, "os": os, "rootfs": {}}).encode()
    kind = DOCKER_CONFIG if docker else OCI_CONFIG
    return _manifest(config, kind, layer, DOCKER_MANIFEST if docker else OCI_MANIFEST, _OCI_LAYER)


def index(
    architectures: Sequence[str], layer: bytes = b"layer", *, docker: bool = False
) -> Document:
    """An index of an image for each architecture, and of an attestation as BuildKit adds it."""
    images = [image(architecture, layer, docker=docker) for architecture in architectures]
    listed = [
        {**found.descriptor(), "platform": {"architecture": architecture, "os": "linux"}}
        for found, architecture in zip(images, architectures, strict=True)
    ]
    attestation = image("unknown", b"attestation", docker=docker, os="unknown")
    unknown = {"architecture": "unknown", "os": "unknown"}
    listed.append({**attestation.descriptor(), "platform": unknown})
    media_type = DOCKER_LIST if docker else OCI_INDEX
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": listed}
    return Document(json.dumps(content).encode(), media_type, manifests=[*images, attestation])


def chart(name: str, version: str) -> Document:
    """A Helm chart as ``helm push`` stores it."""
    config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
    archive = chart_archive(name, version)
    return _manifest(config, HELM_CONFIG, archive, OCI_MANIFEST, _HELM_LAYER)


def chart_archive(name: str, version: str, values: str = "{}") -> bytes:
    """A chart's .tgz, the same bytes each time."""
    packed = io.BytesIO()
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
        "values.yaml": values,
    }
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def chart_index(name: str, version: str, archive: bytes, **changed: object) -> bytes:
    """The index.yaml of a repository with one chart."""
    release: Mapping[str, object] = {
        "name": name,
        "version": version,
        "created": "2026-11-01T00:00:00Z",
        "digest": hashlib.sha256(archive).hexdigest(),
        "urls": [f"archives/{name}-{version}.tgz"],
        **changed,
    }
    entries = {name: [{**release, "version": "0.0.1"}, release]}
    return json.dumps({"apiVersion": "v1", "entries": entries}).encode()


def _manifest(
    config: bytes, config_type: str, layer: bytes, media_type: str, layer_type: str
) -> Document:
    content = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": config_type, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": layer_type, "digest": digest_of(layer), "size": len(layer)}],
    }
    return Document(json.dumps(content).encode(), media_type, blobs=[config, layer])
