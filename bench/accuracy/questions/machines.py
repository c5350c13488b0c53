"""The machine of a recorded run: GPUs, NeuronCores or a CPU, by what tables call them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.accuracy.questions.cells import Cells
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.accelerators import Accelerator, accelerator
from tokenfleet.catalogue.machines.hardware import (
    Engine,
    Hardware,
    Peaks,
    engines,
    hardware_by_name,
)
from tokenfleet.catalogue.machines.instances import InstanceType, instance_type, instance_types
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.replica import Kind
from tokenfleet.plan.serving.memory import devices_of

NAMES = ("gpu", "hardware")
COUNTS = ("n_gpu", "count_or_tp", "tensor_parallel")
_MOST_RANKS = 256
_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")

# The corpus says H100. Its price is that of Azure's NC40ads_H100_v5, which has the NVL card, and
# it held 322 sequences where 80 GiB hold 212 (data/README.md).
_CORPUS_NAMES: Mapping[str, str] = {"H100": "H100 NVL"}
# Names of several cards; a name without more stands for the one that AWS has.
_SEVERAL = frozenset({"A100", "H100"})

# vllm/engine/arg_utils.py of 0.32, get_batch_defaults: of its server on CPUs, for each rank.
_CPU_SEQUENCES, _CPU_BATCHED_TOKENS = 128, 2048
# vLLM 0.19, which made the corpus: --gpu-memory-utilization was 0.9 by default.
_USABLE = 0.9


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a server owns: ``units`` is what the peaks are stated for, its ranks or vCPUs.

    ``memory_gib`` is of all ranks together, ``usable`` the share of it that the engine takes;
    ``max_sequences`` and ``batched_tokens`` are the engine's defaults there, None where it reads a
    prompt as a whole. ``note`` says what of the name was taken for what.
    """

    title: str
    device: str
    kind: Kind
    peaks: Peaks
    ranks: int
    units: int
    memory_gib: float
    usable: float
    engine: Engine
    max_sequences: int
    batched_tokens: int | None
    note: str | None = None


def machine_of(cells: Cells, *, is_corpus: bool, is_divided: bool = True) -> Machine:
    """The machine that a row names; ``is_divided`` says whether its engine knows of sockets.

    Raises:
        CostError: naming the column, when nothing of that name is known.
    """
    name = cells.text(*NAMES)
    ranks = cells.maybe_whole(*COUNTS, least=1, most=_MOST_RANKS)
    if not name:
        problem = f"missing: give a GPU, {_beside_gpus()}"
        raise CostError(problem, place=cells.where(*NAMES))
    try:
        if _TYPE.fullmatch(name):
            return _of_type(instance_type(name), ranks, cells, is_divided=is_divided)
        for key, hardware in hardware_by_name().items():
            if _is_meant(name, key, hardware):
                kind = _held_by(hardware, ranks)
                return _of_type(kind, ranks, cells, is_divided=is_divided)
    except CatalogueError as error:
        raise CostError(str(error), place=cells.where(*NAMES)) from error
    try:
        gpu = accelerator(_CORPUS_NAMES.get(name, name) if is_corpus else name)
    except CatalogueError as error:
        problem = f"{error}. Known, too: {_beside_gpus()}"
        raise CostError(problem, place=cells.where(*NAMES)) from error
    note = f"{name} is taken for {gpu.peaks.title}" if name in _SEVERAL else None
    return _gpus(gpu, ranks or 1, note)


def _gpus(gpu: Accelerator, count: int, note: str | None = None) -> Machine:
    return Machine(
        title=f"{count} x {gpu.peaks.title}",
        device=gpu.name,
        kind="gpu",
        peaks=gpu.peaks,
        ranks=count,
        units=count,
        memory_gib=gpu.memory_gib * count,
        usable=_USABLE,
        engine=engines()["vllm-cuda"],
        max_sequences=gpu.max_sequences,
        batched_tokens=gpu.batched_tokens,
        note=note,
    )


def _of_type(kind: InstanceType, count: int | None, cells: Cells, *, is_divided: bool) -> Machine:
    hardware = next((row for row in hardware_by_name().values() if row.runs_on(kind)), None)
    if hardware is None:
        msg = f"{kind.instance_type} has no hardware that an engine runs on"
        raise CatalogueError(msg)
    devices = devices_of(kind)
    if kind.accelerator is None:
        return _cpu(kind, hardware, count, is_divided=is_divided)
    if count and count > devices:
        problem = f"{count} is more than the {devices} ranks of {kind.instance_type}"
        raise CostError(problem, place=cells.where(*COUNTS))
    ranks = count or devices
    if hardware.engine == "vllm-cuda":
        return _gpus(accelerator(hardware.card or kind.accelerator.name), ranks)
    engine = engines()[hardware.engine]
    return Machine(
        title=f"{ranks} x {hardware.title}",
        device=kind.accelerator.name,
        kind="neuron",
        peaks=hardware,
        ranks=ranks,
        units=ranks,
        memory_gib=kind.accelerator.memory_gib_per_rank * ranks,
        usable=engine.usable_device_fraction,
        engine=engine,
        max_sequences=engine.max_sequences,
        batched_tokens=None,
    )


def _cpu(kind: InstanceType, hardware: Hardware, count: int | None, *, is_divided: bool) -> Machine:
    """A count beyond its NUMA nodes is one of vCPUs, which the type has said already."""
    nodes = devices_of(kind)
    ranks = (count if count and count <= nodes else nodes) if is_divided else 1
    share = ranks / nodes if is_divided else 1.0
    return Machine(
        title=kind.instance_type,
        device=hardware.title,
        kind="cpu",
        peaks=hardware,
        ranks=ranks,
        units=round(kind.vcpus * share),
        memory_gib=kind.memory_gib * share,
        usable=_USABLE,
        engine=engines()[hardware.engine],
        max_sequences=_CPU_SEQUENCES * ranks,
        batched_tokens=_CPU_BATCHED_TOKENS * ranks,
    )


def _is_meant(name: str, key: str, hardware: Hardware) -> bool:
    """Whether a name without a size is that of hardware AWS makes, or of a family with it."""
    if hardware.engine == "vllm-cuda":
        return False
    return name.lower() in {key, hardware.title.lower(), *hardware.families}


def _beside_gpus() -> str:
    """What else a row may name, for a message."""
    rows = [row for row in hardware_by_name().items() if row[1].engine != "vllm-cuda"]
    names = ", ".join(word for key, row in rows for word in (key, *row.families))
    return f"an EC2 instance type (p5.48xlarge, c8g.4xlarge, inf2.48xlarge), or one of {names}"


def _held_by(hardware: Hardware, count: int | None) -> InstanceType:
    """The smallest type that has so many ranks, or vCPUs, and the largest where nobody says how many."""
    kinds = sorted(
        (kind for kind in instance_types().values() if hardware.runs_on(kind)), key=_units
    )
    return next((kind for kind in kinds if count and _units(kind) >= count), kinds[-1])


def _units(kind: InstanceType) -> int:
    return kind.accelerator.ranks if kind.accelerator else kind.vcpus
