"""Models whose configuration only Python code of their repository reads: who deploys one says so."""

from collections.abc import Iterator

from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake
from tokenfleet.settings.models import ModelSettings

FLAG = "trust-remote-code"


def own_code_mistakes(path: str, model: ModelSettings, facts: ModelFacts) -> Iterator[Mistake]:
    """A replica that would end at once, for want of a switch that nobody should set unseen."""
    if facts.own_code and model.engine_arguments.get(FLAG) is not True:
        yield Mistake(
            path=f"{path}.engineArguments.{FLAG}",
            value="",
            problem=(
                f"is missing: the engine has no configuration for model_type '{facts.model_type}' and"
                " would end at once. Read the Python code of the repository at this revision, then set"
                " it to true: that code runs in every replica, beside prompts and weights. Or serve"
                " another model"
            ),
        )
