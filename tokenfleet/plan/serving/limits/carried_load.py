"""How many requests are in flight on a replica at the load that it carries within the objective."""

from tokenfleet.counted import three_digits
from tokenfleet.estimate.load.carried import Objective, carried
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE
from tokenfleet.estimate.load.waits import waits
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.plan.scaling.policy import CarriedLoad
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.batch_choice import promised
from tokenfleet.plan.serving.limits.expected import expected_saturation
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings

# How far above it something is missed: more than the load itself may be off by.
_ABOVE = 1.01


def carried_load(settings: ModelSettings, server: Server, batch: BatchPlan) -> CarriedLoad | None:
    """For a replica whose steps are of ``batch``; None without traffic, and where it carries nothing."""
    if settings.traffic is None:
        return None
    most = expected_saturation(settings, settings.traffic, server, batch)
    objective = promised(settings.objective)
    carries = carried(most, objective)
    if isinstance(carries, str):
        return None
    in_flight = _in_flight(most, carries)
    return CarriedLoad(
        requests_per_second=carries,
        in_flight=in_flight,
        reason=_reason(settings, most, objective, carries, in_flight),
    )


def _in_flight(most: Saturation, requests_per_second: float) -> float:
    """By Little's law, those that wait included: an autoscaler sees them, too."""
    found, step = waits(most, requests_per_second), most.step
    gap = found.itl * step.drafting.kept
    return requests_per_second * (found.ttft + (step.steps(most.shape) - 1) * gap)


def _reason(
    settings: ModelSettings,
    most: Saturation,
    objective: Objective,
    carries: float,
    in_flight: float,
) -> str:
    full = QUEUE_GROWS_ABOVE * most.theta.p50 / most.shape.produced
    missed = objective.broken(most, min(_ABOVE * carries, full))
    if missed is None:
        return f"with more than {three_digits(in_flight)} in flight a replica's queue grows"
    promise = {
        "ttft_p99": f"ttftP99Ms {settings.objective.ttft_p99_ms:,}",
        "itl_p99": f"itlP99Ms {settings.objective.itl_p99_ms:,}",
    }[missed[0]]
    return f"{three_digits(in_flight)} in flight keep {promise} at the load a replica carries"
