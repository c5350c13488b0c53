"""What a model that vllm built holds: parameters by what they are, and its layers' caches."""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from vllm.config import VllmConfig
from vllm.model_executor.layers.attention_layer_base import AttentionLayerBase
from vllm.model_executor.layers.fused_moe.routed_experts import RoutedExperts
from vllm.model_executor.layers.vocab_parallel_embedding import (
    ParallelLMHead,
    VocabParallelEmbedding,
)
from vllm.model_executor.models.interfaces import supports_multimodal
from vllm.v1.attention.backends.utils import (
    get_supported_kv_cache_layouts,
    resolve_kv_cache_layout,
)
from vllm.v1.core.kv_cache_utils import _max_memory_usage_bytes_from_groups, get_kv_cache_groups
from vllm.v1.kv_cache_interface import (
    AttentionSpec,
    KVCacheSpec,
    KVCacheSpecKind,
    MambaSpec,
    get_kv_cache_spec_kind,
)
from vllm.v1.worker.gpu.attn_utils import get_kv_cache_spec

_KINDS = {
    KVCacheSpecKind.FULL_ATTENTION: "full",
    KVCacheSpecKind.SINK_FULL_ATTENTION: "full",
    KVCacheSpecKind.SLIDING_WINDOW: "sliding",
    KVCacheSpecKind.CHUNKED_LOCAL_ATTENTION: "chunked",
    KVCacheSpecKind.MLA_ATTENTION: "mla",
    KVCacheSpecKind.SLIDING_WINDOW_MLA: "sliding_mla",
    KVCacheSpecKind.ENCODER_ONLY_ATTENTION: "encoder",
    KVCacheSpecKind.CROSS_ATTENTION: "cross",
}


def parameters(model: torch.nn.Module) -> dict[str, Any]:
    """How many parameters there are, their bytes, and of which kind they are; each counted once."""
    kinds = dict(_kinds(model))
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for parameter in model.parameters():
        kind = kinds.get(id(parameter), "rest")
        counts[kind] += parameter.numel()
        sizes[kind] += parameter.numel() * parameter.element_size()
        types[str(parameter.dtype).removeprefix("torch.")] += parameter.numel()
    names = ("embedding", "head", "routedExperts", "vision", "rest")
    return {
        "parameters": counts.total(),
        "bytes": sizes.total(),
        "split": {name: counts[name] for name in names},
        "otherTypes": {name: n for name, n in types.items() if name != "bfloat16"},
    }


def _kinds(model: torch.nn.Module) -> Iterator[tuple[int, str]]:
    # The last word on a parameter counts: a tied head is the embedding.
    language = model.get_language_model() if supports_multimodal(model) else model
    spoken = {id(p) for p in language.parameters()}
    yield from ((id(p), "vision") for p in model.parameters() if id(p) not in spoken)
    heads = {
        id(p) for m in model.modules() if isinstance(m, ParallelLMHead) for p in m.parameters()
    }
    yield from ((head, "head") for head in heads)
    for module in model.modules():
        held = [id(p) for p in module.parameters(recurse=False)]
        if isinstance(module, RoutedExperts):
            yield from ((id(p), "routedExperts") for p in module.parameters())
        elif isinstance(module, ParallelLMHead):
            pass
        elif isinstance(module, VocabParallelEmbedding):
            yield from ((p, "embedding") for p in held)
        elif isinstance(module, torch.nn.Embedding):
            yield from ((p, "embedding") for p in held if p in heads)


def layers(config: VllmConfig) -> list[dict[str, Any]]:
    """The caches of the layers, alike ones together, in their order."""
    specs = get_kv_cache_spec(config)
    found: Counter[tuple[tuple[str, Any], ...]] = Counter()
    for name, layer in config.compilation_config.static_forward_context.items():
        if name in specs:
            found[tuple(_layer(specs[name]).items())] += 1
        elif isinstance(layer, AttentionLayerBase):
            if getattr(layer, "kv_sharing_target_layer_name", None):
                found[(("kind", "shared"),)] += 1
            elif "encoder" in str(getattr(layer, "attn_type", "")).lower():
                found[(("kind", "encoder"),)] += 1
    return [{"count": count, **dict(keys)} for keys, count in found.items()]


def _layer(spec: KVCacheSpec) -> dict[str, Any]:
    if isinstance(spec, MambaSpec):
        return {
            "kind": "mamba",
            "type": spec.mamba_type.name.lower(),
            "bytesPerSequence": spec.state_content_size_bytes,
        }
    assert isinstance(spec, AttentionSpec)
    kind = get_kv_cache_spec_kind(spec)
    window = getattr(spec, "sliding_window", None) or getattr(spec, "attention_chunk_size", None)
    per_token = spec.unpadded_page_size_bytes / spec.block_size
    row = {
        "kind": _KINDS.get(kind, "other"),
        "kvHeads": spec.num_kv_heads,
        "headSize": spec.head_size,
        "headSizeV": spec.head_size_v,
        "window": window,
        "bytesPerToken": int(per_token) if per_token.is_integer() else per_token,
    }
    role = getattr(spec, "cache_role", None)
    if role is not None and role.value == "indexer":
        row["type"] = "indexer"
    if kind is KVCacheSpecKind.UNKNOWN:
        row["type"] = type(spec).__name__
    return row


def request_bytes(config: VllmConfig) -> dict[str, int]:
    """What one request of the longest length takes, as ``_check_enough_kv_cache_memory`` is told.

    That is ``_max_memory_usage_bytes_from_groups`` of ``get_kv_cache_groups``: whole blocks, groups
    padded to one size.
    """
    specs = get_kv_cache_spec(config)
    context = config.compilation_config.static_forward_context
    backends = [context[name].get_attn_backend() for name in specs]
    layouts = [[layout.name for layout in get_supported_kv_cache_layouts(backends)]]
    resolve_kv_cache_layout(config, layouts, specs.values())
    groups = get_kv_cache_groups(config, specs)
    return {
        "blockTokens": config.cache_config.block_size,
        "maxInFlightTokens": config.max_in_flight_tokens,
        "cacheBytesPerRequest": _max_memory_usage_bytes_from_groups(config, groups),
    }
