"""What is asked of a model: lengths of requests, and how they arrive."""

from dataclasses import dataclass

from tokenfleet.estimate.refusal import CostError

# Beyond these a figure is a slip of the pen; they are the limits of the stack file.
_MOST_TOKENS = 10_000_000
# The least is one request in eleven days.
_FEWEST_REQUESTS_PER_SECOND = 1e-6
MOST_REQUESTS_PER_SECOND = 100_000
_LEAST_BURSTINESS, _MOST_BURSTINESS = 0.01, 1000


@dataclass(frozen=True, kw_only=True)
class RequestShape:
    """Mean lengths of a request in tokens; ``cached_share`` of the input is a prefix cache hit.

    Without ``output_tokens`` its answer are numbers, which the end of the prompt gives.

    Raises:
        CostError: for lengths that no request has.
    """

    input_tokens: float
    output_tokens: float
    cached_share: float = 0.0

    def __post_init__(self) -> None:
        for name, value, least in (
            ("input tokens", self.input_tokens, 0),
            ("output tokens", self.output_tokens, 1 if self.output_tokens else 0),
        ):
            if not least <= value <= _MOST_TOKENS:
                problem = f"{value:g} is not between {least} and {_MOST_TOKENS:,}"
                raise CostError(problem, place=name)
        if not 0 <= self.cached_share <= 1:
            problem = f"{self.cached_share:g} is not between 0 and 1"
            raise CostError(problem, place="cached share")

    @property
    def is_pooled(self) -> bool:
        """Whether the answer is no text."""
        return not self.output_tokens

    @property
    def produced(self) -> float:
        """What theta counts of a request: its output tokens, or the one answer that is no text."""
        return self.output_tokens or 1.0

    @property
    def uncached_input_tokens(self) -> float:
        """Input tokens that the engine has to read."""
        return self.input_tokens * (1 - self.cached_share)

    @property
    def cached_input_tokens(self) -> float:
        """Input tokens whose keys and values are already there."""
        return self.input_tokens * self.cached_share

    @property
    def mean_context(self) -> float:
        """Tokens in the KV cache of a running request, averaged over its output."""
        return self.input_tokens + self.output_tokens / 2


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Open-loop arrivals: mean requests a second, and the shape of the gamma gaps between them.

    ``burstiness`` is that of ``vllm bench serve``: 1 is a Poisson process, below 1 is burstier.

    Raises:
        CostError: for a rate or a burstiness that no traffic has.
    """

    requests_per_second: float
    burstiness: float = 1.0

    def __post_init__(self) -> None:
        for name, value, least, most in (
            (
                "requests per second",
                self.requests_per_second,
                _FEWEST_REQUESTS_PER_SECOND,
                MOST_REQUESTS_PER_SECOND,
            ),
            ("burstiness", self.burstiness, _LEAST_BURSTINESS, _MOST_BURSTINESS),
        ):
            if not least <= value <= most:
                problem = f"{value:g} is not between {least:g} and {most:,}"
                raise CostError(problem, place=name)
