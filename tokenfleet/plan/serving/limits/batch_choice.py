"""With which limits a step serves most within the objective."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.counted import three_digits
from tokenfleet.estimate.features.assumed import PLAIN, Features
from tokenfleet.estimate.load.carried import Chosen, Objective, StepLimits, most_carrying
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.engine.prefill import most_batched_tokens
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.expected import expected_features, expected_shape
from tokenfleet.plan.serving.limits.sequences import compiled_batch, sequences_of
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings, ObjectiveSettings
from tokenfleet.task import Task

BATCHED_TOKENS_FLAG = "max-num-batched-tokens"

# Below it, reading the weights once a step costs more than it saves.
_FEWEST = 256


def batch_of(settings: ModelSettings, server: Server) -> BatchPlan:
    """For the expected lengths; the user's own limit of prompt tokens stands where it is given."""
    task = settings.task or server.facts.task
    own = settings.engine_arguments.get(BATCHED_TOKENS_FLAG, "")
    return plan_batch(
        server,
        task=task,
        context_length=settings.context_length,
        shape=expected_shape(settings.traffic, task) if settings.traffic else None,
        objective=promised(settings.objective),
        features=expected_features(settings, server),
        own_tokens=int(own) if str(own).isdecimal() else None,
    )


def promised(objective: ObjectiveSettings) -> Objective:
    """The objective of a stack file."""
    return Objective(ttft_p99=objective.ttft_p99_ms / 1000, itl_p99=objective.itl_p99_ms / 1000)


def plan_batch(
    server: Server,
    *,
    task: Task,
    context_length: int,
    shape: RequestShape | None,
    objective: Objective,
    features: Features = PLAIN,
    own_tokens: int | None = None,
) -> BatchPlan:
    """Decide both limits of a server.

    ``shape`` is that of a mean request, None where nobody knows. What is drafted, of
    ``features``, is verified in each step for each request, besides its own token; ``own_tokens`` are those that the user wants.
    """
    if server.engine.sdk is not None:
        return compiled_batch(server, context_length)
    request_tokens = shape.input_tokens + shape.output_tokens if shape else None
    sequences, reason = sequences_of(server, request_tokens)
    most = most_batched_tokens(server.kind)
    default = BatchPlan(
        sequences=sequences,
        sequences_reason=reason,
        prompt_tokens=most,
        prompt_tokens_reason="the engine's default",
    )
    if own_tokens is not None:
        own = f"{BATCHED_TOKENS_FLAG} in the stack file"
        return replace(default, prompt_tokens=own_tokens, prompt_tokens_reason=own)
    if task != "generate":
        return replace(
            default,
            prompt_tokens=max(context_length, most),
            prompt_tokens_reason="the engine's default, or the longest prompt: most that answer with"
            " numbers read one in a single step",
        )
    candidates = _candidates(
        most, sequences, 1 + (features.speculation.tokens if features.speculation else 0)
    )
    chosen = None
    if shape:
        try:
            saturated = server.saturation(default, shape, features=features)
        except CostError:
            # Of requests longer than the context: plan.checks says so.
            pass
        else:
            chosen = most_carrying(saturated, objective, candidates)
    if chosen:
        return _carrying(default, chosen, objective)
    return _undisturbed(default, candidates, server.step(default), objective)


def _candidates(most: int, sequences: int, tokens_each: int) -> Sequence[StepLimits]:
    """The engine's default and smaller powers of two, with no more sequences than such a step has room for."""
    smaller = [most >> halvings for halvings in range(1, most.bit_length())]
    return [
        StepLimits(tokens=most, sequences=sequences),
        *(
            StepLimits(tokens=tokens, sequences=min(sequences, tokens // tokens_each))
            for tokens in smaller
            if tokens >= max(_FEWEST, tokens_each)
        ),
    ]


def _carrying(default: BatchPlan, chosen: Chosen, objective: Objective) -> BatchPlan:
    """What carries most, and how much more than the engine's default."""
    within = _within(chosen, objective)
    carries = f"carries {three_digits(chosen.carries)} requests/s within {within}"
    if chosen.limits.tokens == default.prompt_tokens:
        return replace(
            default,
            prompt_tokens_reason=f"the engine's default: {carries}",
            carries=chosen.carries,
        )
    first = three_digits(chosen.first_carries) if chosen.first_carries else "none"
    fewer = chosen.limits.sequences < default.sequences
    return BatchPlan(
        sequences=chosen.limits.sequences,
        sequences_reason=f"as many as a step has tokens for; {default.sequences:,} would fit"
        if fewer
        else default.sequences_reason,
        prompt_tokens=chosen.limits.tokens,
        prompt_tokens_reason=f"{carries}; {default.prompt_tokens:,} would carry {first}",
        carries=chosen.carries,
    )


def _within(chosen: Chosen, objective: Objective) -> str:
    match chosen.limit:
        case "itl_p99":
            return f"itlP99Ms {1000 * objective.itl_p99:g}"
        case "ttft_p99":
            return f"ttftP99Ms {1000 * objective.ttft_p99:g}"
        case None:
            return "the objective"


def _undisturbed(
    default: BatchPlan, candidates: Sequence[StepLimits], step: StepTimes, objective: Objective
) -> BatchPlan:
    """The largest step within the objective, or the smallest, where no load says what else it takes."""
    times = {
        each.tokens: step.mixed(0, 0, each.tokens, step.prefill(each.tokens))
        for each in candidates
        if each.sequences == default.sequences
    }
    tokens = next((n for n, time in times.items() if time <= objective.itl_p99), min(times))
    late = times[tokens] > objective.itl_p99
    return replace(
        default,
        prompt_tokens=tokens,
        prompt_tokens_reason=(
            f"{'the fewest that pay: ' if late else ''}a step takes about {1000 * times[tokens]:,.0f} ms,"
            f" {'above' if late else 'within'} itlP99Ms {1000 * objective.itl_p99:g}"
        ),
    )
