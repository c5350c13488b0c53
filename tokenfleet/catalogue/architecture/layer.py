"""One layer of a decoder, and a decoder of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.architecture.parameters import NONE, Parameters, summed
from tokenfleet.catalogue.layer_cache import LayerCache
from tokenfleet.task import Task

# Of attention, of latent attention, of state spaces.
_BEGIN = ("q_proj", "q_a_proj", "in_proj", "in_proj_qkv", "wq_b")
_END = ("o_proj", "out_proj", "wo_b")


@dataclass(frozen=True, kw_only=True)
class Mixer:
    """What lets a token see others: its parameters, and what it keeps of a sequence.

    ``output`` is how many of the parameters are of the last matrix, which quantisation often treats
    apart. ``caches`` are of one layer each; ``heads`` are what ranks must divide.
    """

    parameters: Parameters
    output: int = 0
    caches: Sequence[LayerCache] = ()
    heads: int = 0


@dataclass(frozen=True, kw_only=True)
class Names:
    """How a checkpoint calls the parts of a layer."""

    mixer: str = "self_attn"
    forward: str = "mlp"
    experts: str = "mlp.experts"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Parameters of a layer that a format treats alike; ``modules`` are names they may have in it."""

    modules: Sequence[str]
    parameters: int
    is_expert: bool = False


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A mixer, a feed-forward part, or both, and the norms around them."""

    mixer: Mixer | None = None
    feed_forward: Parameters = NONE
    norms: int = 0
    names: Names = Names()

    @property
    def parts(self) -> Sequence[Part]:
        """All but the norms, by what a format may tell apart."""
        mixer, forward, names = self.mixer, self.feed_forward, self.names
        rest = forward.total - forward.experts
        within = ("shared_experts.", "shared_expert.") if forward.experts else ("",)
        expert = [f"{names.experts}.0.up_proj"]
        found = [Part(modules=expert, parameters=forward.experts, is_expert=True)]
        found.append(
            Part(modules=[f"{names.forward}.{each}up_proj" for each in within], parameters=rest)
        )
        if mixer:
            inner = mixer.parameters.total - mixer.output
            begin, end = _BEGIN, _END
            found += [
                Part(modules=[f"{names.mixer}.{each}" for each in begin], parameters=inner),
                Part(modules=[f"{names.mixer}.{each}" for each in end], parameters=mixer.output),
            ]
        return [part for part in found if part.parameters]

    @property
    def parameters(self) -> Parameters:
        """Of all of it."""
        mixer = self.mixer.parameters if self.mixer else NONE
        return mixer + self.feed_forward + Parameters(total=self.norms, active=self.norms)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A whole model; ``outside`` is what is in no layer: embeddings, head, towers.

    ``tied``: whether the embeddings are the head. ``is_whole``: whether a tower is counted, where
    there is one. ``own_code``: whether the engine reads its configuration with code of its repository alone. ``unread`` are keys that may matter and were not asked for. ``kv_heads`` and ``head`` are those of a layer that attends; with a latent cache one for all.
    """

    model_type: str
    task: Task
    layers: Sequence[Layer]
    outside: Parameters
    width: int
    vocabulary: int
    context_length: int
    heads: int
    kv_heads: int
    head: int
    tied: bool
    is_whole: bool = True
    own_code: bool = False
    unread: Sequence[str] = ()
    tower_heads: Sequence[int] = ()

    @property
    def parameters(self) -> Parameters:
        """Of all of it."""
        return summed(layer.parameters for layer in self.layers) + self.outside

    @property
    def divided(self) -> Sequence[int]:
        """Heads that tensor-parallel ranks divide between them without a rest, towers' among them."""
        heads = {layer.mixer.heads for layer in self.layers if layer.mixer and layer.mixer.heads}
        return sorted({*heads, *self.tower_heads})

    @property
    def caches(self) -> Sequence[LayerCache]:
        """What the layers keep of a sequence, those that are alike together."""
        found = Counter(
            cache for layer in self.layers if layer.mixer for cache in layer.mixer.caches
        )
        return [
            cache.model_copy(update={"layers": cache.layers * count})
            for cache, count in found.items()
        ]
