"""Which engine made a run, and what of it differs from the vLLM of today."""

import re
from dataclasses import dataclass

from tokenfleet.catalogue.machines.efficiencies import Efficiencies

# From here on host and device work at once (async scheduling is the default); vLLM 0.11 on A100 and
# H100 waits for the host in every step (bench/data/gpustack_runs.csv).
_OVERLAPS_FROM = (0, 12)
_OVERLAPS_SINCE = (2025, 12)
_VERSION = re.compile(r"\bv?0\.(\d+)")
_MONTH = re.compile(r"\b(20\d\d)(?:-(\d\d))?")
# Of its default of --max-num-batched-tokens and batches nothing is said in public runs but this.
_TENSORRT_SEQUENCES, _TENSORRT_USABLE = 2048, 0.95


@dataclass(frozen=True, kw_only=True)
class Software:
    """The engine of a run: ``overlaps`` is None where it is as today.

    ``serves`` says whether requests come over a network; ``max_sequences`` and ``usable`` are its
    own defaults, None where they are those of vLLM.
    """

    name: str
    overlaps: bool | None = None
    serves: bool = True
    max_sequences: int | None = None
    usable: float | None = None
    notes: tuple[str, ...] = ()

    def as_run(self, found: Efficiencies) -> Efficiencies:
        """The figures of today's vLLM, with what this engine does otherwise."""
        update: dict[str, object] = {}
        if self.overlaps is not None:
            update["host_overlaps"] = self.overlaps and found.host_overlaps
        if not self.serves:
            update["request_seconds"] = update["late_seconds"] = 0.0
        return found.model_copy(update=update) if update else found


def software_of(text: str) -> Software:
    """Read off what a table calls it: ``vllm``, ``vLLM 0.11.0``, ``vLLM 2025-09``, ``TensorRT-LLM 1.x``."""
    name = text or "vllm"
    lower = name.lower()
    if "vllm" in lower:
        return Software(name=name, overlaps=_overlaps(lower))
    notes = (f"predicted as vLLM, not {name}",)
    if "llama.cpp" in lower or "llamacpp" in lower:
        return Software(name=name, serves=False, notes=notes)
    if "tensorrt" in lower or "trt" in lower:
        return Software(
            name=name,
            max_sequences=_TENSORRT_SEQUENCES,
            usable=_TENSORRT_USABLE,
            notes=(*notes, "up to 2,048 sequences in 95 % of the memory, as its overview runs"),
        )
    return Software(name=name, notes=notes)


def _overlaps(text: str) -> bool | None:
    """False for releases before both overlapped; a year alone is taken to be its middle."""
    if version := _VERSION.search(text):
        return None if (0, int(version[1])) >= _OVERLAPS_FROM else False
    if month := _MONTH.search(text):
        return None if (int(month[1]), int(month[2] or 6)) >= _OVERLAPS_SINCE else False
    return None
