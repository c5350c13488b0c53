"""Names that clients use: what shares one must answer alike, and no two things may share one by chance."""

from collections.abc import Iterator, Mapping

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.models import ModelSettings

Facts = Mapping[str, ModelFacts | CatalogueError]


def name_mistakes(draft: Draft, facts_by_model: Facts) -> Iterator[Mistake]:
    """Models of one name that differ in what a client sees, fallbacks of nobody, adapters in the way."""
    groups: dict[str, dict[str, ModelSettings]] = {}
    for name, model in sorted(draft.models.items()):
        groups.setdefault(model.served_as or name, {})[name] = model
    # What did not parse may be who else is meant.
    is_whole = draft.pool_by_model.keys() <= draft.models.keys()
    for served, sharing in groups.items():
        if is_whole:
            yield from _fallback_mistakes(served, sharing)
        yield from _difference_mistakes(served, sharing, facts_by_model)
    yield from _adapter_mistakes(groups)


def _fallback_mistakes(served: str, sharing: Mapping[str, ModelSettings]) -> Iterator[Mistake]:
    lowest, first = min((model.fallback, name) for name, model in sharing.items())
    if lowest == 0:
        return
    problem = (
        f"has no effect: no other model is servedAs {served}"
        if len(sharing) == 1
        else f"of those servedAs {served} somebody must serve first: give one of them fallback 0"
    )
    yield Mistake(path=f"models.{first}.fallback", value=str(lowest), problem=problem)


def _difference_mistakes(
    served: str, sharing: Mapping[str, ModelSettings], facts_by_model: Facts
) -> Iterator[Mistake]:
    """A client cannot tell who answers, so what it may ask must not depend on that."""
    (first, model), *others = sharing.items()
    task = _task(model, facts_by_model[first])
    for name, other in others:
        path, whom = f"models.{name}", f"as {first} has, which is servedAs {served} too"
        its_task = _task(other, facts_by_model[name])
        if task and its_task and task != its_task:
            problem = f"must be {task}, {whom}: give one of them another servedAs"
            yield Mistake(path=f"{path}.task", value=its_task, problem=problem)
        if other.context_length != model.context_length:
            yield Mistake(
                path=f"{path}.contextLength",
                value=str(other.context_length),
                problem=f"must be {model.context_length}, {whom}",
            )
        if other.adapters.keys() != model.adapters.keys():
            names = ", ".join(sorted(model.adapters)) or "none"
            yield Mistake(
                path=f"{path}.adapters",
                value=", ".join(sorted(other.adapters)),
                problem=f"must be those of {first}, {names}, which is servedAs {served} too",
            )


def _task(model: ModelSettings, facts: ModelFacts | CatalogueError) -> str | None:
    return model.task or (facts.task if isinstance(facts, ModelFacts) else None)


def _adapter_mistakes(groups: Mapping[str, Mapping[str, ModelSettings]]) -> Iterator[Mistake]:
    served_by = {name: f"the model {name}" for name in groups}
    for served, sharing in groups.items():
        for adapter in sorted({name for model in sharing.values() for name in model.adapters}):
            if adapter in served_by:
                first = next(name for name, model in sharing.items() if adapter in model.adapters)
                problem = (
                    f"clients could not tell it from {served_by[adapter]}: choose another name"
                )
                yield Mistake(path=f"models.{first}.adapters.{adapter}", value="", problem=problem)
            served_by[adapter] = f"the adapter of {served}"
