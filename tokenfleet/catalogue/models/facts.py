"""Model facts: what sizing needs to know about an open-weight model."""

from collections.abc import Mapping, Sequence
from functools import cache

import yaml
from pydantic import Field, TypeAdapter

from tokenfleet.catalogue.architecture.parameters import padded_rows
from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.facts import CatalogueError, Fact, data_file
from tokenfleet.catalogue.layer_cache import KV_BYTES_PER_VALUE, LayerCache
from tokenfleet.catalogue.models.draft import Draft
from tokenfleet.catalogue.models.reservation import reserved_bytes
from tokenfleet.mistakes import nearest
from tokenfleet.task import Task


class ModelFacts(Fact):
    """The architecture of one model as its ``config.json`` and weight index state it.

    ``model_type`` and ``quantization_method`` are as transformers names them, ``task`` what the engine
    does with it unless told otherwise. ``weights_bytes`` is
    the size of the safetensors files, ``skipped_bytes`` what of it the engine does not load:
    embeddings that are stored again as a head, layers of another use. ``active_parameters`` are those that a token
    of text visits, ``idle_parameters`` those that none does: towers, and embeddings where
    no head is as large. ``looked_up_parameters``, of the active ones, are embeddings beside a head of their
    own: a token takes its row of them and is multiplied with none; 0 where they are the head.
    ``expert_width`` is the intermediate size of one routed expert, None of a dense model.
    ``attention_heads`` and ``kv_heads`` of a model of state spaces alone are those
    of these, or its channels where they have no heads. ``caches`` are what layers keep of a sequence, left out where
    all keep keys and values of every token; ``divided`` is what tensor-parallel ranks divide besides
    heads. ``own_code``: whether the pinned engine reads its configuration with Python code of its
    repository alone. ``unread_keys`` are those of its configuration that may change what it takes and that
    nothing here reads. ``draft_layers`` are those that draft the next tokens (MTP), left out where
    nobody says; ``draft`` is what a stack loads beside it for that. ``state_copies`` is how many states
    of a sequence the engine holds at once. ``chats``: whether its tokenizer
    says how a chat becomes a prompt, without which an engine
    only completes.
    """

    parameters: int = Field(gt=0)
    active_parameters: int = Field(gt=0)
    idle_parameters: int = Field(default=0, ge=0)
    looked_up_parameters: int = Field(default=0, ge=0)
    expert_width: int | None = Field(default=None, gt=0)
    layers: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    attention_heads: int = Field(gt=0)
    kv_heads: int = Field(gt=0)
    head_size: int = Field(gt=0)
    vocabulary_size: int = Field(gt=0)
    model_type: str
    task: Task = "generate"
    weights_dtype: WeightsDtype
    quantization_method: str | None = None
    weights_bytes: int = Field(gt=0)
    skipped_bytes: int = Field(default=0, ge=0)
    context_length: int = Field(gt=0)
    caches: tuple[LayerCache, ...] = ()
    divided: tuple[int, ...] = ()
    own_code: bool = False
    unread_keys: tuple[str, ...] = ()
    draft_layers: int = Field(default=0, ge=0)
    draft: Draft | None = None
    state_copies: int = Field(default=1, ge=1)
    chats: bool
    license: str
    gated: bool
    revision: str | None
    source: str

    @property
    def loaded_bytes(self) -> int:
        """The weights as the engine holds them in memory, all ranks together, without a draft."""
        return self.weights_bytes - self.skipped_bytes

    @property
    def text_parameters(self) -> int:
        """Those that some token of text visits, embeddings that are looked up among them."""
        return self.parameters - self.idle_parameters

    @property
    def head_parameters(self) -> int:
        """Those that make the distribution over the vocabulary, which only an output token needs.

        A row for each token, as the engine pads them; the few biases of GPT-J and Phi-3.5-MoE are not
        counted.
        """
        rows = padded_rows(self.vocabulary_size) if self.task == "generate" else 0
        return rows * self.hidden_size

    @property
    def text_bytes(self) -> int:
        """What is read of the loaded weights where tokens visit all of them; the rest is in 16 bits.

        Of embeddings that are looked up a step reads a few rows, which are not counted.
        """
        return self.loaded_bytes - 2 * (self.idle_parameters + self.looked_up_parameters)

    @property
    def fetched_bytes(self) -> int:
        """The files that a node fetches, those of a draft among them."""
        return self.weights_bytes + (self.draft.weights_bytes if self.draft else 0)

    @property
    def layer_caches(self) -> Sequence[LayerCache]:
        """What its layers keep of a sequence, then those of a draft.

        Keys and values of every token, where nothing else is said.
        """
        plain = LayerCache(
            kind="full", layers=self.layers, heads=self.kv_heads, width=2 * self.head_size
        )
        return (*(self.caches or (plain,)), *(self.draft.caches if self.draft else ()))

    def kv_bytes(
        self,
        tokens: float,
        ranks: int,
        bytes_per_value: int = KV_BYTES_PER_VALUE,
        in_flight: int = 0,
    ) -> int:
        """What one sequence takes of the cache of one of ``ranks`` ranks, in bytes.

        See ``LayerCache.bytes_of``; with tokens ``in_flight``, what is reserved for it, where whole
        blocks and groups count (``reservation``).
        """
        caches = self.layer_caches
        if in_flight:
            return round(
                reserved_bytes(
                    caches,
                    tokens,
                    ranks,
                    bytes_per_value,
                    in_flight,
                    state_copies=self.state_copies,
                )
            )
        return round(sum(each.bytes_of(tokens, ranks, bytes_per_value) for each in caches))

    def held_bytes(
        self, tokens: float, ranks: int, bytes_per_value: int = KV_BYTES_PER_VALUE
    ) -> int:
        """What a sequence takes of the cache where many share it: all copies of its states."""
        states = sum(c.bytes_of(tokens, ranks) for c in self.layer_caches if c.kind == "state")
        return self.kv_bytes(tokens, ranks, bytes_per_value) + round(
            (self.state_copies - 1) * states
        )

    def with_state_copies(self, *, prefix_cache: bool, drafted_tokens: int = 0) -> "ModelFacts":
        """As it is served: one state more beside a prefix cache, and one for each token drafted.

        MambaSpec.max_memory_usage_bytes of vllm/v1/kv_cache_interface.py.
        """
        if all(each.kind != "state" for each in self.layer_caches):
            return self
        return self.model_copy(update={"state_copies": 1 + prefix_cache + drafted_tokens})

    def takes_ranks(self, ranks: int) -> bool:
        """Whether the pinned engine divides the model over that many ranks.

        Heads and widths are divided without a rest (vllm/distributed/utils.py: divide); a key and
        value head is either on one rank or on several (vllm/model_executor/models/llama.py).
        """
        heads = {each.heads for each in self.layer_caches if each.heads > 1}
        drafts = self.draft.divided if self.draft else ()
        divided = (self.attention_heads, *self.divided, *drafts)
        return all(each % ranks == 0 for each in divided) and all(
            each % ranks == 0 or ranks % each == 0 for each in heads
        )

    @property
    def what_ranks_divide(self) -> str:
        """What ``takes_ranks`` looks at, in words."""
        heads = sorted({each.heads for each in self.layer_caches if each.heads > 1})
        kv = f", {' and '.join(map(str, heads))} KV heads" if heads else ""
        drafts = self.draft.divided if self.draft else ()
        others = sorted({*self.divided, *drafts} - {self.attention_heads})
        widths = f", widths or groups of {', '.join(map(str, others))}" if others else ""
        attends = any(each.kind != "state" for each in self.layer_caches)
        whose = "attention heads" if attends else "heads or channels of state spaces"
        return f"the model's {self.attention_heads} {whose}{kv}{widths}"

    @property
    def keeps_nothing(self) -> bool:
        """Whether it is an encoder, which has no KV cache."""
        return all(each.kind == "encoder" for each in self.layer_caches)

    @property
    def mixture_of_experts(self) -> bool:
        """Whether a token visits a part of the parameters only."""
        return self.active_parameters < self.text_parameters

    def adapter_bytes(self, rank: int) -> int:
        """16-bit LoRA weights of that rank for every linear layer of a dense model, in bytes.

        rank x (inputs + outputs) of each matrix: an upper bound, since an adapter may leave
        matrices out and ranks share some. The feed-forward width is what the parameters leave
        beside attention and the head; embeddings that are looked up make it wider.
        """
        width, heads = self.hidden_size, self.attention_heads * self.head_size
        shared = self.kv_heads * self.head_size
        attention = 2 * width * heads + 2 * width * shared
        layer = (self.text_parameters - self.head_parameters) / self.layers
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
