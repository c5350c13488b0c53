"""Model facts: what sizing needs to know about an open-weight model."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter

from tokenfleet.catalogue.facts import CatalogueError, Fact, data_file
from tokenfleet.mistakes import nearest

WeightsDtype = Literal["bfloat16", "float16", "fp8", "mxfp4", "int8", "int4"]

BITS_BY_DTYPE: Mapping[WeightsDtype, float] = {
    "bfloat16": 16,
    "float16": 16,
    "fp8": 8,
    "mxfp4": 4.25,  # 4 bits and one 8-bit scale for 32 values (OCP MX specification 1.0)
    # AWQ and GPTQ: a 16-bit scale and a zero point as wide as a value for (by default) 128 values.
    "int4": 4 + 20 / 128,
    "int8": 8 + 24 / 128,
}
"""Bits that a parameter takes in the weights files."""

# A KV cache of 16-bit values: what every pinned engine uses unless told otherwise.
KV_BYTES_PER_VALUE = 2


class SlidingWindow(Fact):
    """How many layers attend to the last ``tokens`` tokens only."""

    layers: int
    tokens: int


class ModelFacts(Fact):
    """The architecture of one model as its ``config.json`` and weight index state it.

    ``weights_bytes`` is the size of the safetensors files. ``active_parameters`` equals
    ``parameters`` for a dense model. ``chats``: whether its tokenizer says how a chat becomes a
    prompt, without which an engine only completes.
    """

    parameters: int = Field(gt=0)
    active_parameters: int = Field(gt=0)
    layers: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    attention_heads: int = Field(gt=0)
    kv_heads: int = Field(gt=0)
    head_size: int = Field(gt=0)
    vocabulary_size: int = Field(gt=0)
    weights_dtype: WeightsDtype
    weights_bytes: int = Field(gt=0)
    context_length: int = Field(gt=0)
    sliding_window: SlidingWindow | None = None
    chats: bool
    license: str
    gated: bool
    revision: str | None
    source: str

    def kv_bytes(self, tokens: int, ranks: int, bytes_per_value: int = KV_BYTES_PER_VALUE) -> int:
        """KV cache of one sequence of ``tokens`` tokens on one of ``ranks`` ranks, in bytes.

        2 (K and V) x layers x KV heads x head size x bytes per value, checked against vLLM 0.32:
        each rank holds whole KV heads, at least one; sliding-window layers keep their window only.
        """
        window = self.sliding_window or SlidingWindow(layers=0, tokens=0)
        layer_tokens = (self.layers - window.layers) * tokens
        layer_tokens += window.layers * min(tokens, window.tokens)
        heads = max(1, self.kv_heads // ranks)
        return 2 * heads * self.head_size * bytes_per_value * layer_tokens

    @property
    def mixture_of_experts(self) -> bool:
        """Whether a token visits a part of the parameters only."""
        return self.active_parameters < self.parameters

    def adapter_bytes(self, rank: int) -> int:
        """16-bit LoRA weights of that rank for every linear layer of a dense model, in bytes.

        rank x (inputs + outputs) of each matrix: an upper bound, since an adapter may leave
        matrices out and ranks share some. The feed-forward width is what the parameters leave
        beside attention and one matrix of embeddings.
        """
        width, heads = self.hidden_size, self.attention_heads * self.head_size
        shared = self.kv_heads * self.head_size
        attention = 2 * width * heads + 2 * width * shared
        layer = (self.parameters - self.vocabulary_size * width) / self.layers
        inner = max(0.0, layer - attention) / (3 * width)
        sides = 2 * (width + heads) + 2 * (width + shared) + 3 * (width + inner)
        return int(2 * rank * sides * self.layers)


@cache
def known_models() -> Mapping[str, ModelFacts]:
    """Every model of the catalogue by Hugging Face id."""
    rows = yaml.load(data_file("models.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, ModelFacts]).validate_python(rows)


def model_facts(hugging_face_id: str) -> ModelFacts:
    """The facts of a model.

    Raises:
        CatalogueError: when the catalogue does not know the model.
    """
    known = known_models()
    if hugging_face_id not in known:
        msg = (
            f"no facts about this model.{nearest(hugging_face_id, known)} Give the path of its"
            " config.json as configJson, or add it to tokenfleet/catalogue/data/models.yaml"
        )
        raise CatalogueError(msg)
    return known[hugging_face_id]
