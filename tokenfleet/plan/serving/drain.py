"""How a replica ends: its requests finish, and it is gone before its node is."""

from dataclasses import dataclass
from typing import Literal

Exposure = Literal["cluster", "internal"]

SPOT_DRAIN_SECONDS = 100
"""The longest drain where a node may be reclaimed: 120 s of notice, less 15 s until an eviction
follows it and 5 s to spare (EC2 user guide; the reaction is an assumption). Nothing hears the
notice yet: until then the kubelet drains when the node shuts down, in what time EC2 leaves it."""

# How long a replica is still chosen after it began to end. Inside the cluster: until every
# kube-proxy has heard, seconds; 15 is what KServe waits. Behind a network load balancer with
# externalTrafficPolicy Local: two failed health checks ten seconds apart, and their delay.
_PROPAGATION_SECONDS = {"cluster": 15, "internal": 35}
# vLLM 0.32 on a CPU took 12 s to end once its last request was answered.
_TEARDOWN_SECONDS = 15
# From the end of the engine to the end of the pod, as the kubelet sees it.
_KUBELET_SECONDS = 10
_UNHURRIED_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class DrainPlan:
    """The end of a replica in seconds, one part after the other.

    A new request that reaches a draining vLLM gets a 500, so the pod first waits until no
    client chooses it any more (``propagation``). Then requests in flight may finish: the engine
    does that after SIGTERM (``shutdown_timeout``), or, where it cannot, the pod waits for it
    beforehand (``idle_wait``). ``margin`` is for the engine to end: it is killed before the
    grace period is over, because vLLM waits without limit for the client of a request that it
    gave up.
    """

    propagation_seconds: int
    idle_wait_seconds: int
    shutdown_timeout_seconds: int
    margin_seconds: int

    @property
    def pre_stop_seconds(self) -> int:
        """The longest that the preStop hook takes."""
        return self.propagation_seconds + self.idle_wait_seconds

    @property
    def longest_request_seconds(self) -> int:
        """What the last request that was let in may take."""
        return self.idle_wait_seconds + self.shutdown_timeout_seconds

    @property
    def kill_after_seconds(self) -> int:
        """When the engine is killed, counted from SIGTERM."""
        return self.shutdown_timeout_seconds + self.margin_seconds - _KUBELET_SECONDS

    @property
    def grace_seconds(self) -> int:
        """terminationGracePeriodSeconds: preStop, shutdown timeout and margin."""
        return self.pre_stop_seconds + self.shutdown_timeout_seconds + self.margin_seconds


def longest_request_on_spot(exposure: Exposure) -> int:
    """The longest request, in seconds, that always finishes inside a spot notice."""
    margin = _TEARDOWN_SECONDS + _KUBELET_SECONDS
    return SPOT_DRAIN_SECONDS - _PROPAGATION_SECONDS[exposure] - margin


def plan_drain(
    exposure: Exposure,
    *,
    spot: bool,
    engine_drains: bool,
    longest_request_seconds: int | None,
) -> DrainPlan:
    """The drain of a replica.

    ``spot``: whether one of its nodes may be reclaimed. ``engine_drains``: whether the engine
    finishes requests after SIGTERM. Without ``longest_request_seconds`` the whole notice is
    used on spot, and 300 s elsewhere.
    """
    default = longest_request_on_spot(exposure) if spot else _UNHURRIED_SECONDS
    seconds = default if longest_request_seconds is None else longest_request_seconds
    return DrainPlan(
        propagation_seconds=_PROPAGATION_SECONDS[exposure],
        idle_wait_seconds=0 if engine_drains else seconds,
        shutdown_timeout_seconds=seconds if engine_drains else 0,
        margin_seconds=_TEARDOWN_SECONDS + _KUBELET_SECONDS,
    )
