"""How what a model loads gets into the bucket, one command for each part of it, and on whose terms."""

from tokenfleet.plan.serving.model import ModelPlan

WEIGHTS = "weights"
_HUB = "https://huggingface.co"


def how_to_publish(stack: str, model: ModelPlan, snapshot: str) -> str:
    """The command that publishes one of the model's snapshots."""
    if snapshot in model.artifacts:
        return f"tokenfleet compile {stack} {model.name} | kubectl apply -f -"
    organisation, name, revision = snapshot.split("/")
    wanted = "" if model.load_format == "auto" else f" --load-format {model.load_format}"
    return f"tokenfleet publish {organisation}/{name} --revision {revision}{wanted}"


def part_of(model: ModelPlan, snapshot: str) -> str:
    """What one of the model's snapshots is to it, ``WEIGHTS`` or such as ``adapter legal``."""
    if snapshot in model.artifacts:
        return "compiled code"
    if model.speculation and snapshot == model.speculation.draft:
        return "draft"
    names = [name for name, adapter in model.adapters.items() if adapter == snapshot]
    if not names:
        return WEIGHTS
    return f"{'adapter' if len(names) == 1 else 'adapters'} {', '.join(names)}"


def gate(model: ModelPlan) -> str | None:
    """What its makers want before the Hub hands out the weights; None where they ask for nothing."""
    if not model.facts.gated:
        return None
    return (
        f"The weights of {model.hugging_face_id} are gated: accept their licence,"
        f" {model.facts.license}, at"
        f" {_HUB}/{model.hugging_face_id} and set HF_TOKEN to a token of that account, or the Hub"
        " does not hand them out"
    )
