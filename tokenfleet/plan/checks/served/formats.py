"""Flags that say in which form the files of a model are: they have to agree."""

from collections.abc import Iterator

from tokenfleet.mistakes import Mistake
from tokenfleet.plan.serving.engine.load_format import (
    CONFIG_FORMAT,
    LOAD_FORMAT,
    TOKENIZER_MODE,
    asks_for_mistral,
)
from tokenfleet.settings.models import ModelSettings

_BOTH = (CONFIG_FORMAT, LOAD_FORMAT)


def format_mistakes(path: str, model: ModelSettings) -> Iterator[Mistake]:
    """Flags of which one asks for Mistral's files and another for what is then not published.

    Left out, each is found by the engine from the files. The tokenizer's is small and always there.
    """
    given = model.engine_arguments
    if not asks_for_mistral(model):
        return
    for flag in _BOTH:
        if given.get(flag, "mistral") not in ("mistral", "auto"):
            (other,) = {*_BOTH} - {flag}
            yield Mistake(
                path=f"{path}.engineArguments.{flag}",
                value=str(given[flag]),
                problem=(
                    f"contradicts {other}: mistral, for which the files of Mistral are published and"
                    " no others: give both as mistral, or neither"
                ),
            )
    if model.chat_template and given.get(TOKENIZER_MODE, "auto") in ("mistral", "auto"):
        yield Mistake(
            path=f"{path}.chatTemplate",
            value=model.chat_template,
            problem=(
                "is not read by Mistral's tokenizer, which makes prompts by itself: leave it out, or"
                f" give engineArguments {TOKENIZER_MODE}: hf"
            ),
        )
