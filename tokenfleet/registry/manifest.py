"""What a tag stands for: one manifest, or an index of one for each architecture."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
IMAGE_CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
CHART_CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
# Else an old registry answers with schema 1, which has no digest of its own.
ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))


class _Platform(BaseModel):
    architecture: str
    os: str


class _Listed(BaseModel):
    platform: _Platform | None = None


class _Index(BaseModel):
    manifests: Sequence[_Listed]


class _Config(BaseModel):
    media_type: str = Field(alias="mediaType")
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")


class _Manifest(BaseModel):
    config: _Config


class ImageConfig(BaseModel):
    """What an image's configuration says of the machine it is for."""

    architecture: str
    os: str


class ChartConfig(BaseModel):
    """Chart.yaml, as a chart's configuration holds it."""

    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """The Linux architectures that an index lists."""

    architectures: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One manifest: what kind of thing it is, and where it says more of itself."""

    config_type: str
    config_digest: str


def parse_manifest(body: bytes, media_type: str) -> Index | Manifest | None:
    """The body of an answer of that type; None when it is no manifest of a known kind."""
    try:
        if media_type in INDEX_TYPES:
            listed = _Index.model_validate_json(body).manifests
            # Attestations are listed as unknown/unknown.
            return Index(
                architectures=frozenset(
                    entry.platform.architecture
                    for entry in listed
                    if entry.platform and entry.platform.os == "linux"
                )
            )
        if media_type in MANIFEST_TYPES:
            config = _Manifest.model_validate_json(body).config
            return Manifest(config_type=config.media_type, config_digest=config.digest)
    except ValidationError:
        pass
    return None
