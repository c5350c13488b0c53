"""What is pulled, computed from the data files."""

from collections.abc import Mapping

import pytest

from tokenfleet.catalogue.facts import CatalogueError, data_file
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.catalogue.pulled.in_use import ENGINES, NAMING_FILES, RELEASES, in_use

TEXTS: Mapping[str, str] = {name: data_file(name) for name in NAMING_FILES}
ARM, X86 = frozenset({"arm64"}), frozenset({"amd64"})


def architectures() -> Mapping[str, frozenset[str]]:
    return {image.name: image.architectures for image in in_use(TEXTS).images}


@pytest.mark.parametrize(
    ("engine", "needed"), [("vllm-cpu", ARM), ("vllm-cuda", X86), ("vllm-neuron", X86)]
)
def test_an_engine_needs_the_architecture_of_the_hardware_that_it_serves_on(
    engine: str, needed: frozenset[str]
) -> None:
    assert architectures()[engines()[engine].image] == needed


def test_the_autoscaler_of_every_version_runs_on_whatever_the_system_nodes_are() -> None:
    found = {name: need for name, need in architectures().items() if "autoscaler" in name}
    assert len(found) == 2
    assert set(found.values()) == {ARM | X86}


def test_images_that_charts_run_and_charts_in_registries_and_elsewhere_are_in_use() -> None:
    used = in_use(TEXTS)
    assert architectures()["nvcr.io/nvidia/k8s-device-plugin:v0.18.2"] == X86
    assert {chart.name: chart.is_oci for chart in used.charts} == {
        "https://kedacore.github.io/charts/keda:2.21.0": False,
        "https://kubernetes.github.io/autoscaler/cluster-autoscaler:9.59.0": False,
        "https://nvidia.github.io/k8s-device-plugin/nvidia-device-plugin:0.18.2": False,
        "public.ecr.aws/neuron/neuron-helm-chart:1.3.0": True,
    }


def test_an_image_of_two_users_needs_what_both_need_and_is_asked_for_once() -> None:
    graviton, cuda = engines()["vllm-cpu"].image, engines()["vllm-cuda"].image
    shared = {**TEXTS, ENGINES: TEXTS[ENGINES].replace(graviton, cuda)}
    (found,) = (image for image in in_use(shared).images if image.name == cuda)
    assert found.architectures == ARM | X86


@pytest.mark.parametrize(
    ("name", "text"), [(ENGINES, "a: [1"), (ENGINES, "vllm-cpu: {}"), (RELEASES, "charts: {}")]
)
def test_a_text_of_something_else_is_refused(name: str, text: str) -> None:
    with pytest.raises(CatalogueError, match="is no data file of the catalogue"):
        in_use({**TEXTS, name: text})
