"""What the models of a stack name in files beside it, or in the catalogue: facts, drafts, templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts, model_facts
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.drafting import with_draft
from tokenfleet.plan.serving.engine.chat_template import read_chat_template
from tokenfleet.plan.serving.engine.load_format import load_format_of
from tokenfleet.settings.models import ModelSettings
from tokenfleet.weights.load_format import index_name

_NO_PREFIX_CACHE = "no-enable-prefix-caching"


@dataclass(frozen=True, kw_only=True)
class Beside:
    """By the name of a model: its facts, or why there are none; the text of its chat template."""

    facts_by_model: Mapping[str, ModelFacts | CatalogueError]
    templates: Mapping[str, str]
    mistakes: Sequence[Mistake]


def read_beside(models: Mapping[str, ModelSettings], project: Path) -> Beside:
    """Read all of them; ``project`` is the directory that paths start from."""
    facts_by_model: dict[str, ModelFacts | CatalogueError] = {}
    templates: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for name, model in models.items():
        facts_by_model[name] = facts = _facts(model, project)
        if isinstance(facts, ModelFacts):
            drafted = with_draft(name, model, facts, project)
            if isinstance(drafted, Mistake):
                mistakes.append(drafted)
            else:
                facts_by_model[name] = drafted.with_state_copies(
                    prefix_cache=(model.task or facts.task) == "generate"
                    and _NO_PREFIX_CACHE not in model.engine_arguments,
                    drafted_tokens=model.speculative.tokens if model.speculative else 0,
                )
        template = read_chat_template(name, model, project)
        if isinstance(template, Mistake):
            mistakes.append(template)
        elif template is not None:
            templates[name] = template
    return Beside(facts_by_model=facts_by_model, templates=templates, mistakes=mistakes)


def _facts(model: ModelSettings, project: Path) -> ModelFacts | CatalogueError:
    try:
        if model.config_json:
            return facts_from_config(
                project / model.config_json,
                way_out="Give a path relative to Pulumi.yaml",
                index_name=index_name(load_format_of(model)),
            )
        return model_facts(model.hugging_face_id)
    except CatalogueError as error:
        return error
