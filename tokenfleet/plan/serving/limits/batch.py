"""How much one step of the engine takes in: sequences that run at once, tokens of prompts."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """The engine's limits a step, each with its reason.

    ``carries`` is what a replica then carries within the objective, requests a second: None where
    nobody knows what is asked, where nothing is carried and where there was no choice.
    """

    sequences: int
    sequences_reason: str
    prompt_tokens: int
    prompt_tokens_reason: str
    carries: float | None = None
