"""Which model a command is about: one of the catalogue, or one that a ``config.json`` describes."""

from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts, known_models
from tokenfleet.mistakes import nearest
from tokenfleet.plain_text import control_character

ModelName = Annotated[str, typer.Argument(help="Hugging Face id, such as Qwen/Qwen3-8B")]
ConfigJson = Annotated[
    Path | None,
    typer.Option(
        "--config-json",
        metavar="FILE",
        help="its config.json, for a model the catalogue does not list",
    ),
]


def given_model(model: str, config_json: Path | None) -> ModelFacts | CatalogueError:
    """The facts of a model, from its ``config.json`` where one is given.

    A mistake is returned, not raised, to be said beside others; it begins with what it is about.
    """
    if config_json is None:
        return _of_catalogue(model)
    if odd := control_character(model):
        return CatalogueError(f"MODEL: holds the control character {odd}")
    try:
        return facts_from_config(config_json)
    except CatalogueError as error:
        return CatalogueError(f"--config-json {config_json}: {error}")


def _of_catalogue(model: str) -> ModelFacts | CatalogueError:
    known = known_models()
    if model in known:
        return known[model]
    return CatalogueError(
        f"MODEL {model}: no facts about this model.{nearest(model, known)} tokenfleet catalogue models"
        f" lists the {len(known)} that are known. For another, give its config.json with --config-json,"
        " or add it to tokenfleet/catalogue/data/models.yaml"
    )
