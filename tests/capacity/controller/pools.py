"""A pool as the controller may see it, written down in few words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tokenfleet.capacity.controller.cluster import RECLAIM, Deployment, Node, Pod, Surge
from tokenfleet.capacity.controller.groups import Instance
from tokenfleet.capacity.controller.members import PoolState, pool_state
from tokenfleet.capacity.controller.settings import ModelSettings, PoolSettings, WarmSettings
from tokenfleet.capacity.controller.warm_pool import NO_WARM_POOL, WarmPool
from tokenfleet.capacity.policy.knobs import Knobs

NOW = 1_700_000_000.0
NOTICE_SECONDS = 120.0
MODEL = "m"
ZONES = ("a", "b", "c")
GRACE_SECONDS, START_SECONDS, PROVISION_SECONDS = 40.0, 60.0, 300.0


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An instance of a tier; ``pod`` is None, "ready" or "starting", ``job``: and compiles."""

    tier: str = "spot"
    zone: str = "a"
    joined: bool = True
    ready: bool = True
    pod: str | None = "ready"
    job: bool = False
    deadline: float | None = None
    leaving: bool = False
    cordoned: bool = False
    rebalance: float | None = None
    age: float = 1000.0
    cost: int | None = None
    pod_age: float = 1000.0


def settings(
    *,
    bounds: Mapping[str, tuple[int, int]] | None = None,
    tiers: Sequence[str] = ("spot", "on-demand"),
    dry_run: bool = False,
    warm: WarmSettings | None = None,
) -> PoolSettings:
    """Of a pool with one model in three zones."""
    return PoolSettings(
        name="pool",
        groups={tier: f"group-{tier}" for tier in tiers},
        zones=ZONES,
        bounds=bounds or dict.fromkeys(tiers, (0, 10)),
        knobs=Knobs(boot=60),
        provision_seconds=PROVISION_SECONDS,
        models={MODEL: ModelSettings(grace_seconds=GRACE_SECONDS, start_seconds=START_SECONDS)},
        dry_run=dry_run,
        warm=warm,
    )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is there: machines with at most one pod each, and replicas and Jobs that wait."""

    machines: Sequence[Machine] = ()
    waiting: int = 0
    jobs: int = 0
    replicas: int = 0
    surge: Surge = field(default_factory=Surge)
    paused: bool = False
    rolling: bool = False
    told: bool = False
    warm: WarmPool = NO_WARM_POOL

    def state(self, pool: PoolSettings | None = None) -> PoolState:
        """As the controller puts it together."""
        pool = pool or settings()
        numbered = list(enumerate(self.machines))
        return pool_state(
            pool,
            now=NOW,
            instances=[_instance(number, machine) for number, machine in numbered],
            nodes=[_node(number, m) for number, m in numbered if m.joined],
            pods=[
                *(
                    _pod(n, m.pod, f"node-{n}", m.cost or 0, m.pod_age, job=m.job)
                    for n, m in numbered
                    if m.pod
                ),
                *(_pod(100 + n, "starting", "", 0, 1000) for n in range(self.waiting)),
                *(_pod(200 + n, "starting", "", 0, 1000, job=True) for n in range(self.jobs)),
            ],
            deployments=[
                Deployment(
                    name=f"vllm-{MODEL}",
                    uid="u",
                    version="1",
                    model=MODEL,
                    replicas=self.replicas,
                    surge=self.surge,
                    marked=bool(self.surge.replicas),
                    told=self.told,
                    paused=self.paused,
                    rolling=self.rolling,
                )
            ],
            first_seen={f"i-{number:02}": NOW - m.age for number, m in numbered},
            deadlines={
                f"i-{number:02}": m.deadline for number, m in numbered if m.deadline is not None
            },
            warm=self.warm,
        )


def _instance(number: int, machine: Machine) -> Instance:
    return Instance(
        id=f"i-{number:02}",
        group=f"group-{machine.tier}",
        zone=machine.zone,
        type="c8g.8xlarge",
        in_service=True,
    )


def _node(number: int, machine: Machine) -> Node:
    return Node(
        name=f"node-{number}",
        version="1",
        uid="u",
        instance=f"i-{number:02}",
        pool="pool",
        ready=machine.ready,
        cordoned=machine.cordoned,
        leaving=machine.leaving,
        deadline=machine.deadline,
        rebalance=machine.rebalance,
        protected_from_autoscaler=True,
        taints=(
            {"key": "pool", "value": "p", "effect": "NoSchedule"},
            *([{"key": RECLAIM, "value": "1"}] if machine.deadline is not None else []),
        ),
    )


def _pod(
    number: int, state: str | None, node: str, cost: int, age: float, *, job: bool = False
) -> Pod:
    return Pod(
        name=f"pod-{number}",
        version="1",
        uid="u",
        model=MODEL,
        job=job,
        node=node,
        created=NOW - age,
        ready=state == "ready",
        ending=state == "ending",
        done=False,
        cost=cost,
    )
