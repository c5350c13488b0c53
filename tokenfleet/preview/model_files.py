"""What the files of a model leave open: code of their own, and keys that nothing reads."""

from collections.abc import Iterator

from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.stack import Plan


def file_notes(plan: Plan) -> Iterator[str]:
    """A sentence for each model whose configuration has keys that nothing reads."""
    for model in plan.models:
        if model.facts.unread_keys:
            yield f"models.{model.name}.configJson: {_unread(model.facts)}"


def file_lines(facts: ModelFacts) -> Iterator[str]:
    """What to know of a model that no stack serves yet."""
    if facts.own_code:
        yield (
            f"The engine has no configuration for model_type '{facts.model_type}': a stack needs"
            " engineArguments.trust-remote-code, which runs Python code of the model's repository."
        )
    if facts.unread_keys:
        yield f"config.json: {_unread(facts)}"


def file_rows(facts: ModelFacts) -> Iterator[tuple[str, str, str]]:
    """The same of a served model: what, which, and what follows from it."""
    if facts.own_code:
        reason = "the engine has no configuration for its model_type; trust-remote-code runs it"
        yield "code", "of its repository", reason
    if facts.unread_keys:
        reason = "keys of config.json: if one changes the layers, memory is wrong"
        yield "not read", ", ".join(facts.unread_keys), reason


def _unread(facts: ModelFacts) -> str:
    return (
        f"nothing here reads {', '.join(facts.unread_keys)}. If one of them changes the layers, memory and"
        " price are wrong: look in the model's code, and try one replica before you rely on them."
    )
