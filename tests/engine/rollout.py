"""A rollout without a surge, under a steady stream of requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.engine import kubelet
from tests.engine.engine import Engine
from tests.engine.fleet import Replicas
from tests.engine.traffic import Answer, Endpoints, Traffic


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What became of the requests meanwhile, and of the replicas that were replaced."""

    answers: Sequence[Answer]
    losses: Sequence[str]
    replaced: Sequence[Engine]
    codes: Sequence[int | None]


def rolled_out(replicas: Replicas, count: int = 2) -> Rollout:
    """Replace ``count`` ready replicas, one after the other."""
    old = replicas.ready(count)
    endpoints = Endpoints(old)
    codes: list[int | None] = []
    with Traffic(endpoints) as traffic:
        for engine in old:
            traffic.remove(engine)
            codes.append(kubelet.end(engine, replicas.pod).exit_code)
            # No surge: where a replica owns its node, the next one waits until it is gone.
            endpoints.add(kubelet.await_ready(replicas.start(), replicas.pod))
    return Rollout(answers=traffic.answers, losses=traffic.losses, replaced=old, codes=codes)
