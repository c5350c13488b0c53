"""BERT with rotary positions: Nomic's, some of whose layers have experts, and GTE."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.encoders.bert import Encoder, attention, head
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated, plain
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer
from tokenfleet.catalogue.architecture.parameters import Parameters, dense, idle, padded_rows
from tokenfleet.task import Task

# transformers, NomicBertConfig: published files say n_head, which the engine does not read.
_NOMIC_HEADS = 12
# vllm/model_executor/models/config.py, NomicBertModelConfig: set anew from other keys.
_REPLACED = ("head_dim", "intermediate_size", "n_head", "layer_norm_eps")


def nomic_bert(keys: Keys, task: Task) -> Encoder:
    """Nomic Embed; experts in every so many layers from the second on.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    if task != "embed":
        msg = f"architectures: the pinned engine does not {task} with models of this model_type"
        raise ShapeError(msg)
    biases = {keys.flag("mlp_fc1_bias"), keys.flag("mlp_fc2_bias"), keys.flag("qkv_proj_bias")}
    activation = keys.word("activation_function")
    _refuse_other_positions(keys)
    keys.given(*_REPLACED)
    if activation not in {"swiglu", "gelu"} or len(biases) != 1:
        msg = "activation_function must be swiglu or gelu, and the biases of all matrices alike"
        raise ShapeError(msg)
    keys = keys.with_default("num_attention_heads", _NOMIC_HEADS).replacing(
        hidden_size=keys.size("n_embd"), num_hidden_layers=keys.layers(name="n_layer")
    )
    width, inner, bias = keys.size("hidden_size"), keys.size("n_inner"), biases.pop()
    forward = (gated if activation == "swiglu" else plain)(width, inner, bias=bias)
    every = keys.number("moe_every_n_layers", default=0)
    experts = _experts(keys, width, inner) if every else forward
    forwards = [
        experts if every and place % every == 1 else forward for place in range(keys.layers())
    ]
    return _encoder(keys, attention(keys, bias=bias), forwards, labelled=0)


def gte(keys: Keys, task: Task) -> Encoder:
    """GTE and Snowflake Arctic Embed 2: a gate whose first matrix has no bias.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    _refuse_other_positions(keys)
    if keys.word("position_embedding_type") is None or keys.word("hidden_act") != "gelu":
        msg = "position_embedding_type must be rope, and hidden_act gelu: the pinned engine has no other"
        raise ShapeError(msg)
    width, bias = keys.size("hidden_size"), keys.flag("bias", default=True)
    forward = gated(width, keys.size("intermediate_size")) + dense(width * bias)
    return _encoder(
        keys,
        attention(keys, bias=bias),
        [forward] * keys.layers(),
        labelled=head(keys, task, bias=True),
    )


def _encoder(keys: Keys, mixer: Mixer, forwards: Sequence[Parameters], *, labelled: int) -> Encoder:
    width = keys.size("hidden_size")
    segments = keys.number("type_vocab_size")
    looked_up = width * (padded_rows(keys.size("vocab_size")) + padded_rows(segments))
    layer = Layer(mixer=mixer, norms=4 * width)
    return Encoder(
        layers=[replace(layer, feed_forward=each) for each in forwards],
        outside=idle(looked_up) + dense(2 * width + labelled),
        context_length=keys.size("max_position_embeddings"),
        width=width,
        heads=keys.size("num_attention_heads"),
    )


def _experts(keys: Keys, width: int, inner: int) -> Parameters:
    count, chosen = keys.size("num_experts"), keys.size("moe_top_k")
    if chosen > count:
        msg = f"moe_top_k must be at most the {count} of num_experts"
        raise ShapeError(msg)
    found = Experts(width=width, inner=inner, count=count, per_token=chosen, matrices=2)
    return found.parameters() + dense(width)


def _refuse_other_positions(keys: Keys) -> None:
    if keys.word("position_embedding_type") not in {None, "rope", "rotary"}:
        msg = "position_embedding_type: the pinned engine knows rotary ones alone here"
        raise ShapeError(msg)
    if keys.given("rotary_emb_scale_base") is not None or keys.flag("rotary_emb_interleaved"):
        msg = "rotary_emb_scale_base, rotary_emb_interleaved: the pinned engine knows neither"
        raise ShapeError(msg)
