"""What hardware moves and computes: never less for more of it, and no rank without a link."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.catalogue.machines.accelerators import accelerators
from tokenfleet.catalogue.machines.hardware import Hardware, Peaks, hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.catalogue.machines.links import Link, links
from tokenfleet.plan.serving.memory import devices_of

_ALL: dict[str, Peaks] = {
    **{name: row.peaks for name, row in accelerators().items()},
    **hardware_by_name(),
}
_CPUS = {name: row for name, row in hardware_by_name().items() if row.device is None}


def _sizes(row: Hardware) -> list[int]:
    return sorted({kind.vcpus for kind in instance_types().values() if row.runs_on(kind)})


@pytest.mark.parametrize("name", sorted(_ALL))
@given(units=st.integers(1, 256), more=st.integers(1, 64))
def test_more_ranks_or_vcpus_never_read_slower(name: str, units: int, more: int) -> None:
    row = _ALL[name]
    assert row.bandwidth_gb_per_second(units + more) >= row.bandwidth_gb_per_second(units) > 0


@pytest.mark.parametrize("name", sorted(_CPUS))
def test_every_size_of_a_cpu_was_measured_and_the_largest_keeps_to_its_data_sheet(
    name: str,
) -> None:
    row = _CPUS[name]
    assert set(row.memory_bandwidth_gb_per_second_by_vcpus) == set(_sizes(row))
    largest = _sizes(row)[-1]
    of_data_sheet = largest * row.memory_bandwidth_gb_per_second
    assert 0.8 * of_data_sheet < row.bandwidth_gb_per_second(largest) <= of_data_sheet


@pytest.mark.parametrize(
    ("kind", "gb_per_second"),
    [
        # Spare Cores, bw_mem rd 512 MB; the metal types are as large as the largest virtual ones.
        ("c8g.medium", 31),
        ("c8g.8xlarge", 401),
        ("c8g.metal-24xl", 490),
        ("c8g.metal-48xl", 926),
        ("c7g.metal", 282),
    ],
)
def test_a_size_reads_as_fast_as_it_was_measured(kind: str, gb_per_second: float) -> None:
    found = instance_types()[kind]
    (row,) = (row for row in hardware_by_name().values() if row.runs_on(found))
    assert row.bandwidth_gb_per_second(found.vcpus) == gb_per_second


@pytest.mark.parametrize("name", sorted(hardware_by_name()))
def test_hardware_that_holds_more_than_one_rank_has_a_link_and_no_other_has(name: str) -> None:
    row = hardware_by_name()[name]
    most = max(devices_of(kind) for kind in instance_types().values() if row.runs_on(kind))
    assert (row.link is not None) == (most > 1)


def test_every_gpu_outside_the_pools_has_a_link() -> None:
    assert not [name for name, row in accelerators().items() if row.peaks.link is None]


def test_a_link_that_nobody_described_is_refused_by_its_name() -> None:
    row = hardware_by_name()["l4"].model_dump(by_alias=True)
    with pytest.raises(ValueError, match="no link 'carrier-pigeon' in links"):
        Hardware.model_validate({**row, "link": "carrier-pigeon"})


@given(
    link=st.sampled_from(sorted(links().values(), key=lambda row: row.name)),
    ranks=st.integers(2, 24),
    size=st.floats(0, 1e9),
    more=st.floats(0, 1e9),
)
def test_an_all_reduce_costs_its_latency_and_more_for_more_bytes(
    link: Link, ranks: int, size: float, more: float
) -> None:
    least = min(link.latency_microseconds_by_ranks.values()) * 1e-6
    assert link.all_reduce_seconds(1, size) == 0
    assert least <= link.all_reduce_seconds(ranks, size)
    assert link.all_reduce_seconds(ranks, size) <= link.all_reduce_seconds(ranks, size + more)
    # Nothing crosses a link faster than its data sheet says.
    assert link.all_reduce_seconds(ranks, size) >= size / (link.gb_per_second * 1e9)


@pytest.mark.parametrize(
    ("link", "ranks", "size_bytes", "microseconds", "within"),
    [
        # Between the sizes that the figures were taken from: aiconfigurator @095f58a5.
        ("nvlink-4", 8, 16_384, 5.2, 0.1),
        ("nvlink-4", 2, 33_554_432, 156, 0.1),
        ("nvlink-3", 8, 16_384, 6.5, 0.1),
        ("pcie-5", 4, 8_388_608, 463, 0.1),
        ("pcie-4", 4, 2_097_152, 841, 0.1),
        # Two megabytes over NVLink are between a kernel's latency and its bandwidth.
        ("nvlink-4", 8, 2_097_152, 19.4, 0.3),
    ],
)
def test_all_reduces_that_were_measured_are_met(
    link: str, ranks: int, size_bytes: float, microseconds: float, within: float
) -> None:
    found = links()[link].all_reduce_seconds(ranks, size_bytes) * 1e6
    assert found == pytest.approx(microseconds, rel=within)


@pytest.mark.parametrize("name", sorted(_ALL))
def test_fewer_bits_are_never_slower_where_there_are_units(name: str) -> None:
    row = _ALL[name]
    order = [dtype for dtype in ("bfloat16", "fp8", "nvfp4") if dtype in row.tflops_by_dtype]
    for wide, narrow in itertools.pairwise(order):
        assert row.reachable_flops(narrow) > row.reachable_flops(wide)


def test_units_of_4_bits_came_with_blackwell() -> None:
    have = {name for name, row in _ALL.items() if "nvfp4" in row.tflops_by_dtype}
    assert have == {"b200", "b300", "rtx-pro-6000", "B200", "B300", "RTX PRO Server 6000"} | {
        "GB200",
        "GB300",
    }
