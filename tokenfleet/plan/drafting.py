"""What drafts for a model of a stack: found beside the stack file or in the catalogue, and added to its facts."""

from pathlib import Path

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.draft import Draft
from tokenfleet.catalogue.models.drafts import head_from_config, own_layers, smaller_model
from tokenfleet.catalogue.models.facts import ModelFacts, model_facts
from tokenfleet.mistakes import Mistake
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.speculation import DraftSettings, SpeculativeSettings

_WAY_OUT = "Give a path relative to Pulumi.yaml"


def with_draft(
    name: str, model: ModelSettings, facts: ModelFacts, project: Path
) -> ModelFacts | Mistake:
    """The facts of a model with what drafts for it, or what is wrong with that."""
    asked = model.speculative
    if asked is None:
        return facts
    try:
        draft = _draft(asked, facts, project)
    except CatalogueError as error:
        path = f"models.{name}.speculative"
        if asked.draft is None:
            return Mistake(path=f"{path}.method", value=asked.method, problem=str(error))
        key = "configJson" if asked.draft.config_json else "huggingFaceId"
        value = asked.draft.config_json or asked.draft.hugging_face_id
        return Mistake(path=f"{path}.draft.{key}", value=value, problem=str(error))
    return facts.model_copy(update={"draft": draft})


def _draft(asked: SpeculativeSettings, facts: ModelFacts, project: Path) -> Draft | None:
    if asked.method == "mtp":
        return own_layers(facts)
    if asked.draft is None:
        return None
    if asked.method == "draft_model":
        return smaller_model(_whole_model(asked.draft, project), facts)
    if asked.draft.config_json is None:
        msg = "the catalogue lists no heads: give the path of its config.json as configJson"
        raise CatalogueError(msg)
    path = project / asked.draft.config_json
    return head_from_config(path, asked.method, facts, way_out=_WAY_OUT)


def _whole_model(draft: DraftSettings, project: Path) -> ModelFacts:
    if draft.config_json:
        return facts_from_config(project / draft.config_json, way_out=_WAY_OUT)
    return model_facts(draft.hugging_face_id)
