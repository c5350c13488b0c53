"""Names of images: what they mean, and what is no name."""

from collections.abc import Mapping

import pytest

from tokenfleet.catalogue.facts import data_file
from tokenfleet.catalogue.pulled.in_use import NAMING_FILES, in_use
from tokenfleet.registry.reference import parse_reference
from tokenfleet.registry.refusal import UnresolvedError

URLS: Mapping[str, str] = {
    "docker.io/vllm/vllm-openai:v1": "https://registry-1.docker.io/v2/vllm/vllm-openai",
    "docker.io/busybox:1": "https://registry-1.docker.io/v2/library/busybox",
    "public.ecr.aws/a/b:1": "https://public.ecr.aws/v2/a/b",
    "registry.example:5000/a/b/c:1": "https://registry.example:5000/v2/a/b/c",
    "10.0.0.1:5000/a:1": "https://10.0.0.1:5000/v2/a",
    "127.0.0.1:5000/a:1": "http://127.0.0.1:5000/v2/a",
    "localhost:5000/a:1": "http://localhost:5000/v2/a",
    "localhost.example/a:1": "https://localhost.example/v2/a",
}


@pytest.mark.parametrize(("name", "url"), URLS.items(), ids=list(URLS))
def test_a_registry_is_asked_over_https_unless_it_is_this_machine(name: str, url: str) -> None:
    assert parse_reference(name).url == url


@pytest.mark.parametrize(
    "name",
    [
        "vllm/vllm-openai:v1",
        "docker.io/vllm/vllm-openai",
        "docker.io/VLLM/openai:v1",
        "docker.io/vllm/../secret:v1",
        "docker.io/vllm/openai:v1/x",
        "docker.io/vllm/openai:v1?x",
        "docker.io@evil.example/vllm:v1",
        "https://docker.io/vllm/openai:v1",
        "docker.io/vllm/openai:v1\n",
        "",
    ],
)
def test_what_is_no_image_is_refused(name: str) -> None:
    with pytest.raises(UnresolvedError, match="registry/repository:tag"):
        parse_reference(name)


def test_everything_the_catalogue_pulls_can_be_asked_for() -> None:
    used = in_use({name: data_file(name) for name in NAMING_FILES})
    names = [*(i.name for i in used.images), *(c.name for c in used.charts if c.is_oci)]
    assert len(names) >= 6
    for name in names:
        assert parse_reference(name).url.startswith("https://")
