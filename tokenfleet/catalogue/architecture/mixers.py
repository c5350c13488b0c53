"""Mixers that keep a state of fixed size instead of keys and values."""

from dataclasses import dataclass

from tokenfleet.catalogue.architecture.layer import Mixer
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.layer_cache import LayerCache

# Convolutions keep values of the model, 16 bits; the recurrent state is in 32 bits unless a key
# says otherwise (vllm/model_executor/layers/mamba/mamba_utils.py).
MODEL_BYTES = 2
STATE_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class GatedDelta:
    """A gated delta network, as Qwen3-Next and Qwen3.5 have it."""

    width: int
    key_heads: int
    key_head: int
    value_heads: int
    value_head: int
    kernel: int
    state_bytes: int = STATE_BYTES

    def mixer(self) -> Mixer:
        """The parameters and the state of a sequence."""
        keys, values = self.key_heads * self.key_head, self.value_heads * self.value_head
        mixed = 2 * keys + values
        count = self.width * (mixed + values)  # with the gate
        count += self.width * 2 * self.value_heads + 2 * self.value_heads
        count += mixed * self.kernel + self.value_head + values * self.width
        size = (self.kernel - 1) * mixed * MODEL_BYTES
        size += self.value_heads * self.value_head * self.key_head * self.state_bytes
        return Mixer(
            parameters=dense(count),
            output=values * self.width,
            caches=[LayerCache(kind="state", layers=1, entry_bytes=size)],
            heads=self.key_heads,
        )


@dataclass(frozen=True, kw_only=True)
class Mamba1:
    """A selective state space without heads (arXiv:2312.00752); ``rank`` is that of its step.

    ``norms``: whether what the step is made of passes norms that have parameters.
    """

    width: int
    inner: int
    state: int
    rank: int
    kernel: int
    bias: bool
    convolution_bias: bool
    norms: bool = False

    def mixer(self) -> Mixer:
        """The parameters and the state of a sequence."""
        inner, made = self.inner, self.rank + 2 * self.state
        count = 3 * self.width * inner + (2 * inner + self.width) * self.bias
        count += inner * (self.kernel + self.convolution_bias)
        count += inner * made + (self.rank + 1) * inner
        count += inner * (self.state + 1) + made * self.norms
        size = ((self.kernel - 1) * inner + inner * self.state) * MODEL_BYTES
        return Mixer(
            parameters=dense(count),
            output=inner * self.width,
            caches=[LayerCache(kind="state", layers=1, entry_bytes=size)],
            heads=inner,
        )


@dataclass(frozen=True, kw_only=True)
class Mamba2:
    """A selective state space with heads (arXiv:2405.21060)."""

    width: int
    heads: int
    head: int
    state: int
    groups: int
    kernel: int
    bias: bool
    convolution_bias: bool
    state_bytes: int = STATE_BYTES
    has_norm: bool = True

    def mixer(self) -> Mixer:
        """The parameters and the state of a sequence."""
        inner = self.heads * self.head
        mixed = inner + 2 * self.groups * self.state
        projected = inner + mixed + self.heads
        count = self.width * projected + inner * self.width
        count += (projected + self.width) * self.bias
        count += mixed * (self.kernel + self.convolution_bias)
        count += 3 * self.heads + inner * self.has_norm
        size = (self.kernel - 1) * mixed * MODEL_BYTES
        size += self.heads * self.head * self.state * self.state_bytes
        return Mixer(
            parameters=dense(count),
            output=inner * self.width,
            caches=[LayerCache(kind="state", layers=1, entry_bytes=size)],
            heads=self.heads,
        )
