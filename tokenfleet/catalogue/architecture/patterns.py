"""Which layer is of which kind: every way in which configurations say it."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.layer_cache import CacheKind

# As transformers names them in layer_types; "attention" and "mamba" are of older configurations.
KINDS: dict[str, str] = {
    "full_attention": "full",
    "attention": "full",
    "sliding_attention": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "state",
    "mamba": "state",
    "conv": "convolution",
}


def listed_kinds(keys: Keys, layers: int) -> Sequence[str] | None:
    """The kind of each layer as a list says it, or None where there is none.

    Raises:
        ShapeError: a kind is unknown, or the list is not as long as there are layers.
    """
    words = keys.words("layer_types", "layers_block_type")
    if words is None:
        return None
    unknown = sorted({word for word in words if word not in KINDS})
    if unknown or len(words) != layers:
        known = ", ".join(sorted(KINDS))
        msg = f"layer_types must say one of {known} for each of {layers} layers"
        raise ShapeError(msg)
    return [KINDS[word] for word in words]


def every(interval: int, layers: int, *, others: CacheKind = "sliding") -> Sequence[str]:
    """Full attention in the last of every ``interval`` layers."""
    return ["full" if (place + 1) % interval == 0 else others for place in range(layers)]


def sparse_layers(keys: Keys, layers: int) -> Sequence[bool]:
    """Which layers have experts, in a model that has any.

    Raises:
        ShapeError: a list is not as long as there are layers.
    """
    chosen = keys.numbers("moe_layers")
    if chosen is not None:
        return [place in chosen for place in range(layers)]
    step = keys.number(
        "interleave_moe_layer_step", "decoder_sparse_step", "moe_layer_interval", default=1
    )
    frequency = keys.given("moe_layer_freq")
    if isinstance(frequency, list):
        marks = keys.numbers("moe_layer_freq") or ()
        if len(marks) != layers:
            msg = f"moe_layer_freq must say for each of {layers} layers whether it has experts"
            raise ShapeError(msg)
        return [bool(mark) for mark in marks]
    if words := keys.words("mlp_layer_types"):
        if len(words) != layers:
            msg = f"mlp_layer_types must say dense or sparse for each of {layers} layers"
            raise ShapeError(msg)
        return [word == "sparse" for word in words]
    if frequency is not None:
        step = keys.size("moe_layer_freq")
    first = keys.number(
        "first_k_dense_replace", "moe_layer_start_index", "num_dense_layers", default=0
    )
    dense = keys.numbers("mlp_only_layers") or ()
    last = keys.given("moe_layer_end_index")
    last = last if isinstance(last, int) and last >= 0 else layers - 1
    return [
        bool(step) and first <= place <= last and place not in dense and _on_step(keys, place, step)
        for place in range(layers)
    ]


def _on_step(keys: Keys, place: int, step: int) -> bool:
    # DeepSeek counts layers from 0, Qwen and Llama from 1 (their models in vllm/model_executor/models).
    return (
        place % step == 0 if keys.given("moe_layer_freq") is not None else (place + 1) % step == 0
    )
