"""How what a model loads gets into the bucket, one command for each part of it, and on whose terms."""

from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.plan.serving.model import ModelPlan

WEIGHTS, DRAFT = "weights", "draft"
_HUB = "https://huggingface.co"


def how_to_publish(stack: str, model: ModelPlan, snapshot: str) -> str:
    """The command that publishes one of the model's snapshots."""
    if snapshot in (*model.artifacts, model.compiled):
        return f"tokenfleet compile {stack} {model.name} | kubectl apply -f -"
    organisation, name, revision = snapshot.split("/")
    plain = model.load_format == "auto" or snapshot in model.adapters.values()
    wanted = "" if plain else f" --load-format {model.load_format}"
    return f"tokenfleet publish {organisation}/{name} --revision {revision}{wanted}"


def part_of(model: ModelPlan, snapshot: str) -> str:
    """What one of the model's snapshots is to it, ``WEIGHTS``, ``DRAFT`` or such as ``adapter legal``."""
    if snapshot in (*model.artifacts, model.compiled):
        return "compiled code"
    if model.speculation and snapshot == model.speculation.draft:
        return DRAFT
    names = [name for name, adapter in model.adapters.items() if adapter == snapshot]
    if not names:
        return WEIGHTS
    return f"{'adapter' if len(names) == 1 else 'adapters'} {', '.join(names)}"


def gate(model: ModelPlan) -> str | None:
    """What its makers want before the Hub hands out the weights; None where they ask for nothing."""
    return _gate(model.hugging_face_id, model.facts.license) if model.facts.gated else None


def gate_of_draft(model: ModelPlan) -> str | None:
    """The same of the model that drafts for it, as far as the catalogue knows it."""
    name = draft_of(model)
    known = known_models().get(name) if name else None
    return _gate(name, known.license) if name and known and known.gated else None


def draft_of(model: ModelPlan) -> str | None:
    """The Hugging Face id of what drafts for it; None where nothing else does."""
    draft = model.speculation.draft if model.speculation else None
    return draft.rpartition("/")[0] if draft else None


def _gate(name: str, licence: str) -> str:
    return (
        f"The weights of {name} are gated: accept their licence, {licence}, at {_HUB}/{name} and set"
        " HF_TOKEN to a token of that account, or the Hub does not hand them out"
    )
