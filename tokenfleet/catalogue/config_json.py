"""Model facts from a Hugging Face ``config.json``, for models the catalogue does not list."""

import json
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models import ModelFacts, SlidingWindow, WeightsDtype

_BYTES_BY_DTYPE: dict[WeightsDtype, float] = {
    "bfloat16": 2,
    "float16": 2,
    "fp8": 1,
    "int8": 1,
    "mxfp4": 4.25 / 8,  # 4 bits and one 8-bit scale for 32 values (OCP MX specification 1.0)
    "int4": 0.5,
}
_DTYPE_BY_QUANTIZATION: dict[str, WeightsDtype] = {
    "fp8": "fp8",
    "mxfp4": "mxfp4",
    "awq": "int4",
    "gptq": "int4",
}


class _Quantization(BaseModel):
    model_config = ConfigDict(extra="ignore")
    quant_method: str


class _Architecture(BaseModel):
    """The keys of a decoder-only ``config.json`` that sizing needs, as transformers names them."""

    model_config = ConfigDict(extra="ignore")
    num_hidden_layers: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    num_attention_heads: int = Field(gt=0)
    num_key_value_heads: int | None = Field(default=None, gt=0)
    head_dim: int | None = Field(default=None, gt=0)
    intermediate_size: int = Field(default=0, ge=0)
    moe_intermediate_size: int | None = None
    num_experts: int | None = None
    num_local_experts: int | None = None
    num_experts_per_tok: int = 0
    vocab_size: int = Field(gt=0)
    max_position_embeddings: int = Field(gt=0)
    tie_word_embeddings: bool = False
    sliding_window: int | None = None
    layer_types: tuple[str, ...] = ()
    torch_dtype: str | None = None
    dtype: str | None = None
    kv_lora_rank: int | None = None
    quantization_config: _Quantization | None = None


def facts_from_config(path: Path) -> ModelFacts:
    """Read the facts from ``path``; a weight index beside it gives the exact size of the weights.

    Without ``model.safetensors.index.json`` the parameters are counted from the shapes of a
    decoder with gated feed-forward layers (Llama, Qwen, Mistral, Mixtral and their kin).

    Raises:
        CatalogueError: when the file cannot be read or lacks a key, naming it.
    """
    architecture = _architecture(path)
    heads = architecture.num_attention_heads
    kv_heads = architecture.num_key_value_heads or heads
    head_size = architecture.head_dim or architecture.hidden_size // heads
    dtype = _dtype(architecture, path)
    total, active = _parameters(architecture, kv_heads, head_size)
    indexed = _indexed_bytes(path.with_name("model.safetensors.index.json"))
    windowed = sum(kind == "sliding_attention" for kind in architecture.layer_types)
    window = (
        SlidingWindow.model_validate({"layers": windowed, "tokens": architecture.sliding_window})
        if windowed and architecture.sliding_window
        else None
    )
    return ModelFacts(
        parameters=total,
        active_parameters=active,
        layers=architecture.num_hidden_layers,
        hidden_size=architecture.hidden_size,
        attention_heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        vocabulary_size=architecture.vocab_size,
        weights_dtype=dtype,
        weights_bytes=indexed or round(total * _BYTES_BY_DTYPE[dtype]),
        context_length=architecture.max_position_embeddings,
        sliding_window=window,
        license="see the model card",
        gated=False,
        revision=None,
        source=f"{path.name} and its weight index"
        if indexed
        else f"{path.name}, parameters counted from shapes",
    )


def _architecture(path: Path) -> _Architecture:
    try:
        found = cast("object", json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}. Give a path relative to Pulumi.yaml"
        raise CatalogueError(msg) from error
    except ValueError as error:
        msg = f"{path} is not JSON: {error}"
        raise CatalogueError(msg) from error
    # Models that also see or hear keep the language model under text_config.
    if isinstance(found, dict) and "text_config" in found:
        outer = cast("dict[str, object]", found)
        found = {**outer, **cast("dict[str, object]", outer["text_config"])}
    try:
        architecture = _Architecture.model_validate(found)
    except ValidationError as error:
        gaps = "; ".join(
            f"{'.'.join(map(str, gap['loc'])) or 'the file'}: {gap['msg']}"
            for gap in error.errors()
        )
        msg = f"{path} is not the config.json of a decoder model: {gaps}"
        raise CatalogueError(msg) from error
    if architecture.kv_lora_rank is not None:
        msg = f"{path}: multi-head latent attention (kv_lora_rank) cannot be sized yet"
        raise CatalogueError(msg)
    return architecture


def _dtype(architecture: _Architecture, path: Path) -> WeightsDtype:
    if architecture.quantization_config:
        method = architecture.quantization_config.quant_method
        if method not in _DTYPE_BY_QUANTIZATION:
            known = ", ".join(_DTYPE_BY_QUANTIZATION)
            msg = f"{path}: quant_method '{method}' cannot be sized yet (known: {known})"
            raise CatalogueError(msg)
        return _DTYPE_BY_QUANTIZATION[method]
    # A checkpoint in float32 is cast by every engine here; bfloat16 is what is loaded.
    stored = architecture.dtype or architecture.torch_dtype
    return "float16" if stored == "float16" else "bfloat16"


def _parameters(architecture: _Architecture, kv_heads: int, head_size: int) -> tuple[int, int]:
    """Total and active parameters of a gated-feed-forward decoder."""
    width = architecture.hidden_size
    attention = 2 * width * head_size * (architecture.num_attention_heads + kv_heads)
    experts = architecture.num_experts or architecture.num_local_experts or 0
    feed_forward = (
        3 * width * (architecture.moe_intermediate_size or architecture.intermediate_size)
    )
    layer = attention + feed_forward * max(1, experts) + width * experts + 2 * width
    idle = feed_forward * (experts - architecture.num_experts_per_tok) if experts else 0
    embeddings = architecture.vocab_size * width * (1 if architecture.tie_word_embeddings else 2)
    total = architecture.num_hidden_layers * layer + embeddings + width
    return total, total - architecture.num_hidden_layers * idle


def _indexed_bytes(index: Path) -> int | None:
    """``metadata.total_size`` of a weight index, or None without one."""
    try:
        found = cast("object", json.loads(index.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        msg = f"cannot read {index}: {error}"
        raise CatalogueError(msg) from error
    try:
        return int(cast("dict[str, dict[str, int]]", found)["metadata"]["total_size"])
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{index} has no metadata.total_size"
        raise CatalogueError(msg) from error
