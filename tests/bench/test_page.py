"""docs/estimate.md quotes the catalogue, not a memory of it."""

from pathlib import Path

import pytest

from tokenfleet.catalogue.machines.efficiencies import efficiencies

GPU = efficiencies()["gpu"]


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """The page."""
    return (root / "docs" / "estimate.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "figure"),
    [
        ("share of a large matrix multiplication's speed", f"{GPU.compute:.3f}"),
        ("share of it that the attention of a prompt reaches", f"{GPU.attention:.3f}"),
        ("share of the memory's bandwidth", f"{GPU.bandwidth:.3f}"),
        ("fixed time of a step", f"{GPU.step_seconds * 1e3:.2f} ms"),
        ("time of a layer, whatever it does", f"{GPU.layer_seconds * 1e6:.0f} µs"),
        ("more where it is a mixture", f"{GPU.mixture_layer_seconds * 1e6:.0f} µs"),
        ("more where attention is latent", f"{GPU.latent_layer_seconds * 1e6:.0f} µs"),
        ("time of the host for a running request", f"{GPU.sequence_seconds * 1e6:.0f} µs"),
        ("an all-reduce over the latency measured alone", f"{GPU.collective_work:.1f}"),
        ("work of a mixture of experts over that of its kernel", f"{GPU.mixture_work:.2f}"),
        ("width of an expert's slice", f"{GPU.half_width:.0f}"),
        ("work where the card has no units", f"{GPU.unpacking_work:.2f}"),
        ("attention with sinks where only Triton has it", f"{GPU.sink_work:.1f}"),
    ],
)
def test_the_page_quotes_the_fitted_figures(row: str, figure: str, page: str) -> None:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {row}"))
    assert line.endswith(f"| {figure} |")


@pytest.mark.parametrize(
    ("left_out", "row"),
    [
        ("configuration", "the configuration"),
        ("model", "the model"),
        ("GPU", "the card"),
        ("GPU vLLM 1 GPU", "runs of others on one GPU"),
        ("GPU vLLM 2-8 GPUs", "runs of others on 2 to 8 GPUs"),
    ],
)
def test_the_page_quotes_the_errors_of_the_fit(left_out: str, row: str, page: str) -> None:
    errors = GPU.errors_by_left_out[left_out]
    figures = (
        f"| {row} | {errors.usd_per_mtok_percent:.1f} % | {errors.theta_percent:.1f} %"
        f" | {errors.coverage_percent:.0f} % |"
    )
    assert figures in page
