"""Models of which the stack file says that other weights are published than they would load."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.mistakes import Mistake
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.settings.models import ModelSettings


def published_mistakes(
    settings: Mapping[str, ModelSettings], models: Sequence[ModelPlan]
) -> Iterator[Mistake]:
    """Marks of other weights: a rollout would end replicas for ones that wait for ever."""
    for model in models:
        said = settings[model.name].published
        if said not in {None, model.mark}:
            yield Mistake(
                path=f"models.{model.name}.published",
                value=str(said),
                problem=(
                    "is not the mark of what this model would load now from this stack's bucket"
                    f" ({', '.join(model.snapshots)}): publish that, then give the mark that"
                    " tokenfleet models --stack prints; running replicas keep serving until then"
                ),
            )
