"""An engine from its first request to its last."""

from collections.abc import Sequence

from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.scheduler.engine import Engine
from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.scheduler.played import Played
from tokenfleet.estimate.scheduler.request import Request
from tokenfleet.estimate.scheduler.sent import Client
from tokenfleet.estimate.step.times import StepTimes


def played(
    step: StepTimes,
    requests: Sequence[Request],
    limits: Limits,
    *,
    in_flight: int | None = None,
) -> Played:
    """What an engine does with ``requests``, from an empty engine to an empty engine.

    Their client has at most ``in_flight`` of them sent and not answered, as with
    ``vllm bench serve --max-concurrency``; None for a client that does not wait. An engine whose
    host works while the device does (``step.overlaps``) has decided on the next step before this
    one ends: whoever comes meanwhile is seen by the one after.

    Raises:
        CostError: when a request does not fit the KV cache even alone.
    """
    for each in requests:
        if not limits.fit(step.model, 1, each.prompt + each.outputs):
            problem = (
                f"a request of {each.prompt + each.outputs:,} tokens does not fit the KV cache;"
                " take shorter requests, more memory or smaller weights"
            )
            raise CostError(problem, place="lengths")
    record = Engine(step, limits, Client(requests, in_flight or len(requests))).run()
    return Played(answers=record.answers, stretches=record.stretches, gaps=record.gaps)
