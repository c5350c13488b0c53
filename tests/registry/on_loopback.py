"""The catalogue's own names of images and charts, with every registry in them one on loopback."""

import re
import shutil
from pathlib import Path

from tests.registry.documents import chart, chart_archive, chart_index, index
from tests.registry.fake_registry import FakeRegistry, Reply
from tokenfleet.catalogue.facts import data_folder
from tokenfleet.catalogue.pulled.digests import DIGESTS
from tokenfleet.catalogue.pulled.in_use import NAMING_FILES, ChartInUse, InUse, in_use

ARCHITECTURES = ("amd64", "arm64")
_IMAGES = re.compile(
    r"(?<=[ \"])(?:docker\.io|public\.ecr\.aws|registry\.k8s\.io|nvcr\.io|ghcr\.io|quay\.io)(?=/)"
)
_CHARTS = re.compile(r"https://[a-z]+\.github\.io(?=/)")
_OCI_CHARTS = re.compile(r"(?<=oci://)[^/\s]+")


def write_names(folder: Path, registry_host: str, charts_endpoint: str) -> InUse:
    """The data files that name what is pulled, and the one of digests; what they name."""
    shutil.copy(data_folder() / DIGESTS, folder)
    texts: dict[str, str] = {}
    for name in NAMING_FILES:
        text = (data_folder() / name).read_text(encoding="utf-8")
        text = _CHARTS.sub(charts_endpoint, _OCI_CHARTS.sub(registry_host, text))
        texts[name] = _IMAGES.sub(registry_host, text)
        (folder / name).write_text(texts[name], encoding="utf-8")
    found = in_use(texts)
    elsewhere = [image.name for image in found.images if not image.name.startswith(registry_host)]
    assert not elsewhere
    return found


def keep_images(fake: FakeRegistry, used: InUse) -> None:
    """Every image, and every chart that lies in a registry."""
    for image in used.images:
        repository, _, tag = image.name.partition("/")[2].rpartition(":")
        fake.keep(repository, tag, index(ARCHITECTURES, image.name.encode()))
    for wanted in used.charts:
        if wanted.is_oci:
            repository, _, tag = wanted.name.partition("/")[2].rpartition(":")
            fake.keep(repository, tag, chart(wanted.chart, wanted.version))


def keep_charts(fake: FakeRegistry, used: InUse) -> None:
    """Every chart behind an index.yaml."""
    for wanted in used.charts:
        if not wanted.is_oci:
            path = wanted.repository.removeprefix(fake.endpoint)
            archive = chart_archive(wanted.chart, wanted.version)
            listed = chart_index(wanted.chart, wanted.version, archive)
            fake.replies[f"{path}/index.yaml"] = [Reply(body=listed)]
            place = f"{path}/archives/{wanted.chart}-{wanted.version}.tgz"
            fake.replies[place] = [Reply(body=archive)]


def archive_of(wanted: ChartInUse) -> bytes:
    """What ``keep_charts`` serves of one."""
    return chart_archive(wanted.chart, wanted.version)
