from typing import get_args

import pytest

from tokenfleet.catalogue.cold_start import AmiVariant, cold_start_facts
from tokenfleet.plan.pulls import plan_pulls
from tokenfleet.plan.ranges import exactly, range_of
from tokenfleet.plan.start.fetches import controller_fetches, nat_gb, replica_fetches

VARIANT_BY_ENGINE: dict[str, AmiVariant] = {
    "vllm-cpu": "standard",
    "vllm-cuda": "nvidia",
    "vllm-neuron": "neuron",
}


@pytest.mark.parametrize("engine", VARIANT_BY_ENGINE)
def test_a_cached_image_takes_exactly_its_bytes_off_the_nat_gateway(engine: str) -> None:
    without, cached = (
        nat_gb(replica_fetches(engine, VARIANT_BY_ENGINE[engine], exactly(60), image_cached=cached))
        for cached in (False, True)
    )
    image = range_of(cold_start_facts().engines[engine].image_compressed)
    for end in ("low", "expected", "high"):
        saved = getattr(without, end) - getattr(cached, end)
        assert saved == pytest.approx(getattr(image, end))
        assert getattr(cached, end) < 0.5


@pytest.mark.parametrize("cached", [False, True])
def test_weights_never_pass_a_nat_gateway(*, cached: bool) -> None:
    light, heavy = (
        replica_fetches("vllm-cuda", "nvidia", exactly(gb), image_cached=cached) for gb in (1, 900)
    )
    assert nat_gb(light) == nat_gb(heavy)
    assert [(f.gb.expected, f.way) for f in heavy if f.what == "weights"] == [(900, "S3 endpoint")]


def test_every_accelerator_has_a_device_plug_in_that_is_counted() -> None:
    plugins = cold_start_facts().fetches.device_plugins
    assert set(plugins) == set(get_args(AmiVariant)) - {"standard"}
    for engine, variant in VARIANT_BY_ENGINE.items():
        fetched = replica_fetches(engine, variant, exactly(1), image_cached=True)
        assert ("device plug-in" in {f.what for f in fetched}) == (variant != "standard")


def test_what_the_region_of_eks_has_is_counted_and_free() -> None:
    fetches = controller_fetches(spot=False, scaling=False)
    (addons,) = (fetch for fetch in fetches if fetch.what == "EKS add-ons")
    assert addons.way == "S3 endpoint"
    assert addons.gb.expected > 0


@pytest.mark.parametrize("scaling", [False, True])
@pytest.mark.parametrize("spot", [False, True])
def test_every_image_that_system_nodes_pull_from_elsewhere_is_counted(
    *, spot: bool, scaling: bool
) -> None:
    pulls = plan_pulls("1.35", [], {}, spot=spot, scaling=scaling)
    # KEDA has two images, which are counted as one.
    pulled = {pull.used_by.lower() for pull in pulls if pull.kind == "image"}
    counted = {fetch.what for fetch in controller_fetches(spot=spot, scaling=scaling)}
    beside = {"AWS APIs", "EKS add-ons"}
    assert {_USED_BY.get(what, what.lower()) for what in counted - beside} == pulled


_USED_BY = {"autoscaler": "cluster-autoscaler", "capacity controller": "capacity-controller"}
