"""One vLLM server as its cost sees it: what its accelerators read, compute and hold."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.machines.accelerators import Accelerator
from tokenfleet.catalogue.machines.hardware import Engine, Peaks
from tokenfleet.catalogue.machines.links import Link

Kind = Literal["gpu", "cpu", "neuron"]


@dataclass(frozen=True, kw_only=True)
class Replica:
    """All ranks of one server together.

    ``device`` is the name of one accelerator (the hardware's where there is none).
    ``bandwidth`` is the peak of the memory in bytes a second, ``flops_by_dtype`` what a large
    matrix multiplication reaches in operations a second; both are sums over ``ranks``.
    ``grouped_share`` and ``sink_kernel`` are those of ``catalogue.hardware.Peaks``; ``link`` is what lies between ranks, None where there is one.
    ``kv_bytes`` is what is left for the KV cache, ``max_sequences`` and ``batched_tokens`` are
    the engine's limits of running requests and of prompt tokens a step. ``prefix_cache``:
    whether requests that begin alike share their KV cache.
    """

    name: str
    device: str
    kind: Kind
    ranks: int
    bandwidth: float
    flops_by_dtype: Mapping[str, float]
    grouped_share: float | None
    sink_kernel: bool
    link: Link | None
    kv_bytes: float
    max_sequences: int
    batched_tokens: int
    prefix_cache: bool
    source: str

    def with_ranks(self, ranks: int) -> "Replica":
        """So many ranks of the same kind, as if they held the model."""
        part = ranks / self.ranks
        flops = {dtype: total * part for dtype, total in self.flops_by_dtype.items()}
        return dataclasses.replace(
            self, ranks=ranks, bandwidth=self.bandwidth * part, flops_by_dtype=flops
        )


def gpu_replica(
    gpu: Accelerator, count: int, weights_bytes: float, *, engine: Engine, usable: float
) -> Replica:
    """A replica on ``count`` GPUs outside any plan, with vLLM's own limits.

    ``usable`` is its ``--gpu-memory-utilization``; besides weights it keeps what the catalogue's
    engine keeps for activations and graphs. Not ``fits`` shows as a KV cache of 0 bytes.
    """
    left = (usable * gpu.memory_gib - engine.runtime_gib_per_rank) * 2**30 * count - weights_bytes
    return Replica(
        name=f"{count} x {gpu.peaks.title}",
        device=gpu.name,
        kind="gpu",
        ranks=count,
        bandwidth=gpu.peaks.bandwidth_gb_per_second(count) * 1e9,
        flops_by_dtype=reachable_flops(gpu.peaks, count),
        grouped_share=gpu.peaks.grouped_share,
        sink_kernel=gpu.peaks.sink_kernel,
        link=gpu.peaks.link,
        kv_bytes=max(0.0, left),
        max_sequences=gpu.max_sequences,
        batched_tokens=gpu.batched_tokens,
        prefix_cache=True,
        source=source_of(gpu.peaks),
    )


def reachable_flops(peaks: Peaks, units: int) -> Mapping[str, float]:
    """Operations a second by dtype, of so many units together."""
    return {dtype: peaks.reachable_flops(dtype) * units for dtype in peaks.tflops_by_dtype}


def source_of(peaks: Peaks) -> str:
    """Data sheet, and who measured what a large multiplication reaches."""
    return f"{peaks.source} Matmul: {peaks.matmul_source}" if peaks.matmul_source else peaks.source
