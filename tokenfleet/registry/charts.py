"""The digest of a Helm chart: of its manifest in a registry, or of its archive behind an index.yaml."""

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

import yaml
from pydantic import BaseModel, ValidationError

from tokenfleet.catalogue.pulled.digests import Resolved
from tokenfleet.catalogue.pulled.in_use import ChartInUse
from tokenfleet.registry.manifest import CHART_CONFIG_TYPE, ChartConfig, Manifest, parse_manifest
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.reference import parse_reference
from tokenfleet.registry.refusal import UnresolvedError
from tokenfleet.registry.repository import Repository, sha256

_OK = 200
# Indexes of repositories with every release of many charts reach 10 MB, charts seldom 1 MB.
_MOST_INDEX_BYTES, _MOST_ARCHIVE_BYTES = 64 << 20, 16 << 20


class _Release(BaseModel):
    version: str
    urls: Sequence[str]
    digest: str | None = None


class _Index(BaseModel):
    entries: Mapping[str, Sequence[_Release]]


def resolve_chart(messenger: Messenger, chart: ChartInUse) -> Resolved:
    """What a chart is at its version.

    Raises:
        UnresolvedError: when that cannot be had.
    """
    return _in_registry(messenger, chart) if chart.is_oci else _behind_index(messenger, chart)


def _in_registry(messenger: Messenger, chart: ChartInUse) -> Resolved:
    # A tag has no plus sign; Helm writes an underscore for it.
    reference = parse_reference(chart.name.replace("+", "_"))
    repository = Repository(messenger, reference)
    document = repository.manifest()
    found = parse_manifest(document.body, document.media_type)
    if not isinstance(found, Manifest) or found.config_type != CHART_CONFIG_TYPE:
        msg = f"{reference.host} has no Helm chart there: check repository and version"
        raise UnresolvedError(msg)
    try:
        is_it = ChartConfig.model_validate_json(repository.blob(found.config_digest))
    except ValidationError as error:
        msg = f"{reference.host} has a chart there that does not say what it is"
        raise UnresolvedError(msg) from error
    if (is_it.name, is_it.version) != (chart.chart, chart.version):
        msg = f"is {is_it.name} {is_it.version} by its own word: check repository and version"
        raise UnresolvedError(msg)
    return Resolved(digest=document.digest, source=f"manifest at {reference.host}")


def _behind_index(messenger: Messenger, chart: ChartInUse) -> Resolved:
    folder = f"{chart.repository.rstrip('/')}/"
    release = _release(_fetched(messenger, f"{folder}index.yaml", _MOST_INDEX_BYTES), chart)
    archive = _fetched(messenger, urljoin(folder, release.urls[0]), _MOST_ARCHIVE_BYTES)
    digest = sha256(archive)
    listed = f"sha256:{(release.digest or digest).removeprefix('sha256:')}"
    if listed != digest:
        msg = f"its index lists {listed}, but its archive is {digest}: try again later"
        raise UnresolvedError(msg)
    return Resolved(digest=digest, source=f"archive listed in {folder}index.yaml")


def _release(index: bytes, chart: ChartInUse) -> _Release:
    try:
        entries = _Index.model_validate(yaml.load(index, Loader=yaml.CSafeLoader)).entries
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        msg = f"{chart.repository} has no index of charts: check the repository"
        raise UnresolvedError(msg) from error
    for release in entries.get(chart.chart, ()):
        if release.version == chart.version and release.urls:
            return release
    msg = f"{chart.repository} has no {chart.chart} {chart.version}: check chart and version"
    raise UnresolvedError(msg)


def _fetched(messenger: Messenger, url: str, at_most: int) -> bytes:
    answer = messenger.get(url, at_most=at_most)
    if answer.status != _OK:
        msg = f"{url} answered {answer.status}: check the repository, or try again later"
        raise UnresolvedError(msg)
    return answer.body
