"""How a pod of the edge ends: what streams goes on to its end, and who still comes is still served."""

from collections.abc import Iterable
from dataclasses import dataclass

from tokenfleet.plan.serving.model import ModelPlan

# Until every kube-proxy has heard that the pod ends, seconds; 15 is what KServe waits. A load balancer
# need not hear: its targets are nodes, and each passes connections on to any pod (plan/edge/way_in.py).
_PROPAGATION_SECONDS = 15
# The hook looks twice a second and waits 5 s for an answer; then Envoy ends at once (userdata/edge-drain).
_MARGIN_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class EdgeDrain:
    """The end of a pod in seconds, one part after the other.

    New connections are taken until nobody makes any (``propagation``); then requests under way,
    the longest that any model is asked for, may finish.
    """

    propagation_seconds: int
    longest_seconds: int
    margin_seconds: int

    @property
    def grace_seconds(self) -> int:
        """What the pod has from the begin of its end: ``terminationGracePeriodSeconds``."""
        return self.propagation_seconds + self.longest_seconds + self.margin_seconds


def plan_edge_drain(models: Iterable[ModelPlan]) -> EdgeDrain:
    """By the longest request that a replica of any model finishes as it ends."""
    return EdgeDrain(
        propagation_seconds=_PROPAGATION_SECONDS,
        longest_seconds=max(model.drain.longest_request.seconds for model in models),
        margin_seconds=_MARGIN_SECONDS,
    )
