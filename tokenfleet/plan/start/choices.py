"""The ways in which a pool's nodes can come by image, weights and compiled code, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.start.budget import ColdStart, StartDeadlines, slowest, start_deadlines
from tokenfleet.plan.start.notice import NoticeBudget, notice_budget
from tokenfleet.plan.start.prediction import cold_starts
from tokenfleet.plan.start.stages import Preparation


@dataclass(frozen=True, kw_only=True)
class StartChoice:
    """One way to start, on the slowest type of the pool that can start so.

    ``start`` is None where none can; ``refused`` says why the pool as it is may not, and what would
    let it. ``notice`` is what a spot notice leaves of it, where nodes are reclaimed.
    """

    prepared: Preparation
    compiles: bool
    """Whether it compiles at its start what could be published beside the weights."""
    in_use: bool
    start: ColdStart | None
    notice: NoticeBudget | None
    refused: str
    weights_gb: float
    """10^9 bytes of weights that are on the machine image besides the engine."""


@dataclass(frozen=True, kw_only=True)
class ReplicaStarts:
    """Of a ``new`` node on the pool's slowest type, and of one that waits stopped, if any do.

    ``notice`` is that of the sooner one, where nodes are reclaimed; ``deadlines`` hold for both,
    also where none waits yet, on every type, and for an engine that compiles because its code is
    not there.
    """

    new: ColdStart
    warm: ColdStart | None
    notice: NoticeBudget | None
    deadlines: StartDeadlines
    choices: Sequence[StartChoice]


def replica_starts(
    pool: PoolPlan,
    model: ModelFacts,
    weights: str,
    *,
    precompiled: bool,
    may_compile: bool,
    image_cached: bool,
    drain_seconds: int,
    request_seconds: int,
) -> ReplicaStarts:
    """The starts of a model on its pool as the stack has it, and as it could have it.

    ``weights`` is the model's snapshot; ``precompiled``: compiled code is published with it, or
    there is none to compile; ``may_compile``: without it the engine starts as well, and compiles.
    ``drain_seconds`` of a spot notice are its replicas' own, and hold ``request_seconds`` for the
    longest request.
    """

    def notice(start: ColdStart | None) -> NoticeBudget | None:
        if start is None or not pool.has_spot:
            return None
        return notice_budget(
            start.total, drain_seconds=drain_seconds, request_seconds=request_seconds
        )

    baked = pool.baked
    baked_weights = bool(baked and weights in baked.weights)
    prepared: Preparation = "baked" if baked else "pulled"

    def starts(way: Preparation, *, compiles: bool = False) -> Sequence[ColdStart]:
        return cold_starts(
            pool.disks,
            pool.engine,
            model,
            precompiled=precompiled and not compiles,
            image_cached=image_cached,
            prepared=way,
            baked_weights=baked_weights and way == "baked" and not compiles,
            by_controller=pool.has_spot,
        )

    def choice(way: Preparation, *, compiles: bool) -> StartChoice:
        found = starts(way, compiles=compiles)
        start = slowest(found) if found else None
        return StartChoice(
            prepared=way,
            compiles=compiles,
            in_use=not compiles and (way == prepared or (way == "warm" and warm is not None)),
            start=start,
            notice=notice(start),
            refused=_refused(pool) if way == "warm" else "",
            weights_gb=model.fetched_bytes / 1e9 if baked_weights and way == "baked" else 0.0,
        )

    every = starts(prepared)
    # Whether or not they wait: to add some must not renew the replicas that run.
    waiting = starts("warm")
    compiling = starts(prepared, compiles=True) if may_compile else ()
    new = slowest(every)
    warm = slowest(waiting) if pool.warm_nodes and waiting else None
    return ReplicaStarts(
        new=new,
        warm=warm,
        notice=notice(warm or new),
        deadlines=start_deadlines([*every, *waiting, *compiling]),
        choices=[choice(way, compiles=compiles) for way, compiles in _ways(compiles=may_compile)],
    )


def _refused(pool: PoolPlan) -> str:
    local = [disks.local for disks in pool.disks]
    if not any(local):
        return ""
    some = "all" if all(local) else "some"
    return f"{some} of its types have local disks, which a stopped node loses: list types without"


def _ways(*, compiles: bool) -> Iterator[tuple[Preparation, bool]]:
    """What is compared: preparation, and whether it compiles, where it may."""
    if compiles:
        yield "pulled", True
    for way in ("pulled", "baked", "warm"):
        yield way, False
