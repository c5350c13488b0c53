"""Decoders of attention and gated feed-forward layers: Llama and its kin, and their mixtures of experts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.architecture.attention import Grouped
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated, plain
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer
from tokenfleet.catalogue.architecture.parameters import NONE, Parameters, dense
from tokenfleet.catalogue.architecture.patterns import every, listed_kinds, sparse_layers
from tokenfleet.catalogue.layer_cache import CacheKind

_EXPERTS = (
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "moe_num_experts",
    "num_moe_experts",
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a family does that its configuration does not say.

    ``qk_norms``: one of a head's size on queries and keys, or one over all heads. ``norms``: how
    many of the model's width a layer has. ``pattern``: of how many layers one attends to all,
    where no list says so. ``parallel``: a dense feed-forward part beside the experts of a layer.
    ``matrices``: of a feed-forward part, 3 with a gate. ``norms`` that have a bias count twice.
    ``longer``: how many tokens a window has more than its key says.
    """

    bias: bool = False
    out_bias: bool = False
    qk_norms: Literal["head", "all"] | None = None
    norms: int = 2
    pattern: int | None = None
    parallel: bool = False
    has_experts: bool = False
    sinks: bool = False
    matrices: int = 3
    forward_bias: bool = False
    expert_bias: bool = False
    gated_query: bool = False
    shared_gate: bool = False
    longer: int = 0

    def forward(self, width: int, inner: int) -> Parameters:
        """A feed-forward part that every token visits."""
        # Three matrices: a gate, up and down.
        part = gated if self.matrices == 3 else plain  # noqa: PLR2004
        return part(width, inner, bias=self.forward_bias)


def text_layers(keys: Keys, kind: Kind) -> Sequence[Layer]:
    """The layers of such a decoder.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count = keys.layers()
    kinds = attention_kinds(keys, kind, count)
    forwards = feed_forwards(keys, kind, count)
    width = keys.size("hidden_size")
    return [
        Layer(
            mixer=attention(keys, kind, what),
            feed_forward=forward,
            norms=kind.norms * width,
        )
        for what, forward in zip(kinds, forwards, strict=True)
    ]


def attention_kinds(keys: Keys, kind: Kind, layers: int) -> Sequence[str]:
    """What each layer attends to."""
    listed = listed_kinds(keys, layers)
    if listed is not None:
        return listed
    window = keys.number("sliding_window", default=0)
    marks = keys.numbers("hybrid_layer_pattern")
    if marks is not None:
        if len(marks) != layers:
            msg = f"hybrid_layer_pattern must say for each of {layers} layers whether it is local"
            raise ShapeError(msg)
        return ["sliding" if mark else "full" for mark in marks]
    interval = keys.number("sliding_window_pattern", default=kind.pattern or 0)
    if interval > 1 and window:
        return every(interval, layers)
    # A window that nothing limits to some of the layers is of all, whatever the family.
    whole = "sliding" if window and keys.flag("use_sliding_window", default=True) else "full"
    return [whole] * layers


def attention(keys: Keys, kind: Kind, what: str) -> Mixer:
    """Attention of a layer that attends to all, to a window or to a chunk."""
    known: Mapping[str, CacheKind] = {"full": "full", "sliding": "sliding", "chunked": "chunked"}
    if what not in known:
        msg = f"layer_types: models of this model_type have no {what} layers in the pinned engine"
        raise ShapeError(msg)
    local = what == "sliding"
    width = keys.size("hidden_size")
    heads = keys.size("num_attention_heads")
    kv_heads = keys.number("num_key_value_heads", default=0) or heads
    head = keys.number("head_dim", default=0) or width // heads
    value = keys.number("v_head_dim", default=0) or head
    if local:
        heads = keys.number("swa_num_attention_heads", default=0) or heads
        kv_heads = keys.number("swa_num_key_value_heads", default=0) or kv_heads
        head = keys.number("swa_head_dim", default=0) or head
        value = keys.number("swa_v_head_dim", default=0) or value
    else:
        # Gemma 4: layers that attend to all have heads of their own.
        head, value = (keys.number("global_head_dim", default=0) or each for each in (head, value))
        kv_heads = keys.number("num_global_key_value_heads", default=0) or kv_heads
    if not head:
        msg = "hidden_size is below num_attention_heads, and there is no head_dim"
        raise ShapeError(msg)
    tokens = None
    if local:
        tokens = keys.size("sliding_window", "sliding_window_size") + kind.longer
    elif what == "chunked":
        tokens = keys.size("attention_chunk_size")
    norms = {None: 0, "head": 2 * head, "all": (heads + kv_heads) * head}[kind.qk_norms]
    return Grouped(
        width=width,
        heads=heads,
        kv_heads=kv_heads,
        head=head,
        value_head=value,
        bias=keys.flag("attention_bias", "qkv_bias", "use_qkv_bias", default=kind.bias),
        out_bias=kind.out_bias,
        gated=kind.gated_query,
        norms=norms,
        sinks=kind.sinks,
        kind=known[what],
        tokens=tokens,
    ).mixer()


def feed_forwards(keys: Keys, kind: Kind, layers: int) -> Sequence[Parameters]:
    """The feed-forward part of each layer."""
    experts = keys.number(*_EXPERTS, default=0)
    if experts and not kind.has_experts:
        key = next(name for name in _EXPERTS if keys.given(name))
        msg = f"{key}: models of this model_type have no experts in the pinned engine"
        raise ShapeError(msg)
    width = keys.size("hidden_size")
    if not experts:
        inner = keys.size("intermediate_size")
        return [kind.forward(width, inner)] * layers
    sparse = _experts(keys, kind, experts)
    is_sparse = sparse_layers(keys, layers)
    whole: Parameters = NONE
    if kind.parallel or not all(is_sparse):
        inner = keys.size("intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")
        whole = kind.forward(width, inner)
    both = sparse + whole if kind.parallel else sparse
    return [both if each else whole for each in is_sparse]


def _experts(keys: Keys, kind: Kind, experts: int) -> Parameters:
    width = keys.size("hidden_size")
    inner = keys.size("expert_hidden_dim", "moe_intermediate_size", "intermediate_size")
    per_token = keys.number(
        "num_experts_per_tok",
        "num_experts_per_token",
        "top_k_experts",
        "moe_topk",
        "moe_k",
        default=0,
    )
    if not 0 < per_token <= experts:
        msg = f"num_experts_per_tok must be between 1 and {experts}"
        raise ShapeError(msg)
    many = keys.number(
        "n_shared_experts", "num_shared_experts", "moe_num_shared_experts", default=0
    )
    beside = keys.number(
        "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size",
        "shared_intermediate_size",
        default=0,
    )
    shared = kind.forward(width, beside or many * inner) if beside or many else NONE
    if kind.shared_gate and beside:
        shared = shared + dense(width)
    return Experts(
        width=width,
        inner=inner,
        count=experts,
        per_token=per_token,
        matrices=kind.matrices,
        latent=keys.number("moe_latent_size", "routed_expert_hidden_size", default=0),
        bias=kind.expert_bias,
        router_bias=kind.expert_bias,
        shared=shared,
    ).parameters()
