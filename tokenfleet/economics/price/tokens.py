"""Prices of tokens that together are the bill: nothing is billed twice, nothing is lost."""

from dataclasses import dataclass

from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.traffic import RequestShape

DEFAULT_INPUT_WEIGHT = 0.25
"""Work of an input token over that of an output token: the 4:1 of GKE's Inference Quickstart."""
CACHED_PER_INPUT = 0.1
"""Work of a cached input token over that of an uncached one: an assumption, nobody measured it."""

_MILLION = 1e6
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class TokenFlow:
    """Tokens an hour by what they cost."""

    output: float
    uncached_input: float
    cached_input: float

    @property
    def total(self) -> float:
        """All tokens an hour."""
        return self.output + self.uncached_input + self.cached_input


@dataclass(frozen=True, kw_only=True)
class TokenWeights:
    """Work of a token relative to an output token, which is 1."""

    uncached_input: float = DEFAULT_INPUT_WEIGHT
    cached_input: float = DEFAULT_INPUT_WEIGHT * CACHED_PER_INPUT


@dataclass(frozen=True, kw_only=True)
class TokenPrices:
    """US dollars per million tokens; ``blended`` is the bill over all tokens alike.

    output x its tokens + uncached input x its tokens + cached input x its tokens = the bill.
    ``all_on_output`` is the bill over output tokens alone, which benchmarks often quote: never
    add an input price to it. Both are None where answers are no text.
    """

    output: float | None
    uncached_input: float
    cached_input: float
    blended: float
    all_on_output: float | None

    @property
    def leading(self) -> float:
        """That of an output token, or of an input token where there is no output."""
        return self.uncached_input if self.output is None else self.output


def token_flow(requests_per_second: float, shape: RequestShape) -> TokenFlow:
    """What that many completed requests a second are in tokens an hour."""
    requests = requests_per_second * _SECONDS_PER_HOUR
    return TokenFlow(
        output=requests * shape.output_tokens,
        uncached_input=requests * shape.uncached_input_tokens,
        cached_input=requests * shape.cached_input_tokens,
    )


def weights_of(input_weight: float) -> TokenWeights:
    """The weights that follow from an input weight (``Saturation.input_weight``)."""
    return TokenWeights(uncached_input=input_weight, cached_input=input_weight * CACHED_PER_INPUT)


def token_prices(usd_per_hour: float, flow: TokenFlow, weights: TokenWeights) -> TokenPrices:
    """Split a bill per hour over the tokens of that hour by their work.

    Without an output token the input bears it all.

    p_out = 10^6 H / (O + rho I + kappa K), p_in = rho p_out, p_cached = kappa p_out, with H the
    whole bill, O output, I uncached and K cached input tokens, rho and kappa the weights.

    Raises:
        CostError: without a token there is no price per token.
    """
    if flow.total <= 0:
        problem = "no token an hour, so there is no price per token"
        raise CostError(problem, place="lengths")
    work = (
        flow.output
        + weights.uncached_input * flow.uncached_input
        + weights.cached_input * flow.cached_input
    )
    output = usd_per_hour * _MILLION / work
    has_output = flow.output > 0
    return TokenPrices(
        output=output if has_output else None,
        uncached_input=weights.uncached_input * output,
        cached_input=weights.cached_input * output,
        blended=usd_per_hour * _MILLION / flow.total,
        all_on_output=usd_per_hour * _MILLION / flow.output if has_output else None,
    )
