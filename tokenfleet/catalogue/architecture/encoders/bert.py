"""BERT and its kin: every token sees all others, and nothing is kept of a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tokenfleet.catalogue.architecture.feed_forward import gated, plain
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer
from tokenfleet.catalogue.architecture.parameters import Parameters, dense, idle, padded_rows
from tokenfleet.catalogue.architecture.task import labels_of
from tokenfleet.catalogue.layer_cache import LayerCache
from tokenfleet.task import Task


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """The layers of an encoder, what is outside them, and the longest sequence that it takes."""

    layers: Sequence[Layer]
    outside: Parameters
    context_length: int
    width: int
    heads: int


# What only a head of words, which is not loaded, and windows, of which nothing is kept, are made by.
_WITHOUT_EFFECT = ("tie_word_embeddings", "decoder_bias", "layer_types", "local_attention")


def attention(keys: Keys, *, bias: bool) -> Mixer:
    """Four matrices as wide as the model.

    Raises:
        ShapeError: a key is missing, or the heads do not share the model's width.
    """
    width, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    keys.given(*_WITHOUT_EFFECT)
    if width % heads:
        msg = f"hidden_size must be a multiple of {heads} heads"
        raise ShapeError(msg)
    return Mixer(
        parameters=dense(4 * width * (width + bias)),
        output=width * width,
        caches=[LayerCache(kind="encoder", layers=1, heads=heads)],
        heads=heads,
    )


def head(keys: Keys, task: Task, *, bias: bool, norms: int = 0) -> int:
    """A matrix of the model's width before one that has a row for each label."""
    if task not in {"rerank", "classify"}:
        return 0
    width = keys.size("hidden_size")
    return width * (width + bias) + norms * width + (width + 1) * labels_of(keys)


def bert(keys: Keys, task: Task) -> Encoder:
    """BERT: positions and two kinds of segments are learnt; everything has a bias."""
    if keys.word("position_embedding_type") not in {None, "absolute"}:
        msg = "position_embedding_type: the pinned engine knows absolute ones alone"
        raise ShapeError(msg)
    width, positions = keys.size("hidden_size"), keys.size("max_position_embeddings")
    rows = (keys.size("vocab_size"), positions, keys.size("type_vocab_size", default=2))
    layer = Layer(
        mixer=attention(keys, bias=True),
        feed_forward=plain(width, keys.size("intermediate_size"), bias=True),
        norms=4 * width,
    )
    looked_up = width * sum(map(padded_rows, rows))
    return Encoder(
        layers=[layer] * keys.layers(),
        outside=idle(looked_up) + dense(2 * width + head(keys, task, bias=True)),
        context_length=positions,
        width=width,
        heads=keys.size("num_attention_heads"),
    )


def roberta(keys: Keys, task: Task) -> Encoder:
    """RoBERTa: BERT whose positions begin behind that of the padding."""
    found = bert(keys, task)
    behind = keys.number("pad_token_id", default=1) + 1
    return replace(found, context_length=max(1, found.context_length - behind))


def modern_bert(keys: Keys, task: Task) -> Encoder:
    """ModernBERT: rotary positions, a gate, no norm before the first attention, few biases."""
    width = keys.size("hidden_size")
    norm = width * (1 + keys.flag("norm_bias", default=False))
    mixer = attention(keys, bias=keys.flag("attention_bias", default=False))
    forward = gated(
        width, keys.size("intermediate_size"), bias=keys.flag("mlp_bias", default=False)
    )
    layers = [
        Layer(mixer=mixer, feed_forward=forward, norms=norm * (2 if place else 1))
        for place in range(keys.layers())
    ]
    bias = keys.flag("classifier_bias", default=False)
    looked_up = width * padded_rows(keys.size("vocab_size"))
    return Encoder(
        layers=layers,
        outside=idle(looked_up) + dense(2 * norm + head(keys, task, bias=bias, norms=1)),
        context_length=keys.size("max_position_embeddings"),
        width=width,
        heads=keys.size("num_attention_heads"),
    )
