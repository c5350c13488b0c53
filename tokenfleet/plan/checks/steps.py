"""What a step of the engine takes in, where its user says how much that is."""

from collections.abc import Iterator

from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.serving.batch import BatchPlan
from tokenfleet.settings.models import ModelSettings

_TOKENS, _WHOLE = "max-num-batched-tokens", "no-enable-chunked-prefill"


def step_mistakes(
    path: str, model: ModelSettings, facts: ModelFacts, batch: BatchPlan
) -> Iterator[Mistake]:
    """Too few tokens a step: such an engine does not start (SchedulerConfig.verify_max_model_len)."""
    given = model.engine_arguments
    whole, longest = _WHOLE in given, model.context_length
    is_pooled = (model.task or facts.task) != "generate"
    if (whole or is_pooled) and batch.prompt_tokens < longest:
        why = f"{_WHOLE} is given" if whole else "its answers are no text"
        flag = _TOKENS if _TOKENS in given else _WHOLE
        yield Mistake(
            path=f"{path}.engineArguments.{flag}",
            value=str(given[flag]),
            problem=(
                f"a prompt is read in one step ({why}), and one of contextLength {longest:,} does"
                f" not fit into {batch.prompt_tokens:,} tokens: "
                + (
                    f"give {longest} or more, or leave it out"
                    if _TOKENS in given
                    else f"give {_TOKENS}: {longest}, too"
                )
            ),
        )
    elif _TOKENS in given and batch.prompt_tokens < batch.sequences:
        yield Mistake(
            path=f"{path}.engineArguments.{_TOKENS}",
            value=str(given[_TOKENS]),
            problem=(
                f"a step of {batch.sequences:,} requests has at least as many tokens: give"
                f" {batch.sequences} or more, or leave it out"
            ),
        )
