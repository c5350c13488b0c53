"""Kimi Linear and Kimi K3: a delta network with a gate for each channel, and latent attention in every fourth layer."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.architecture.decoders import Kind, feed_forwards
from tokenfleet.catalogue.architecture.family.latent import latent_attention
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.mixers import MODEL_BYTES, STATE_BYTES
from tokenfleet.catalogue.architecture.parameters import Parameters, dense
from tokenfleet.catalogue.layer_cache import LayerCache

_KIND = Kind(has_experts=True)


def kimi_linear_layers(keys: Keys) -> Sequence[Layer]:
    """The layers, by the numbers in ``linear_attn_config``, which count from 1.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    linear = keys.below("linear_attn_config") or Keys({})
    delta = {*(linear.numbers("kda_layers") or ())}
    if not linear.numbers("full_attn_layers") or delta - {*range(1, count + 1)}:
        msg = f"linear_attn_config must say which of {count} layers attend to all"
        raise ShapeError(msg)
    state = _Delta(
        width=width,
        heads=linear.size("num_heads"),
        head=linear.size("head_dim"),
        kernel=linear.size("short_conv_kernel_size"),
        full_gate=linear.flag("use_full_rank_gate"),
    ).mixer()
    latent = latent_attention(keys).mixer()
    # Norms and weights of what earlier layers found, with attention residuals.
    norms = (6 if keys.number("attn_res_block_size", default=0) else 2) * width
    return [
        Layer(
            mixer=state if place + 1 in delta else latent,
            feed_forward=_with_norm(keys, forward),
            norms=norms,
            names=Names(experts="block_sparse_moe.experts"),
        )
        for place, forward in enumerate(feed_forwards(keys, _KIND, count))
    ]


def _with_norm(keys: Keys, forward: Parameters) -> Parameters:
    latent = keys.number("routed_expert_hidden_size", default=0)
    has_norm = bool(forward.experts) and keys.flag("latent_moe_use_norm")
    return forward + dense(latent if has_norm else 0)


@dataclass(frozen=True, kw_only=True)
class _Delta:
    """Kimi Delta Attention (arXiv:2510.26692); ``full_gate``: its output gate is one matrix, not two."""

    width: int
    heads: int
    head: int
    kernel: int
    full_gate: bool

    def mixer(self) -> Mixer:
        """The parameters and the state of a sequence."""
        inner = self.heads * self.head
        count = self.width * (3 * inner + self.head + self.heads) + self.head * inner
        gate = self.width * inner if self.full_gate else self.head * (self.width + inner)
        count += gate + 3 * inner * self.kernel + inner + self.heads + self.head
        count += inner * self.width
        size = (self.kernel - 1) * 3 * inner * MODEL_BYTES
        size += inner * self.head * STATE_BYTES
        return Mixer(
            parameters=dense(count),
            output=inner * self.width,
            caches=[LayerCache(kind="state", layers=1, entry_bytes=size)],
            heads=self.heads,
        )
