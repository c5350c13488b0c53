"""Parameters of a part of a model."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """How many there are; how many of them a token visits; and how many are of routed experts.

    ``idle`` are those that no token of text visits: towers, and tables of which it takes a row where no
    head is as large. ``looked_up`` are those of such a table beside a head, which count as visited.
    ``inner`` are the widths between the matrices of feed-forward parts, which ranks divide, and
    ``expert_inner`` those of routed experts.
    """

    total: int
    active: int
    experts: int = 0
    idle: int = 0
    looked_up: int = 0
    inner: frozenset[int] = frozenset()
    expert_inner: frozenset[int] = frozenset()

    def __add__(self, other: "Parameters") -> "Parameters":
        return Parameters(
            total=self.total + other.total,
            active=self.active + other.active,
            experts=self.experts + other.experts,
            idle=self.idle + other.idle,
            looked_up=self.looked_up + other.looked_up,
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


def looked_up(count: int) -> Parameters:
    """Embeddings beside a head of their own: a token takes its row, and nothing is multiplied."""
    return Parameters(total=count, active=count, looked_up=count)


def summed(parts: Iterable[Parameters]) -> Parameters:
    """All of them together."""
    return sum(parts, start=NONE)
