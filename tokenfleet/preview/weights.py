"""What to publish before anything is served, how, and on whose terms."""

from collections.abc import Iterator

from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.published import draft_of, gate, gate_of_draft, how_to_publish, part_of
from tokenfleet.plan.stack import Plan


def weight_notes(plan: Plan) -> Iterator[str]:
    """A sentence for each model: that it is published, or what to publish; then the licences."""
    for model in plan.models:
        if model.published:
            yield (
                f"{model.name} is said to be published ({model.mark}): its replicas start at once."
                " In a bucket made anew, after a destroy, it is not: take the line out first."
            )
    waiting = [model for model in plan.models if not model.published]
    for model in waiting:
        yield from (f"{terms}." for terms in (gate(model), gate_of_draft(model)) if terms)
        yield f"{model.name} runs no replica before its {_commands(plan, model)}"
    if waiting:
        yield (
            f"tokenfleet models --stack {plan.stack} then looks into the bucket and prints what to"
            " set in the stack file."
        )
    yield from _compilable(plan)
    if licences := list(_licences(plan)):
        yield f"Licences to keep to: {', '.join(licences)}."


def _compilable(plan: Plan) -> Iterator[str]:
    """What a start is that finds its code compiled, and what one that does not."""
    for model in plan.models:
        for choice in model.start_choices:
            if model.compiled and choice.compiles and choice.start:
                yield (
                    f"{model.name} is expected to start in"
                    f" {model.cold_start.until_ready.expected:,.0f} s with compiled code, and in"
                    f" {choice.start.until_ready.expected:,.0f} s until that is published, once"
                    " after the weights of a revision:"
                    f" {how_to_publish(plan.stack, model, model.compiled)}"
                )


def _commands(plan: Plan, model: ModelPlan) -> str:
    part_by_command = {
        how_to_publish(plan.stack, model, snapshot): part_of(model, snapshot)
        for snapshot in model.snapshots
    }
    (first, weights), *others = part_by_command.items()
    said = [f"{weights} are published: {first}"]
    said += [f"then its {part}: {command}" for command, part in others]
    return ", ".join(said)


def _licences(plan: Plan) -> Iterator[str]:
    """Of each model, adapter and draft that is loaded; the catalogue knows those of models alone."""
    for model in plan.models:
        yield f"{model.name} ({model.facts.license})"
        yield from (f"its adapter {name} (see its card on the Hub)" for name in model.adapters)
        if name := draft_of(model):
            known = known_models().get(name)
            yield f"its draft {name} ({known.license if known else 'see its card on the Hub'})"
