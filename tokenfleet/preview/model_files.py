"""What the files of a model leave open: code of their own, and keys that nothing reads."""

from collections.abc import Iterator

from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.stack import Plan


def file_notes(plan: Plan) -> Iterator[str]:
    """A sentence for each model of which something is open."""
    for model in plan.models:
        if model.facts.unread_keys:
            yield f"models.{model.name}.configJson: {unread(model.facts)}"


def unread(facts: ModelFacts) -> str:
    """Which keys of its configuration nothing reads, and what follows from it."""
    return (
        f"nothing here reads {', '.join(facts.unread_keys)}. If one of them changes the layers, memory and"
        " price are wrong: look in the model's code, and try one replica before you rely on them."
    )


def own_code(facts: ModelFacts) -> str:
    """What a model needs whose configuration the engine does not know."""
    return (
        f"The engine has no configuration for model_type '{facts.model_type}': a stack needs"
        " engineArguments.trust-remote-code, which runs Python code of the model's repository."
    )
