"""What drafting does to a step: more is computed, something drafts, and more than one token is kept."""

import dataclasses
from dataclasses import dataclass

from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.catalogue.machines.serving_features import serving_features
from tokenfleet.estimate.quantiles import Quantiles, known
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.step.times import Drafting, StepTimes, step_times


@dataclass(frozen=True, kw_only=True)
class Speculation:
    """``tokens`` drafted for each running request and step, of which and of its own ``kept`` stay.

    ``draft`` is what drafts one of them; None where the host looks it up in the text so far.
    ``note`` is a sentence about it.
    """

    tokens: int
    kept: Quantiles
    draft: ServedModel | None
    note: str


def speculation(
    method: str, tokens: int, *, draft: ServedModel | None, accepted_share: float | None = None
) -> Speculation:
    """Drafting by one of vLLM's methods.

    ``accepted_share`` is that of all drafted tokens, as vLLM counts it, where somebody measured it; else
    acceptance is the catalogue's, for texts of any kind.
    """
    if accepted_share is None:
        found = serving_features().acceptance[method]
        kept = Quantiles(
            p10=kept_tokens(found.low, tokens),
            p50=kept_tokens(found.expected, tokens),
            p90=kept_tokens(found.high, tokens),
        )
        said = f"{kept.p10:.1f} to {kept.p90:.1f} ({method} on other texts: {found.basis})"
    else:
        kept = known(1 + accepted_share * tokens)
        said = f"{kept.p50:.1f} (speculative.acceptedShare)"
    return Speculation(
        tokens=tokens,
        kept=kept,
        draft=draft,
        note=f"drafts {tokens} a step and keeps {said} tokens, its own among them",
    )


def kept_tokens(accepted: float, drafted: int) -> float:
    """1 + a + ... + a^k: a token is kept where all before it are (arXiv:2211.17192)."""
    return sum(accepted**place for place in range(drafted + 1))


def drafting(
    step: StepTimes,
    found: Speculation,
    *,
    kept: float,
    pass_seconds: float,
    look_up_seconds: float,
    replica: Replica,
    figures: Efficiencies,
) -> StepTimes:
    """The same step where each running request has ``found.tokens`` more verified.

    A pass of what drafts is a step of its own that the host does not notice. Looking up does not overlap with
    the device: vLLM plans ahead only for what drafts there (vllm/config/vllm.py, 0.32).
    """
    if not found.tokens:
        return step
    if found.draft is None:
        return dataclasses.replace(
            step,
            drafting=Drafting(tokens=found.tokens, kept=kept),
            sequence=step.sequence + look_up_seconds,
            overlaps=False,
        )
    alone = step_times(found.draft, replica, figures)
    one = dataclasses.replace(
        alone,
        fixed=alone.fixed - figures.step_seconds + pass_seconds,
        sequence=0.0,
    )
    return dataclasses.replace(step, drafting=Drafting(tokens=found.tokens, kept=kept, step=one))
