"""What a model is to do: whether its engine and its files do it, and which figures go with that."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.hardware import Engine
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake
from tokenfleet.settings.models import ModelSettings
from tokenfleet.task import Task


def task_mistakes(
    path: str, model: ModelSettings, facts: ModelFacts, engine: Engine
) -> Iterator[Mistake]:
    """What the engine does not do with the model, and settings that do not go with what it does."""
    asked = model.task or facts.task
    if problem := _task_problem(asked, facts.task, engine):
        yield Mistake(path=f"{path}.task", value=asked, problem=problem)
        return
    if asked != "generate":
        yield from _without_text(path, model, asked)
    if model.traffic and (asked == "generate") == (not model.traffic.output_tokens):
        problem = (
            "is missing: what generates has one or more"
            if asked == "generate"
            else f"its answers have no tokens ({asked}): leave it out"
        )
        yield Mistake(
            path=f"{path}.traffic.outputTokens",
            value=str(model.traffic.output_tokens or ""),
            problem=problem,
        )
    if facts.keeps_nothing and model.kv_cache_dtype != "auto":
        problem = "an encoder keeps nothing of a request: leave it out"
        yield Mistake(path=f"{path}.kvCacheDtype", value=model.kv_cache_dtype, problem=problem)


def _task_problem(asked: Task, does: Task, engine: Engine) -> str | None:
    if asked not in engine.tasks:
        return f"vLLM {engine.version} as pinned for this pool serves {' and '.join(engine.tasks)} alone"
    if does not in {asked, "generate"}:
        return f"its files say {does}: leave it out, or publish a checkpoint made for {asked}"
    if asked not in {does, "embed"}:
        return (
            f"it has no head for {asked}: publish a checkpoint that has (architectures ...ForSequence"
            "Classification), or leave task out"
        )
    return None


def _without_text(path: str, model: ModelSettings, asked: Task) -> Iterator[Mistake]:
    if model.adapters:
        problem = f"adapters of a model for {asked} are not served yet: merge them into its weights"
        yield Mistake(path=f"{path}.adapters", value=", ".join(model.adapters), problem=problem)
    if model.speculative:
        problem = f"nothing is drafted for {asked}: leave it out"
        yield Mistake(path=f"{path}.speculative", value=model.speculative.method, problem=problem)
    if "itl_p99_ms" in model.objective.model_fields_set:
        problem = f"its answers have no tokens ({asked}): leave it out, ttftP99Ms is all of it"
        value = str(model.objective.itl_p99_ms)
        yield Mistake(path=f"{path}.objective.itlP99Ms", value=value, problem=problem)
