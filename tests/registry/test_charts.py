"""Digests of charts, in registries and behind an index.yaml."""

import hashlib
from collections.abc import Mapping

import pytest

from tests.registry.documents import (
    Document,
    chart,
    chart_archive,
    chart_index,
    digest_of,
    image,
)
from tests.registry.fake_registry import FakeRegistry, Reply
from tokenfleet.catalogue.pulled.digests import Resolved
from tokenfleet.catalogue.pulled.in_use import ChartInUse
from tokenfleet.registry.charts import resolve_chart
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.refusal import UnresolvedError

ARCHIVE = chart_archive("autoscaler", "9.59.0")
INDEX, TGZ = "/charts/index.yaml", "/charts/archives/autoscaler-9.59.0.tgz"


def in_registry(fake: FakeRegistry, version: str = "1.3.0") -> ChartInUse:
    return ChartInUse(
        name=f"{fake.host}/neuron/plugin:{version}",
        chart="plugin",
        repository=f"oci://{fake.host}/neuron",
        version=version,
        is_oci=True,
    )


def behind_index(fake: FakeRegistry) -> ChartInUse:
    return ChartInUse(
        name=f"{fake.endpoint}/charts/autoscaler:9.59.0",
        chart="autoscaler",
        repository=f"{fake.endpoint}/charts",
        version="9.59.0",
        is_oci=False,
    )


@pytest.mark.parametrize(("version", "tag"), [("1.3.0", "1.3.0"), ("1.3.0+x.1", "1.3.0_x.1")])
def test_a_chart_in_a_registry_is_pinned_by_its_manifest(
    version: str, tag: str, fake: FakeRegistry, messenger: Messenger
) -> None:
    document = chart("plugin", version)
    fake.keep("neuron/plugin", tag, document)
    found = resolve_chart(messenger, in_registry(fake, version))
    assert found == Resolved(digest=document.digest, source=f"manifest at {fake.host}")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (image("amd64"), "has no Helm chart there: check repository and version"),
        (chart("plugin", "1.4.0"), "is plugin 1.4.0 by its own word"),
        (chart("other", "1.3.0"), "is other 1.3.0 by its own word"),
    ],
)
def test_what_is_not_the_chart_is_refused(
    document: Document, said: str, fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.keep("neuron/plugin", "1.3.0", document)
    with pytest.raises(UnresolvedError, match=said):
        resolve_chart(messenger, in_registry(fake))


@pytest.mark.parametrize(
    "listed",
    [hashlib.sha256(ARCHIVE).hexdigest(), digest_of(ARCHIVE), None],
    ids=["as Helm writes it", "as registries write it", "not listed"],
)
def test_a_chart_behind_an_index_is_pinned_by_its_archive(
    listed: str | None, fake: FakeRegistry, messenger: Messenger
) -> None:
    index = chart_index("autoscaler", "9.59.0", ARCHIVE, digest=listed)
    fake.replies |= {INDEX: [Reply(body=index)], TGZ: [Reply(body=ARCHIVE)]}
    found = resolve_chart(messenger, behind_index(fake))
    assert found.digest == digest_of(ARCHIVE)
    assert found.source == f"archive listed in {fake.endpoint}/charts/index.yaml"


def test_an_archive_may_lie_elsewhere(fake: FakeRegistry, messenger: Messenger) -> None:
    with FakeRegistry() as elsewhere:
        elsewhere.replies["/a.tgz"] = [Reply(body=ARCHIVE)]
        urls = [f"{elsewhere.endpoint}/a.tgz"]
        index = chart_index("autoscaler", "9.59.0", ARCHIVE, urls=urls)
        fake.replies[INDEX] = [Reply(body=index)]
        assert resolve_chart(messenger, behind_index(fake)).digest == digest_of(ARCHIVE)


BAD: Mapping[str, tuple[Reply, Reply, str]] = {
    "no index": (Reply(404), Reply(), "index.yaml answered 404: check the repository"),
    "a page": (Reply(body=b"<html>"), Reply(), "has no index of charts"),
    "no YAML": (Reply(body=b"a: [1"), Reply(), "has no index of charts"),
    "no such version": (
        Reply(body=chart_index("autoscaler", "9.60.0", ARCHIVE)),
        Reply(),
        "has no autoscaler 9.59.0: check chart and version",
    ),
    "no such chart": (
        Reply(body=chart_index("other", "9.59.0", ARCHIVE)),
        Reply(),
        "has no autoscaler 9.59.0",
    ),
    "no archive": (
        Reply(body=chart_index("autoscaler", "9.59.0", ARCHIVE)),
        Reply(404),
        "autoscaler-9.59.0.tgz answered 404",
    ),
    "another archive": (
        Reply(body=chart_index("autoscaler", "9.59.0", ARCHIVE)),
        Reply(body=ARCHIVE + b"x"),
        f"lists {digest_of(ARCHIVE)}, but its archive is {digest_of(ARCHIVE + b'x')}",
    ),
    "an archive over plain http": (
        Reply(body=chart_index("autoscaler", "9.59.0", ARCHIVE, urls=["http://192.0.2.1/a.tgz"])),
        Reply(),
        "only https is",
    ),
}


@pytest.mark.parametrize("row", BAD.values(), ids=list(BAD))
def test_a_chart_that_cannot_be_had_is_one_line_with_the_way_out(
    row: tuple[Reply, Reply, str], fake: FakeRegistry, messenger: Messenger
) -> None:
    index, archive, said = row
    fake.replies |= {INDEX: [index], TGZ: [archive]}
    with pytest.raises(UnresolvedError) as refused:
        resolve_chart(messenger, behind_index(fake))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
