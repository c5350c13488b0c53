"""What is pulled from registries: every image and chart that the catalogue names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yaml import YAMLError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.hardware import Engine, Hardware, parse_engines, parse_hardware
from tokenfleet.catalogue.pulled.releases import Releases, parse_releases

ENGINES, HARDWARE, RELEASES = NAMING_FILES = ("engines.yaml", "hardware.yaml", "releases.yaml")
_AUTOSCALER = "cluster-autoscaler"
# As registries spell what AWS calls x86_64.
_IN_REGISTRIES = {"x86_64": "amd64", "arm64": "arm64"}


@dataclass(frozen=True, kw_only=True)
class ImageInUse:
    """``name`` is registry, repository and tag; ``architectures`` must all be in it.

    ``named_in`` is the data file that names it.
    """

    name: str
    architectures: frozenset[str]
    used_by: str
    named_in: str


@dataclass(frozen=True, kw_only=True)
class ChartInUse:
    """A Helm chart; ``repository`` is a URL where it does not lie in a registry."""

    name: str
    chart: str
    repository: str
    version: str
    is_oci: bool
    named_in: str = RELEASES


@dataclass(frozen=True, kw_only=True)
class InUse:
    """Everything that some stack may pull."""

    images: Sequence[ImageInUse]
    charts: Sequence[ChartInUse]


def in_use(texts: Mapping[str, str]) -> InUse:
    """What the texts of ``NAMING_FILES`` name, each once.

    Raises:
        CatalogueError: when a text is not that of a data file.
    """
    try:
        engines, hardware = parse_engines(texts[ENGINES]), parse_hardware(texts[HARDWARE])
        releases = parse_releases(texts[RELEASES])
    except (ValueError, YAMLError) as error:
        msg = f"one of {', '.join(NAMING_FILES)} is no data file of the catalogue: {error}"
        raise CatalogueError(msg) from error
    merged: dict[str, ImageInUse] = {}
    everything = (*_of_engines(engines, hardware), *_of_charts(releases), _of_capacity(releases))
    for image in everything:
        first = merged.setdefault(image.name, image)
        both = first.architectures | image.architectures
        merged[image.name] = replace(first, architectures=both)
    charts = [
        ChartInUse(
            name=release.reference(chart),
            chart=chart,
            repository=release.repository,
            version=release.version,
            is_oci=release.is_oci,
        )
        for chart, release in releases.charts.items()
    ]
    return InUse(images=list(merged.values()), charts=charts)


def _of_engines(
    engines: Mapping[str, Engine], hardware: Mapping[str, Hardware]
) -> Iterator[ImageInUse]:
    for name, engine in engines.items():
        served = [row.architecture for row in hardware.values() if row.engine == name]
        yield _image(engine.image, served, name, ENGINES)


def _of_charts(releases: Releases) -> Iterator[ImageInUse]:
    everywhere = releases.autoscaler_image_by_kubernetes_version.values()
    for chart, release in releases.charts.items():
        names = (*release.images.values(), *(everywhere if chart == _AUTOSCALER else ()))
        for name in names:
            yield _image(name, release.architectures, chart, RELEASES)


def _of_capacity(releases: Releases) -> ImageInUse:
    release = releases.capacity_controller
    return _image(release.image, release.architectures, "capacity-controller", RELEASES)


def _image(name: str, architectures: Sequence[str], used_by: str, named_in: str) -> ImageInUse:
    return ImageInUse(
        name=name,
        architectures=frozenset(_IN_REGISTRIES[found] for found in architectures),
        used_by=used_by,
        named_in=named_in,
    )
