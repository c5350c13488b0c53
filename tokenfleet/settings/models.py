"""The part of the order form about models: what is served, how much of it, how well."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tokenfleet.settings.forms import (
    FlagName,
    FlagValue,
    HuggingFaceId,
    Name,
    PublishedMark,
    Revision,
)
from tokenfleet.settings.section import Section
from tokenfleet.settings.speculation import SpeculativeSettings
from tokenfleet.task import Task


class ReplicaSettings(Section):
    """How many vLLM servers of one model."""

    min: Annotated[int, Field(ge=0, le=1000)] = 1
    """Replicas at first and at least; with 0 there is none without requests, and the first ones wait for a start."""
    max: Annotated[int, Field(ge=1, le=1000)]
    """Replicas at most; between both their number follows the load."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "ReplicaSettings":
        if self.min > self.max:
            msg = f"min {self.min} is larger than max {self.max}: swap them or raise max"
            raise ValueError(msg)
        return self


class ObjectiveSettings(Section):
    """What a user of the model is promised, 99th percentiles in milliseconds."""

    ttft_p99_ms: Annotated[int, Field(gt=0, le=600_000)] = 2_000
    """Time to first token, 99th percentile, milliseconds."""
    itl_p99_ms: Annotated[int, Field(gt=0, le=60_000)] = 200
    """Inter-token latency, 99th percentile, milliseconds."""


class TrafficSettings(Section):
    """Expected load on the whole model: mean request rate and mean lengths in tokens."""

    requests_per_second: Annotated[float, Field(ge=1e-6, le=100_000)]
    """Mean request rate on all replicas."""
    input_tokens: Annotated[int, Field(ge=1, le=10_000_000)]
    """Mean input length."""
    output_tokens: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Mean output length; left out of what answers with numbers."""
    cached_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the input that other requests began with, too, such as a system prompt."""


class AdapterSettings(Section):
    """A LoRA adapter at one revision, published like a model."""

    hugging_face_id: HuggingFaceId
    """Id on the Hugging Face Hub."""
    revision: Revision
    """Commit of that repository."""
    rank: Literal[8, 16, 32, 64, 128, 256]
    """Its rank, `r` in its adapter_config.json, or the next larger of these."""


class ModelSettings(Section):
    """One served model at one revision."""

    hugging_face_id: HuggingFaceId
    """Id on the Hugging Face Hub."""
    revision: Revision
    """Commit of that repository."""
    published: PublishedMark | None = None
    """That the bucket holds all it loads, as `tokenfleet models --stack STACK` prints; no replica runs without."""
    config_json: str | None = None
    """Path of its config.json, for a model the catalogue does not list."""
    task: Task | None = None
    """What it does, where its files leave that open: `embed` for a text model that is to give vectors."""
    pool: Name
    """Name of the pool that serves it."""
    served_as: Name | None = None
    """Name that clients use, which several entries on different pools may share; its own unless given."""
    fallback: Annotated[int, Field(ge=0, le=7)] = 0
    """Of those that share a name, who serves only where too few replicas of a lower number are healthy."""
    context_length: Annotated[int, Field(ge=128, le=10_000_000)]
    """Longest request, input and output together, in tokens."""
    replicas: ReplicaSettings
    """How many vLLM servers."""
    tensor_parallel_size: Annotated[int, Field(ge=1, le=64)] | None = None
    """GPUs, NeuronCores or NUMA nodes that share a replica; all that fit, unless given."""
    kv_cache_dtype: Literal["auto", "fp8"] = "auto"
    """Values of the KV cache: 16-bit, or 8-bit where the hardware has it (Ada, Hopper and later)."""
    adapters: dict[Name, AdapterSettings] = Field(default={})
    """LoRA adapters by the name clients use, loaded at start."""
    chat_template: str | None = None
    """Path of a Jinja file that makes a prompt of a chat, in place of the one of its tokenizer."""
    speculative: SpeculativeSettings | None = None
    """Tokens drafted ahead and verified by the model; refused where that is slower at any acceptance."""
    longest_request_seconds: Annotated[int, Field(ge=1, le=540)] | None = None
    """What a request may take when its replica ends; on spot 65 s at most, and 10 to 30 s unless given."""
    engine_arguments: dict[FlagName, FlagValue] = Field(default={})
    """Other flags of `vllm serve` without dashes, `true` for a switch; those the plan sets are refused."""
    objective: ObjectiveSettings = ObjectiveSettings()
    """What its users are promised."""
    traffic: TrafficSettings | None = None
    """Expected load, all of it or none."""
