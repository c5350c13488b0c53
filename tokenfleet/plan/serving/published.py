"""How what a model loads gets into the bucket, one command for each part of it."""

from tokenfleet.plan.serving.model import ModelPlan


def how_to_publish(stack: str, model: ModelPlan, snapshot: str) -> str:
    """The command that publishes one of the model's snapshots."""
    if snapshot in model.artifacts:
        return f"tokenfleet compile {stack} {model.name} | kubectl apply -f -"
    organisation, name, revision = snapshot.split("/")
    return f"tokenfleet publish {organisation}/{name} --revision {revision}"
