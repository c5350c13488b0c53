"""What the distribution registry stores is what is pinned."""

from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from tests.registry.documents import Document, chart, image, index
from tests.registry.real.registry_server import RegistryServer
from tests.registry.real.token_server import TokenServer
from tokenfleet.catalogue.pulled.in_use import ChartInUse, ImageInUse
from tokenfleet.registry.charts import resolve_chart
from tokenfleet.registry.images import resolve_image
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.refusal import UnresolvedError

IMAGES: Mapping[str, Document] = {
    "index": index(["amd64", "arm64"]),
    "docker-list": index(["amd64", "arm64"], docker=True),
    "manifest": image("arm64"),
    "docker-manifest": image("arm64", docker=True),
}


def wanted(host: str, repository: str, *architectures: str) -> ImageInUse:
    return ImageInUse(
        name=f"{host}/{repository}:v1",
        architectures=frozenset(architectures),
        used_by="vllm-cpu",
        named_in="engines.yaml",
    )


@pytest.mark.parametrize("kind", IMAGES)
def test_the_digest_is_one_that_the_registry_serves(
    kind: str, registry: RegistryServer, messenger: Messenger
) -> None:
    repository = f"kinds/{kind}"
    registry.push(repository, "v1", IMAGES[kind])
    found = resolve_image(messenger, wanted(registry.host, repository, "arm64"))
    address = f"http://{registry.host}/v2/{repository}/manifests/{found.digest}"
    pulled = httpx2.get(address, headers={"Accept": IMAGES[kind].media_type})
    assert pulled.status_code == 200
    assert pulled.content == IMAGES[kind].content


def test_an_index_without_the_architecture_of_the_nodes_is_refused(
    registry: RegistryServer, messenger: Messenger
) -> None:
    registry.push("one/kind", "v1", index(["amd64"]))
    with pytest.raises(
        UnresolvedError, match="is not for arm64, which vllm-cpu needs, but for amd64"
    ):
        resolve_image(messenger, wanted(registry.host, "one/kind", "arm64"))


def test_a_tag_or_a_repository_that_is_not_there_is_named(
    registry: RegistryServer, messenger: Messenger
) -> None:
    registry.push("there/is", "v2", image("arm64"))
    for repository in ("there/is", "there/is-not"):
        with pytest.raises(UnresolvedError, match="has no v1 there"):
            resolve_image(messenger, wanted(registry.host, repository, "arm64"))


def test_a_chart_is_pinned_and_an_image_is_no_chart(
    registry: RegistryServer, messenger: Messenger
) -> None:
    asked = ChartInUse(
        name=f"{registry.host}/charts/plugin:1.3.0",
        chart="plugin",
        repository=f"oci://{registry.host}/charts",
        version="1.3.0",
        is_oci=True,
    )
    registry.push("charts/plugin", "1.3.0", chart("plugin", "1.3.0"))
    assert resolve_chart(messenger, asked).digest == chart("plugin", "1.3.0").digest
    registry.push("charts/plugin", "1.3.0", image("amd64"))
    with pytest.raises(UnresolvedError, match="has no Helm chart there"):
        resolve_chart(messenger, asked)


def test_a_registry_that_wants_a_token_is_read_without_an_account(
    registry_binary: Path, tmp_path: Path, messenger: Messenger
) -> None:
    with (
        TokenServer(tmp_path) as tokens,
        RegistryServer(registry_binary, tmp_path, tokens.auth) as guarded,
    ):
        scope = "repository:a/engine:pull,push"
        own = tokens.token(scope, ["pull", "push"])
        guarded.push("a/engine", "v1", IMAGES["manifest"], own)
        found = resolve_image(messenger, wanted(guarded.host, "a/engine", "arm64"))
        assert found.digest == IMAGES["manifest"].digest
        assert tokens.given == ["repository:a/engine:pull"]
        with pytest.raises(httpx2.HTTPStatusError, match="401"):
            guarded.push("a/engine", "v1", IMAGES["manifest"])
