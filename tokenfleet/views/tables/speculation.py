"""How tokens are drafted for a model, and what of it the figures count."""

from collections.abc import Sequence

from tokenfleet.plan.serving.speculation import MOST_IN_FLIGHT, SpeculationPlan


def speculation_rows(found: SpeculationPlan) -> Sequence[tuple[str, str, str]]:
    """Name, value and reason of each."""
    own = "layers of the model" if found.method == "mtp" else "the text so far: nothing is loaded"
    most = f"{MOST_IN_FLIGHT} at most"
    running = most if found.in_flight is None else f"{found.in_flight:.0f}, {most}"
    return [
        ("method", found.method, f"drafted by {found.draft or own}"),
        ("tokens", f"{found.tokens} a step", "verified together in the next one"),
        *(
            [("fetched", f"{found.draft_gb:.1f} GB", "of its files, beside the weights")]
            if found.draft_gb
            else []
        ),
        ("in flight", running, "with more, verifying takes longer than it saves"),
        ("counted", "memory, disks, start", "neither work nor gain: nobody has measured them here"),
    ]
