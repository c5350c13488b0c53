"""What bounds a step of an engine."""

import math
from dataclasses import dataclass

from tokenfleet.estimate.served_model import ServedModel


@dataclass(frozen=True, kw_only=True)
class Limits:
    """At most ``sequences`` requests run, and a step takes at most ``batched_tokens`` tokens.

    These are ``--max-num-seqs`` and ``--max-num-batched-tokens``. Without ``kv_bytes`` any number
    of tokens fits the KV cache. Where prompts are not ``chunked``, as on Neuron, a step reads one
    whole prompt, of any length, and nothing else.
    """

    sequences: int
    batched_tokens: int
    kv_bytes: float | None = None
    chunked: bool = True

    def fit(self, model: ServedModel, sequences: int, tokens: int) -> bool:
        """Whether so many sequences with so many tokens together fit the KV cache.

        As if all were equally long, which holds the most where some layers keep a window only.
        Tokens count one by one: blocks of 16 waste half of one a sequence.
        """
        if self.kv_bytes is None:
            return True
        return sequences * model.kv_bytes(tokens / sequences) <= self.kv_bytes

    def steps_that_fit(self, model: ServedModel, sequences: int, tokens: int) -> float:
        """How many tokens each sequence can get before they no longer fit, at the least."""
        if self.kv_bytes is None:
            return math.inf
        left = self.kv_bytes - sequences * model.kv_bytes(tokens / sequences)
        one = model.kv_bytes_per_token + sum(each for each, _ in model.windows)
        return left / (sequences * one) if one else math.inf
