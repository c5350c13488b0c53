"""What tensor-parallel ranks wait for: each other."""

from collections.abc import Callable
from dataclasses import dataclass

from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.catalogue.machines.links import Link
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.step.arithmetic import computing

# An all-reduce after attention and one after the feed-forward part (Megatron-LM, arXiv:1909.08053).
_COLLECTIVES_A_LAYER = 2
_BYTES_OF_AN_ACTIVATION = 2


@dataclass(frozen=True, kw_only=True)
class BetweenRanks:
    """Seconds of a step's collectives, and of what each token adds to them."""

    step: float = 0.0
    token: float = 0.0


def between_ranks(
    model: ServedModel, replica: Replica, found: Efficiencies, *, read: float
) -> BetweenRanks:
    """The all-reduces of every layer; ``read`` is what a step of one request reads, in seconds.

    Where fewer ranks would be faster, the seconds of both together are those of the fewer: one would
    run with so many.
    """
    ranks, link = replica.ranks, replica.link
    if ranks == 1 or link is None:
        return BetweenRanks()
    collectives = _COLLECTIVES_A_LAYER * model.layers
    size = _BYTES_OF_AN_ACTIVATION * model.hidden_size

    def waiting(count: int) -> float:
        return collectives * found.collective_work * link.all_reduce_seconds(count, 0)

    def sending(count: int) -> float:
        return collectives * (
            link.all_reduce_seconds(count, size) - link.all_reduce_seconds(count, 0)
        )

    def reading(count: int) -> float:
        return read * ranks / count

    def multiplying(count: int) -> float:
        return computing(model, replica.with_ranks(count), found).token

    return BetweenRanks(
        step=_least(link, ranks, waiting, reading),
        token=_least(link, ranks, sending, multiplying),
    )


def _least(
    link: Link, ranks: int, between: Callable[[int], float], divided: Callable[[int], float]
) -> float:
    """What is between ranks where the sum of both is least, less what more of them save."""
    counts = {1, ranks, *(each for each in link.latency_microseconds_by_ranks if each < ranks)}
    best = min(between(count) + divided(count) for count in counts)
    return max(0.0, best - divided(ranks))
