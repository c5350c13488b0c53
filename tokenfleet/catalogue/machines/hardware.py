"""What a pool can be made of: accelerators, and the engine that runs on each."""

from collections.abc import Mapping
from functools import cache
from typing import get_args

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file
from tokenfleet.catalogue.machines.curve import on_curve
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.catalogue.machines.links import NamedLink
from tokenfleet.catalogue.models.draft import Draft
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.task import Task


class Peaks(Fact):
    """What a piece of hardware moves and computes at most, dense.

    ``memory_bandwidth_gb_per_second`` is of the data sheet, in 10^9 bytes;
    ``memory_bandwidth_gb_per_second_by_vcpus`` is what reading was measured at by size of instance.
    ``matmul_share_by_dtype`` is how much of the peak a large matrix multiplication reaches (1 where
    it is not listed), ``grouped_share`` how much of that the many small ones of a mixture of experts
    reach together (None: as much as any other layer). ``matmul_source`` says who measured it, or
    that it is an assumption.
    ``sink_kernel``: whether a fast kernel has attention with sinks.
    ``link`` is what lies between ranks, None where there is never more than one.
    """

    title: str
    memory_bandwidth_gb_per_second: float
    memory_bandwidth_gb_per_second_by_vcpus: Mapping[int, float] = {}
    tflops_by_dtype: Mapping[str, float]
    matmul_share_by_dtype: Mapping[str, float] = {}
    grouped_share: float | None = None
    matmul_source: str | None = None
    sink_kernel: bool = True
    link: NamedLink | None = None
    source: str

    def bandwidth_gb_per_second(self, units: int) -> float:
        """What the memory of so many ranks or vCPUs gives together, in 10^9 bytes a second.

        Measured sizes, and straight lines between them, where there are any: memory is shared by all
        instances on a host, so a small one may have more than its part. Else the data sheet's.
        """
        if self.memory_bandwidth_gb_per_second_by_vcpus:
            return on_curve(self.memory_bandwidth_gb_per_second_by_vcpus, units)
        return units * self.memory_bandwidth_gb_per_second

    def reachable_flops(self, dtype: str) -> float:
        """Operations a second that a large matrix multiplication reaches, in a dtype it has units for."""
        return self.tflops_by_dtype[dtype] * 1e12 * self.matmul_share_by_dtype.get(dtype, 1.0)


class Hardware(Peaks):
    """One kind of hardware; peaks are per rank, or per vCPU where ``device`` is None.

    ``card`` is its own name where several kinds have a device of the same name.
    ``without_kernels`` are methods of quantisation that the engine has no kernel for on it, though
    it has for their dtype; ``without_attention`` are types of model of whose attention it has none.
    """

    engine: str
    architecture: str
    device: str | None
    card: str | None = None
    families: tuple[str, ...]
    weights: tuple[str, ...]
    without_kernels: tuple[str, ...] = ()
    without_attention: tuple[str, ...] = ()
    fp8_kv_cache: bool = False

    def refusal(self, facts: ModelFacts) -> str | None:
        """Why its engine does not load a model's checkpoint; None where it does."""
        if facts.weights_dtype not in self.weights:
            return f"does not run {facts.weights_dtype} weights"
        if facts.quantization_method in self.without_kernels:
            return f"has no kernel for {facts.quantization_method} checkpoints"
        if facts.model_type in self.without_attention:
            return f"has no kernel for the attention of {facts.model_type} models"
        engine = engines()[self.engine]
        if facts.task not in engine.tasks:
            return f"has an engine that does not {facts.task}"
        known = engine.model_types
        if known is not None and facts.model_type not in known:
            return f"has an engine that does not know {facts.model_type} models"
        return self._refusal_of_draft(facts.draft) if facts.draft else None

    def _refusal_of_draft(self, draft: Draft) -> str | None:
        if draft.weights_dtype and draft.weights_dtype not in self.weights:
            return f"does not run the {draft.weights_dtype} weights of its draft"
        if draft.quantization_method in self.without_kernels:
            return f"has no kernel for the {draft.quantization_method} checkpoint of its draft"
        return None

    def runs_on(self, kind: InstanceType) -> bool:
        """Whether that instance type carries this hardware."""
        if kind.family not in self.families:
            return False
        return (kind.accelerator.name if kind.accelerator else None) == self.device


class Engine(Fact):
    """A pinned vLLM build; ``resource`` is the Kubernetes extended resource it asks for.

    ``sdk`` is the version of the compiler whose output it runs, None where nothing is compiled
    ahead of time. ``drains``: whether it finishes requests after SIGTERM. ``adapters``: whether
    it serves LoRA adapters. ``tasks``: what it does with models. ``speculation``: by which methods it
    drafts. ``model_types``: of which models, where not of all that are read.
    ``verified`` and ``not_verified`` say what was run, and where.
    """

    version: str
    sdk: str | None = None
    image: str
    resource: str | None
    usable_device_fraction: float
    runtime_gib_per_rank: float
    max_sequences: int
    drains: bool
    adapters: bool
    tasks: tuple[Task, ...] = get_args(Task)
    speculation: tuple[str, ...] = ()
    model_types: tuple[str, ...] | None = None
    driver: str | None
    verified: str
    not_verified: str
    lacks: tuple[str, ...]
    support: str
    legacy: bool
    source: str


@cache
def hardware_by_name() -> Mapping[str, Hardware]:
    """Every kind of hardware a pool may name."""
    return parse_hardware(data_file("hardware.yaml"))


@cache
def engines() -> Mapping[str, Engine]:
    """Every engine by name."""
    return parse_engines(data_file("engines.yaml"))


def parse_hardware(text: str) -> Mapping[str, Hardware]:
    """The rows of the data file."""
    return TypeAdapter(dict[str, Hardware]).validate_python(_yaml(text))


def parse_engines(text: str) -> Mapping[str, Engine]:
    """The rows of the data file."""
    return TypeAdapter(dict[str, Engine]).validate_python(_yaml(text))


def _yaml(text: str) -> object:
    return yaml.load(text, Loader=yaml.CSafeLoader)
