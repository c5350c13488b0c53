"""Model facts from a Hugging Face ``config.json``, for models the catalogue does not list."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

from pydantic import BaseModel, Field, ValidationError

from tokenfleet.catalogue.chat_template import has_chat_template
from tokenfleet.catalogue.decoders import decoder_problem
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models import BITS_BY_DTYPE, ModelFacts, SlidingWindow, WeightsDtype
from tokenfleet.catalogue.weight_index import indexed_bytes
from tokenfleet.given_file import TYPED_BYTES, GivenFileError, given_text

# No published model comes near; beyond it a file is damaged rather than large.
_MOST = 10**9
_Size = Annotated[int, Field(gt=0, le=_MOST)]
_Count = Annotated[int, Field(ge=0, le=_MOST)]

_DTYPE_BY_BITS: Mapping[int, WeightsDtype] = {4: "int4", 8: "int8"}
_DTYPE_BY_METHOD: Mapping[str, WeightsDtype] = {"fp8": "fp8", "mxfp4": "mxfp4"}
_GROUPED = ("awq", "gptq")
_ATTENTION = frozenset({"full_attention", "sliding_attention"})
# Keys that change what a layer holds in ways the counting below does not know.
_UNSIZED = {
    "kv_lora_rank": "multi-head latent attention",
    "interleave_moe_layer_step": "experts in some of the layers only",
}


class _Quantization(BaseModel):
    quant_method: str
    bits: int = 4


class _Architecture(BaseModel):
    """The keys of a decoder-only ``config.json`` that sizing needs, as transformers names them."""

    num_hidden_layers: _Size
    hidden_size: _Size
    num_attention_heads: _Size
    num_key_value_heads: _Size | None = None
    head_dim: _Size | None = None
    intermediate_size: _Count = 0
    moe_intermediate_size: _Count | None = None
    num_experts: _Count | None = None
    num_local_experts: _Count | None = None
    n_routed_experts: _Count | None = None
    num_experts_per_tok: _Count | None = None
    n_shared_experts: _Count | None = None
    shared_expert_intermediate_size: _Count | None = None
    first_k_dense_replace: _Count | None = None
    vocab_size: _Size
    max_position_embeddings: _Size
    tie_word_embeddings: bool = False
    sliding_window: _Count | None = None
    layer_types: tuple[str, ...] | None = None
    torch_dtype: str | None = None
    dtype: str | None = None
    quantization_config: _Quantization | None = None

    @property
    def kv_heads(self) -> int:
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_size(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def experts(self) -> int:
        return self.num_experts or self.num_local_experts or self.n_routed_experts or 0


@dataclass(frozen=True, kw_only=True)
class _Weights:
    """Parameters: all, those a token visits, and those that are quantised apart."""

    total: int
    active: int
    embeddings: int
    experts: int


def facts_from_config(path: Path, *, way_out: str = "") -> ModelFacts:
    """Read the facts from ``path``, and from files beside it, named as in a repository.

    A weight index gives the exact size of the weights, a chat template says that the model chats.

    Without ``model.safetensors.index.json`` the parameters are counted from the shapes of a
    decoder with gated feed-forward layers (Llama, Qwen, Mistral, Mixtral, GLM and their kin).
    ``way_out`` is a sentence to add where the file cannot be read.

    Raises:
        CatalogueError: when the file cannot be read, lacks a key or describes a shape that
            cannot be counted, naming it.
    """
    architecture = _architecture(path, way_out)
    dtype = _dtype(architecture, path)
    weights = _weights(architecture)
    counted = _counted_bytes(weights, dtype)
    indexed = indexed_bytes(path.with_name("model.safetensors.index.json"), counted)
    windowed = sum(kind == "sliding_attention" for kind in architecture.layer_types or ())
    return ModelFacts(
        parameters=weights.total,
        active_parameters=weights.active,
        layers=architecture.num_hidden_layers,
        hidden_size=architecture.hidden_size,
        attention_heads=architecture.num_attention_heads,
        kv_heads=architecture.kv_heads,
        head_size=architecture.head_size,
        vocabulary_size=architecture.vocab_size,
        weights_dtype=dtype,
        weights_bytes=indexed or counted,
        context_length=architecture.max_position_embeddings,
        sliding_window=SlidingWindow(layers=windowed, tokens=architecture.sliding_window)
        if windowed and architecture.sliding_window
        else None,
        chats=has_chat_template(path.parent),
        license="see the model card",
        gated=False,
        revision=None,
        source=f"{path.name}, {'its weight index' if indexed else 'parameters counted from shapes'}",
    )


def _architecture(path: Path, way_out: str) -> _Architecture:
    try:
        found = cast("object", json.loads(given_text(path, TYPED_BYTES)))
    except (OSError, GivenFileError) as error:
        said = getattr(error, "strerror", None) or error
        msg = f"cannot read {path}: {said}" + (f". {way_out}" if way_out else "")
        raise CatalogueError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is not JSON: {error}"
        raise CatalogueError(msg) from error
    keys = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    # Models that also see or hear keep the language model under text_config.
    inner = keys.get("text_config", {})
    if not isinstance(inner, dict):
        msg = f"{path} is not the config.json of a decoder model: text_config: is not a mapping"
        raise CatalogueError(msg)
    keys = {**keys, **cast("dict[str, object]", inner)}
    if keys and (problem := decoder_problem(keys)):
        msg = f"{path} cannot be sized: {problem}"
        raise CatalogueError(msg)
    try:
        architecture = _Architecture.model_validate(keys if isinstance(found, dict) else found)
    except ValidationError as error:
        gaps = "; ".join(
            f"{'.'.join(map(str, gap['loc'])) or 'the file'}: {gap['msg']}"
            for gap in error.errors()
        )
        msg = f"{path} is not the config.json of a decoder model: {gaps}"
        raise CatalogueError(msg) from error
    if obstacles := "; ".join(_obstacles(architecture, keys)):
        msg = f"{path} cannot be sized yet: {obstacles}"
        raise CatalogueError(msg)
    return architecture


def _obstacles(architecture: _Architecture, keys: Mapping[str, object]) -> Iterator[str]:
    """What would make the counts wrong: refused, because a silent guess sizes nodes wrongly."""
    yield from (f"{what} ({key})" for key, what in _UNSIZED.items() if keys.get(key) is not None)
    if not architecture.head_size:
        yield "hidden_size is below num_attention_heads, and there is no head_dim"
    if not architecture.intermediate_size and not architecture.moe_intermediate_size:
        yield "intermediate_size is missing"
    experts, active = architecture.experts, architecture.num_experts_per_tok or 0
    if experts and not 0 < active <= experts:
        yield f"num_experts_per_tok must be between 1 and {experts}"
    counts = [k for k, v in keys.items() if "expert" in k and isinstance(v, int) and v > 1]
    if counts and not experts:
        yield f"{', '.join(counts)} without num_experts, num_local_experts or n_routed_experts"
    kinds = architecture.layer_types or ()
    if len(kinds) not in {0, architecture.num_hidden_layers} or set(kinds) - _ATTENTION:
        known = " or ".join(sorted(_ATTENTION))
        yield f"layer_types must say {known} for each of {architecture.num_hidden_layers} layers"


def _dtype(architecture: _Architecture, path: Path) -> WeightsDtype:
    quantization = architecture.quantization_config
    if quantization is None:
        # A checkpoint in float32 is cast by every engine here; bfloat16 is what is loaded.
        stored = architecture.dtype or architecture.torch_dtype
        return "float16" if stored == "float16" else "bfloat16"
    method, bits = quantization.quant_method, quantization.bits
    if method in _GROUPED and bits in _DTYPE_BY_BITS:
        return _DTYPE_BY_BITS[bits]
    if method in _DTYPE_BY_METHOD:
        return _DTYPE_BY_METHOD[method]
    msg = (
        f"{path}: quantization_config with quant_method '{method}' and bits {bits} cannot be sized"
        " yet (known: fp8, mxfp4, awq and gptq of 4 or 8 bits)"
    )
    raise CatalogueError(msg)


def _weights(architecture: _Architecture) -> _Weights:
    """Count the parameters of a gated-feed-forward decoder."""
    width, layers = architecture.hidden_size, architecture.num_hidden_layers
    experts, heads = architecture.experts, architecture.num_attention_heads + architecture.kv_heads
    attention = 2 * width * architecture.head_size * heads
    expert_width = architecture.moe_intermediate_size or architecture.intermediate_size
    dense_width = architecture.intermediate_size or expert_width
    sparse_layers = max(0, layers - (architecture.first_k_dense_replace or 0)) if experts else 0
    expert = 3 * width * expert_width
    shared = 3 * width * (architecture.shared_expert_intermediate_size or 0)
    shared += expert * (architecture.n_shared_experts or 0)
    embeddings = architecture.vocab_size * width * (1 if architecture.tie_word_embeddings else 2)
    total = (
        layers * (attention + 2 * width)
        + (layers - sparse_layers) * 3 * width * dense_width
        + sparse_layers * (expert * experts + shared + width * experts)
        + embeddings
        + width
    )
    idle = sparse_layers * expert * (experts - (architecture.num_experts_per_tok or 0))
    return _Weights(
        total=total,
        active=total - idle,
        embeddings=embeddings,
        experts=sparse_layers * expert * experts,
    )


def _counted_bytes(weights: _Weights, dtype: WeightsDtype) -> int:
    """The size of the files: embeddings stay 16-bit, and beside mxfp4 experts so does the rest."""
    quantised = weights.total - weights.embeddings
    if dtype == "mxfp4" and weights.experts:
        quantised = weights.experts
    return round(2 * (weights.total - quantised) + quantised * BITS_BY_DTYPE[dtype] / 8)
