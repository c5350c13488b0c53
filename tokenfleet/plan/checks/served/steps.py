"""What a step of the engine takes in, where its user says how much that is."""

from collections.abc import Iterator

from tokenfleet.mistakes import Mistake
from tokenfleet.plan.serving.limits.batch_choice import BATCHED_TOKENS_FLAG, batch_of
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings

_WHOLE = "no-enable-chunked-prefill"


def step_mistakes(path: str, model: ModelSettings, server: Server) -> Iterator[Mistake]:
    """Too few tokens a step: such an engine does not start (SchedulerConfig.verify_max_model_len)."""
    given = model.engine_arguments
    whole, longest = _WHOLE in given, model.context_length
    is_pooled = (model.task or server.facts.task) != "generate"
    if not (whole or is_pooled or BATCHED_TOKENS_FLAG in given):
        return
    batch = batch_of(model, server)
    if (whole or is_pooled) and batch.prompt_tokens < longest:
        why = f"{_WHOLE} is given" if whole else "its answers are no text"
        flag = BATCHED_TOKENS_FLAG if BATCHED_TOKENS_FLAG in given else _WHOLE
        yield Mistake(
            path=f"{path}.engineArguments.{flag}",
            value=str(given[flag]),
            problem=(
                f"a prompt is read in one step ({why}), and one of contextLength {longest:,} does"
                f" not fit into {batch.prompt_tokens:,} tokens: "
                + (
                    f"give {longest} or more, or leave it out"
                    if BATCHED_TOKENS_FLAG in given
                    else f"give {BATCHED_TOKENS_FLAG}: {longest}, too"
                )
            ),
        )
    elif BATCHED_TOKENS_FLAG in given and batch.prompt_tokens < batch.sequences:
        yield Mistake(
            path=f"{path}.engineArguments.{BATCHED_TOKENS_FLAG}",
            value=str(given[BATCHED_TOKENS_FLAG]),
            problem=(
                f"a step of {batch.sequences:,} requests has at least as many tokens: give"
                f" {batch.sequences} or more, or leave it out"
            ),
        )
