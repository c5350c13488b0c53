"""``tokenfleet catalogue refresh --only digests`` with the catalogue's own names, on loopback."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.registry.documents import chart, digest_of, index
from tests.registry.fake_registry import FakeRegistry
from tests.registry.on_loopback import ARCHITECTURES, archive_of, keep_charts, write_names
from tests.registry.real.registry_server import RegistryServer
from tokenfleet.catalogue.pulled.digests import DIGESTS, RecordedDigest, parse_digests
from tokenfleet.catalogue.pulled.in_use import InUse
from tokenfleet.cli import app
from tokenfleet.registry.reference import parse_reference


@pytest.fixture
def charts() -> Iterator[FakeRegistry]:
    """Repositories of charts behind an index.yaml."""
    with FakeRegistry() as running:
        yield running


@pytest.fixture
def used(tmp_path: Path, registry: RegistryServer, charts: FakeRegistry) -> InUse:
    """What the data files in the test's folder name, all of it there."""
    found = write_names(tmp_path, registry.host, charts.endpoint)
    for image in found.images:
        reference = parse_reference(image.name)
        documents = index(ARCHITECTURES, image.name.encode())
        registry.push(reference.repository, reference.tag, documents)
    for wanted in found.charts:
        if wanted.is_oci:
            reference = parse_reference(wanted.name)
            registry.push(reference.repository, reference.tag, chart(wanted.chart, wanted.version))
    keep_charts(charts, found)
    return found


def refreshed(folder: Path, *arguments: str) -> Result:
    command = ["catalogue", "refresh", "--only", "digests", "--into", str(folder), *arguments]
    return CliRunner().invoke(app, command)


def recorded(folder: Path) -> Mapping[str, RecordedDigest]:
    return parse_digests((folder / DIGESTS).read_text(encoding="utf-8"))


def test_everything_in_use_is_pinned_and_the_next_refresh_changes_nothing(
    tmp_path: Path, used: InUse
) -> None:
    first = refreshed(tmp_path)
    assert (first.exit_code, first.exception) == (0, None), first.output
    found = recorded(tmp_path)
    assert found.keys() == {i.name for i in used.images} | {c.name for c in used.charts}
    for image in used.images:
        assert found[image.name].digest == index(ARCHITECTURES, image.name.encode()).digest
    for wanted in used.charts:
        archive = digest_of(archive_of(wanted))
        stored = chart(wanted.chart, wanted.version).digest
        assert found[wanted.name].digest == (stored if wanted.is_oci else archive)
    before = (tmp_path / DIGESTS).read_bytes()
    again = refreshed(tmp_path, "--json")
    answer = json.loads(again.stdout)
    assert [answer[key] for key in ("regions", "changes", "digests", "written")] == [[], [], [], []]
    assert (tmp_path / DIGESTS).read_bytes() == before


def test_a_tag_that_moved_is_shown_and_taken_only_when_accepted(
    tmp_path: Path, used: InUse, registry: RegistryServer
) -> None:
    assert refreshed(tmp_path).exit_code == 0
    name = used.images[0].name
    before, pinned = (tmp_path / DIGESTS).read_bytes(), recorded(tmp_path)[name].digest
    reference = parse_reference(name)
    registry.push(reference.repository, reference.tag, index(ARCHITECTURES, b"somebody else's"))
    moved = index(ARCHITECTURES, b"somebody else's").digest
    refused = refreshed(tmp_path)
    assert refused.exit_code == 2
    assert f"{name} stands for something else now: {pinned} before, {moved} now" in refused.stderr
    assert "--accept" in refused.stderr
    assert (tmp_path / DIGESTS).read_bytes() == before
    accepted = refreshed(tmp_path, "--accept", "--json")
    assert accepted.exit_code == 0
    (change,) = json.loads(accepted.stdout)["digests"]
    assert (change["name"], change["before"], change["after"]) == (name, pinned, moved)
    assert recorded(tmp_path)[name].digest == moved


def test_all_that_is_wrong_is_named_at_once_and_nothing_is_written(
    tmp_path: Path, used: InUse, registry: RegistryServer, charts: FakeRegistry
) -> None:
    graviton = next(image for image in used.images if image.used_by == "vllm-cpu")
    reference = parse_reference(graviton.name)
    registry.push(reference.repository, reference.tag, index(["amd64"]))
    charts.replies.clear()
    before = (tmp_path / DIGESTS).read_bytes()
    refused = refreshed(tmp_path)
    assert refused.exit_code == 2
    assert (
        f"{graviton.name} (engines.yaml): is not for arm64, which vllm-cpu needs" in refused.stderr
    )
    for wanted in used.charts:
        if not wanted.is_oci:
            assert f"{wanted.name} (releases.yaml): " in refused.stderr
    assert refused.stderr.splitlines()[-1] == "nothing was written"
    assert "Traceback" not in refused.output
    assert (tmp_path / DIGESTS).read_bytes() == before
