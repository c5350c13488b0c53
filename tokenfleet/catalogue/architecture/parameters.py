"""Parameters of a part of a model."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """How many there are; how many of them a token visits; and how many are of routed experts.

    ``idle`` are those that no token of text is multiplied with: towers, rows that are looked up.
    ``inner`` are the widths between the matrices of feed-forward parts, which ranks divide, and
    ``expert_inner`` those of routed experts.
    """

    total: int
    active: int
    experts: int = 0
    idle: int = 0
    inner: frozenset[int] = frozenset()
    expert_inner: frozenset[int] = frozenset()

    def __add__(self, other: "Parameters") -> "Parameters":
        return Parameters(
            total=self.total + other.total,
            active=self.active + other.active,
            experts=self.experts + other.experts,
            idle=self.idle + other.idle,
            inner=self.inner | other.inner,
            expert_inner=self.expert_inner | other.expert_inner,
        )


NONE = Parameters(total=0, active=0)


def padded_rows(count: int) -> int:
    """Rows of a matrix of embeddings as the engine allocates them."""
    # vllm/model_executor/layers/vocab_parallel_embedding.py: DEFAULT_VOCAB_PADDING_SIZE
    return -(-count // 64) * 64


def dense(count: int, *inner: int) -> Parameters:
    """Parameters that every token visits."""
    return Parameters(total=count, active=count, inner=frozenset(inner))


def idle(count: int) -> Parameters:
    """Parameters that no token of text is multiplied with."""
    return Parameters(total=count, active=0, idle=count)


def summed(parts: Iterable[Parameters]) -> Parameters:
    """All of them together."""
    return sum(parts, start=NONE)
