"""What the repository of a public model says of it beyond its shape: its format and its context."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from bench.accuracy.questions.architectures import CONFIGS, recorded
from bench.accuracy.questions.model_names import format_words
from tokenfleet.catalogue.architecture.keys import ShapeError
from tokenfleet.catalogue.architecture.read import read_architecture
from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.checkpoint.read import checkpoint_format
from tokenfleet.catalogue.models.facts import known_models


@dataclass(frozen=True, kw_only=True)
class Published:
    """None is what nobody here has read."""

    dtype: WeightsDtype | None = None
    context_length: int | None = None


@cache
def published(name: str) -> Published:
    """Of the model of that Hugging Face id; its own format only if its name is of no variant in one."""
    facts = known_models().get(name)
    if facts:
        dtype, context = facts.weights_dtype, facts.context_length
    else:
        dtype, context = _read(name)
    return Published(dtype=None if format_words(name) else dtype, context_length=context)


def _read(name: str) -> tuple[WeightsDtype | None, int | None]:
    """Of its ``config.json``; of keys that were chosen for their shape the context alone."""
    folder = CONFIGS / name.replace("/", "--", 1)
    path = folder / "config.json"
    row = recorded().models.get(name)
    is_whole = path.is_file()
    config: Mapping[str, object] | None = row.config if row else None
    if is_whole:
        config = cast("Mapping[str, object]", json.loads(path.read_text(encoding="utf-8")))
    if not config:
        return None, None
    try:
        context = read_architecture(config).context_length
        return checkpoint_format(config, folder).dtype if is_whole else None, context
    except ShapeError:
        return None, None
