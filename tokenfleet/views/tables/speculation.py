"""How tokens are drafted for a model, and what that gains."""

from collections.abc import Sequence

from tokenfleet.plan.serving.engine.speculation import SpeculationPlan, gained, kept


def speculation_rows(found: SpeculationPlan) -> Sequence[tuple[str, str, str]]:
    """Name, value and reason of each."""
    own = "layers of the model" if found.method == "mtp" else "the text so far: nothing is loaded"
    return [
        ("method", found.method, f"drafted by {found.draft or own}"),
        ("tokens", f"{found.tokens} a step", "verified together in the next one"),
        *(
            [("fetched", f"{found.draft_gb:.1f} GB", "of its files, beside the weights")]
            if found.draft_gb
            else []
        ),
        ("kept", f"{found.kept.p50:.1f} a step", f"a request gets {kept(found)}, one its own"),
        ("gain", "by the estimate", gained(found)),
    ]
