"""GPUs by name: those that pools offer, and others with a data sheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from tokenfleet.catalogue.facts import CatalogueError, Fact, data_file
from tokenfleet.catalogue.machines.hardware import Peaks, hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.mistakes import nearest

# How vLLM picks its limits: vllm/engine/arg_utils.py of 0.32, get_batch_defaults.
_LARGE_GIB, _LARGER_GIB = 70, 160


class _Elsewhere(Peaks):
    memory_gib: float


class _File(Fact):
    accelerators: Mapping[str, _Elsewhere]
    aliases: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """One GPU: its peaks, and its memory in GiB as the driver reports it."""

    name: str
    peaks: Peaks
    memory_gib: float

    @property
    def max_sequences(self) -> int:
        """VLLM's default of ``--max-num-seqs`` on it."""
        return 1024 if self._is_large else 256

    @property
    def batched_tokens(self) -> int:
        """VLLM's default of ``--max-num-batched-tokens`` on it."""
        if self.memory_gib >= _LARGER_GIB:
            return 16384
        return 8192 if self._is_large else 2048

    @property
    def _is_large(self) -> bool:
        return self.memory_gib >= _LARGE_GIB and "A100" not in self.name


@cache
def _file() -> _File:
    rows = yaml.load(data_file("accelerators.yaml"), Loader=yaml.CSafeLoader)
    return _File.model_validate(rows)


@cache
def accelerators() -> Mapping[str, Accelerator]:
    """Every GPU by name: ``H100`` is the SXM card that AWS has, ``H100 NVL`` another."""
    elsewhere = {
        name: Accelerator(name=name, peaks=row, memory_gib=row.memory_gib)
        for name, row in _file().accelerators.items()
    }
    offered = {
        (row.card or row.device): Accelerator(
            name=row.card or row.device,
            peaks=row,
            memory_gib=max(
                kind.accelerator.memory_gib_each
                for kind in instance_types().values()
                if kind.accelerator and row.runs_on(kind)
            ),
        )
        for row in hardware_by_name().values()
        if row.device and row.engine == "vllm-cuda"
    }
    return {**elsewhere, **offered}


def accelerator(name: str) -> Accelerator:
    """The GPU of that name; case, blanks and dashes do not matter.

    Raises:
        CatalogueError: when the catalogue does not know it, with the nearest name it knows.
    """
    known = accelerators()
    by_folded = {_folded(name): row for name, row in known.items()}
    by_folded |= {_folded(alias): known[name] for alias, name in _file().aliases.items()}
    if _folded(name) not in by_folded:
        msg = (
            f"unknown GPU '{name}'.{nearest(name, known)} Known:"
            f" {', '.join(sorted(known))}. Another can be added, with its source, to"
            " tokenfleet/catalogue/data/accelerators.yaml"
        )
        raise CatalogueError(msg)
    return by_folded[_folded(name)]


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()).removeprefix("nvidia")
