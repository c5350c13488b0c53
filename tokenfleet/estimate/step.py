"""How long one step of the engine takes: what it reads, what it computes, what it costs anyway."""

import dataclasses
from dataclasses import dataclass

from tokenfleet.catalogue.efficiencies import Efficiencies
from tokenfleet.estimate.arithmetic import token_seconds
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.traffic import RequestShape


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Seconds of an engine step, part by part; every part grows with the work.

    A step gives each running request one token. It takes ``fixed``; reading the weights that
    its tokens visit, of ``weights`` for all; for each running request ``sequence``, computing
    a ``token`` and reading its KV cache at ``kv_byte`` a byte; and for each token of a prompt
    read beside it, ``token`` and ``attention_byte`` for each byte of KV cache it attends to.
    """

    model: ServedModel
    fixed: float
    sequence: float
    token: float
    attention_byte: float
    weights: float
    kv_byte: float

    def decode(self, running: float, context: float) -> float:
        """A step without prompts: ``running`` requests with ``context`` tokens each."""
        kv = self.kv_byte * self.model.kv_bytes(context)
        return self.fixed + self.visited(running) + running * (self.sequence + self.token + kv)

    def prefill(self, tokens: float, cached: float = 0.0) -> float:
        """Computing ``tokens`` of a prompt behind ``cached`` ones that are already there."""
        attended = self.model.kv_bytes(cached + tokens / 2)
        return tokens * (self.token + self.attention_byte * attended)

    def with_prompt(self, running: float, context: float, shape: RequestShape) -> float:
        """A step that reads one prompt beside ``running`` requests."""
        tokens = shape.uncached_input_tokens
        more = self.visited(running + tokens) - self.visited(running)
        prompt = self.prefill(tokens, shape.cached_input_tokens)
        return self.decode(running, context) + more + prompt

    def cycle(self, running: float, shape: RequestShape) -> float:
        """The mean step while ``running`` requests of that shape run, come and go.

        One in ``produced`` of them finishes each step and another prompt is read.
        """
        prompts = running / shape.produced
        tokens = shape.uncached_input_tokens
        more = self.visited(running + tokens) - self.visited(running)
        return (
            self.decode(running, shape.mean_context)
            + min(1.0, prompts) * more
            + prompts * self.prefill(tokens, shape.cached_input_tokens)
        )

    def rate(self, running: float, shape: RequestShape) -> float:
        """Output tokens a second with that many running: never falls when more run."""
        return running / self.cycle(running, shape)

    def visited(self, tokens: float) -> float:
        """Reading the weights that ``tokens`` tokens visit together.

        W a t / (1 + a (t - 1)), with a the active share: one token visits its experts, many
        visit all. Some experts are liked better than others, so it grows slower than
        independent choices, 1 - (1 - a)^t, would.
        """
        share = self.model.active_share
        return self.weights * share * tokens / (1 + share * max(0.0, tokens - 1))

    def slowed(self, factor: float) -> "StepTimes":
        """The same step, everything ``factor`` times as long."""
        return dataclasses.replace(
            self,
            fixed=self.fixed * factor,
            sequence=self.sequence * factor,
            token=self.token * factor,
            attention_byte=self.attention_byte * factor,
            weights=self.weights * factor,
            kv_byte=self.kv_byte * factor,
        )


def step_times(model: ServedModel, replica: Replica, found: Efficiencies) -> StepTimes:
    """A roofline whose parts add up: nothing overlaps perfectly, and the fit confirms it.

    Attention of a prompt, in 16 bits, takes four operations for each layer, head and its size: one
    for a byte of KV cache and each query head that shares it.
    """
    ranks = found.rank_share ** (replica.ranks - 1)
    bandwidth = found.bandwidth * replica.bandwidth * ranks
    compute = found.compute * ranks
    token = token_seconds(
        found,
        model.active_parameters,
        model.active_share,
        model.weights_dtype,
        flops_by_dtype=replica.flops_by_dtype,
        grouped_share=replica.grouped_share,
        ranks=replica.ranks,
    )
    return StepTimes(
        model=model,
        fixed=found.step_seconds,
        sequence=found.sequence_seconds,
        token=token,
        attention_byte=model.query_heads_per_kv_head
        / (compute * replica.flops_by_dtype["bfloat16"]),
        weights=model.weights_bytes / bandwidth,
        kv_byte=1 / bandwidth,
    )
