"""What the layers of a model keep of a sequence: keys and values, what stands for them, or a state."""

from typing import Literal

from pydantic import Field

from tokenfleet.catalogue.facts import Fact

CacheKind = Literal[
    "full", "sliding", "chunked", "latent", "compressed", "indexed", "state", "encoder"
]

# Of a 16-bit cache: what every pinned engine uses unless told otherwise.
KV_BYTES_PER_VALUE = 2


class LayerCache(Fact):
    """Layers that keep alike, as vLLM's KV-cache specifications have it (vllm/v1/kv_cache_interface.py).

    ``width`` is the values that each of ``heads`` keeps of a token: keys and values together, or
    what stands for both. Heads are divided over ranks, at least one on each. ``tokens``: of how
    many of the last it keeps, where not of all. ``tokens_per_entry``: of how many an entry is
    made. ``entry_bytes`` is the size of an entry of a fixed format, whatever the cache's; of a
    ``state``, which is divided over ranks and as large for any sequence, the bytes of all of it.
    An ``encoder`` layer sees a sequence as a whole and keeps nothing.
    """

    kind: CacheKind
    layers: int = Field(gt=0)
    heads: int = Field(default=1, gt=0)
    width: int = Field(default=0, ge=0)
    tokens: int | None = Field(default=None, gt=0)
    tokens_per_entry: int = Field(default=1, gt=0)
    entry_bytes: int | None = Field(default=None, gt=0)

    def arithmetic(self, tokens: int, ranks: int, bytes_per_value: int) -> str:
        """What ``bytes_of`` multiplies, as one line."""
        if self.kind == "encoder":
            return "nothing is kept: a sequence is read at once"
        if self.kind == "state":
            shared = f" / {ranks} ranks" if ranks > 1 else ""
            return f"{self.entry_bytes or 0:,} B a sequence{shared}"
        heads = max(1, self.heads // ranks)
        entry = (
            f"{self.entry_bytes} B"
            if self.entry_bytes
            else f"{heads} x {self.width} values x {bytes_per_value} B"
        )
        kept = tokens if self.tokens is None else min(tokens, self.tokens)
        of = f" / {self.tokens_per_entry}" if self.tokens_per_entry > 1 else ""
        return f"{entry} x {kept:,} tokens{of}"

    def bytes_of(
        self,
        tokens: float,
        ranks: int,
        bytes_per_value: int = KV_BYTES_PER_VALUE,
        in_flight: int = 0,
    ) -> float:
        """What a sequence of ``tokens`` tokens takes on one of ``ranks`` ranks, in bytes.

        ``in_flight`` are tokens of a step that is still going on: layers that keep the last ones
        keep these, too (max_admission_blocks_per_request of those specifications).
        """
        if self.kind == "state":
            return self.layers * (self.entry_bytes or 0) / ranks
        kept = tokens if self.tokens is None else min(tokens, self.tokens + in_flight)
        entry = self.entry_bytes or self.width * bytes_per_value
        return self.layers * max(1, self.heads // ranks) * entry * kept / self.tokens_per_entry
