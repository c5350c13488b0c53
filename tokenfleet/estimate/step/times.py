"""How long one step of the engine takes: what it reads, computes and sends, and what the host does."""

import dataclasses
import math
from dataclasses import dataclass

from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.step.arithmetic import computing
from tokenfleet.estimate.step.ranks import between_ranks
from tokenfleet.estimate.traffic import RequestShape

# NxD Inference compiles a prompt for powers of two from there on (context_encoding_buckets).
_SHORTEST_BUCKET = 128.0
_NO_TIME = frozenset({"model", "room", "overlaps", "pads", "drafting"})


@dataclass(frozen=True, kw_only=True)
class Drafting:
    """Tokens that are guessed ahead for each running request, and verified in the next step.

    ``tokens`` are drafted, each by a ``step`` of what drafts; None where the device computes nothing
    for it. A step then keeps ``kept`` tokens of a request on the mean, its own among them.
    """

    tokens: int = 0
    kept: float = 1.0
    step: "StepTimes | None" = None

    @property
    def verified(self) -> int:
        """Tokens of a running request that a step computes."""
        return 1 + self.tokens

    def seconds(self, running: float, context: float) -> float:
        """Drafting them for ``running`` requests."""
        return self.tokens * self.step.decode(running, context) if self.step else 0.0

    def slowed(self, factor: float) -> "Drafting":
        """The same, everything ``factor`` times as long."""
        return dataclasses.replace(self, step=self.step and self.step.slowed(factor))


NO_DRAFTS = Drafting()


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Seconds of an engine step, part by part; every part grows with the work.

    A step gives each running request one token. On the device it takes ``fixed``, for launching its
    layers and for the collectives between ranks; reading the weights that its tokens visit, of
    ``weights`` for all; for each running request computing a ``token`` and its ``head``, the
    distribution over the vocabulary, and reading its KV cache at ``kv_byte`` a byte; and for each
    token of a prompt read beside, ``token`` and ``attention_byte`` for each byte of KV cache it
    attends to. Meanwhile the host takes ``sequence`` for each running request: where
    the engine ``overlaps`` both, the longer of the two is the step, else their sum. Where it ``pads``, a prompt is computed as
    long as the next power of two. What is said of
    tokens holds for each that is verified, and the device also takes what ``drafting`` them takes.

    A step has ``room`` for so many tokens, of what runs first and then of prompts, which longer ones fill
    several times.
    """

    model: ServedModel
    room: int
    fixed: float
    sequence: float
    token: float
    head: float
    attention_byte: float
    weights: float
    kv_byte: float
    overlaps: bool = True
    pads: bool = False
    drafting: Drafting = NO_DRAFTS

    def decode(self, running: float, context: float) -> float:
        """A step without prompts: ``running`` requests, at least one, with ``context`` tokens each."""
        return self.mixed(running, context)

    def mixed(
        self, running: float, context: float, tokens: float = 0.0, computing: float = 0.0
    ) -> float:
        """A step that reads ``tokens`` of prompts, which take ``computing``, beside what runs.

        ``running`` may be 0 where there are such tokens; ``context`` is the mean in the KV cache.
        """
        kv = self.kv_byte * self.model.kv_bytes(context) if running else 0.0
        verified = self.drafting.verified
        device = (
            self.fixed
            + self.visited(running * verified + tokens)
            + running * (verified * (self.token + self.head) + kv)
            + computing
            + self.drafting.seconds(running, context)
        )
        host = running * self.sequence
        return max(device, host) if self.overlaps else device + host

    def prefill(self, tokens: float, cached: float = 0.0) -> float:
        """Computing ``tokens`` of a prompt behind ``cached`` ones that are already there.

        What drafts reads them, too.
        """
        if self.pads and tokens:
            tokens = max(_SHORTEST_BUCKET, 2.0 ** math.ceil(math.log2(tokens)))
        attended = self.model.kv_bytes(cached + tokens / 2)
        draft = self.drafting.step
        return tokens * (self.token + self.attention_byte * attended) + (
            draft.prefill(tokens, cached) if draft else 0.0
        )

    def steps(self, shape: RequestShape) -> float:
        """Steps of a mean answer: the one that ends its prompt, and those that follow."""
        return 1 + max(0.0, shape.produced - 1) / self.drafting.kept

    def left(self, beside: float) -> float:
        """Tokens of prompts that a step has room for beside so many that run."""
        return max(1.0, self.room - beside * self.drafting.verified)

    def parts(self, beside: float, shape: RequestShape) -> float:
        """Steps that a prompt fills, one at the least, beside so many that run; a padded one is read as a whole."""
        return 1.0 if self.pads else max(1.0, shape.uncached_input_tokens / self.left(beside))

    def gap(self, running: float, shape: RequestShape, prompts: float) -> float:
        """The mean step of ``running`` requests while ``prompts`` of others, a step, are read beside.

        Steps with a prompt, or part of one, and steps without, in the proportion in which they come.
        """
        share = min(1.0, prompts * self.parts(running, shape))
        alone = self.decode(running, shape.mean_context)
        if not share:
            return alone
        together = prompts / share
        tokens = together * shape.uncached_input_tokens
        computing = together * self.prefill(shape.uncached_input_tokens, shape.cached_input_tokens)
        return (1 - share) * alone + share * self.mixed(
            running, shape.mean_context, tokens, computing
        )

    def cycle(self, running: float, shape: RequestShape) -> float:
        """The mean step while ``running`` requests of that shape run, come and go.

        One in as many as an answer has steps finishes each step and another prompt is read. Those
        that steps have no room for wait.
        """
        running = min(running, self.most(shape))
        return self.gap(running, shape, running / self.steps(shape))

    def most(self, shape: RequestShape) -> float:
        """How many requests of that shape steps have room for: each its token, and its part of a prompt."""
        if self.pads:
            return math.inf
        own = 0 if shape.is_pooled else self.drafting.verified
        return self.room / max(1.0, own + shape.uncached_input_tokens / self.steps(shape))

    def rate(self, running: float, shape: RequestShape) -> float:
        """Output tokens a second with that many running: never falls when more run.

        Where steps have no room for so many, some of them wait.
        """
        running = min(running, self.most(shape))
        return running * shape.produced / self.steps(shape) / self.cycle(running, shape)

    def visited(self, tokens: float) -> float:
        """Reading the weights that ``tokens`` tokens, at least one, visit together.

        W a t / (1 + a (t - 1)), with a the active share: one token visits its experts, many
        visit all. Some experts are liked better than others, so it grows slower than
        independent choices, 1 - (1 - a)^t, would.
        """
        share, tokens = self.model.active_share, max(1.0, tokens)
        return self.weights * share * tokens / (1 + share * (tokens - 1))

    def keeping(self, kept: float) -> "StepTimes":
        """The same step where so many tokens of those it verifies are kept."""
        return dataclasses.replace(self, drafting=dataclasses.replace(self.drafting, kept=kept))

    def slowed(self, factor: float) -> "StepTimes":
        """The same step, everything ``factor`` times as long."""
        times = {
            each.name: getattr(self, each.name) * factor
            for each in dataclasses.fields(self)
            if each.name not in _NO_TIME
        }
        return dataclasses.replace(self, drafting=self.drafting.slowed(factor), **times)


def step_times(model: ServedModel, replica: Replica, found: Efficiencies) -> StepTimes:
    """A roofline whose parts add up on the device, beside the host.

    Attention of a prompt, in 16 bits, takes four operations for each layer, head and its size: one
    for a byte of KV cache and each query head that shares it.
    """
    bandwidth = found.bandwidth * replica.bandwidth
    speeds = computing(model, replica, found)
    weights = model.weights_bytes / bandwidth + speeds.unpacking
    between = between_ranks(model, replica, found, read=weights * model.active_share)
    layer = (
        found.layer_seconds
        + found.mixture_layer_seconds * model.is_mixture
        + found.latent_layer_seconds * model.is_latent
    )
    return StepTimes(
        model=model,
        room=replica.batched_tokens,
        fixed=(found.step_seconds + model.layers * layer + between.step),
        sequence=found.sequence_seconds,
        token=speeds.token + between.token,
        head=speeds.head,
        attention_byte=speeds.attention_byte,
        weights=weights,
        kv_byte=1 / bandwidth,
        overlaps=found.host_overlaps,
        pads=replica.kind == "neuron",
    )
