"""What is said of spot: what each model may expect there, and how much of it the bill takes."""

from tokenfleet.capacity.expected import DAYS, SEED, Expected
from tokenfleet.economics.stack_cost import StackCost


def on_spot(found: Expected) -> str:
    """``qwen3-8b on spot: all 2 replicas 99.74% of the time at 0.36 of on demand (...)``."""
    asked = found.question
    every = f"all {asked.replicas:,} replicas" if asked.replicas > 1 else "its replica"
    return (
        f"{asked.model} on spot: {every} {found.availability.expected:.2%} of the time at"
        f" {found.cost.expected:.2f} of on demand (drawn capacity; on demand alone 1.00)."
    )


def how_much_spot(cost: StackCost) -> str:
    """What the bill takes of spot, and where that is from; nothing where no forecast is in it."""
    if not cost.on_spot:
        return ""
    shares = ", ".join(
        f"{each.question.model} {share.expected:.0%} ({share.low:.0%} to {share.high:.0%})"
        for each in cost.on_spot
        for share in (each.spot_share,)
    )
    return (
        f"Node-hours on spot, of those that may be: {shares}, from a forecast on {DAYS} days of"
        f" drawn capacity (seed {SEED}; tokenfleet capacity)."
    )
