"""Shapes of public models that runs of others name, also of those the catalogue does not have."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, cast

import yaml
from pydantic import Field, JsonValue

from bench.accuracy.questions.model_names import Key, keys, shorter
from tokenfleet.catalogue.architecture.keys import ShapeError
from tokenfleet.catalogue.architecture.layer import Architecture as Layers
from tokenfleet.catalogue.architecture.read import read_architecture
from tokenfleet.catalogue.facts import Fact
from tokenfleet.catalogue.layer_cache import KV_BYTES_PER_VALUE, LayerCache
from tokenfleet.catalogue.models.facts import ModelFacts, known_models

RECORDED = Path(__file__).parents[2] / "data" / "architectures.yaml"
CONFIGS = Path(__file__).parents[3] / "tests" / "catalogue" / "configs"

# Not files of a model, but what classes hold by default (the README beside them).
_NO_MODELS = ("transformers--", "own-code--")

Attention = Literal["full", "latent", "hybrid"]


class Kept(Fact):
    """What all layers together keep of a sequence.

    ``kv_values_per_token``: 16-bit values of those that keep something of every token; ``windows``:
    values a token, and of how many of the last, of those that keep no more; ``state_bytes``: what is
    as large for any sequence. ``attention`` is hybrid where some layers keep a window or a state.
    """

    attention: Attention
    kv_values_per_token: float = Field(ge=0)
    windows: tuple[tuple[float, int], ...] = ()
    state_bytes: int = Field(default=0, ge=0)


class Shape(Kept):
    """What a token reads and computes, of text alone: no towers.

    Parameters count tied embeddings once; ``active_parameters`` are those that a token is multiplied
    with, embeddings included. ``mixture_layers`` are those with routed experts, 0 of a dense model,
    and ``expert_width`` is between the matrices of one.
    """

    total_parameters: int = Field(gt=0)
    active_parameters: int = Field(gt=0)
    layers: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    vocabulary_size: int = Field(gt=0)
    tied_embeddings: bool
    attention_heads: int = Field(gt=0)
    kv_heads: int = Field(gt=0)
    mixture_layers: int = Field(default=0, ge=0)
    expert_width: int = Field(default=0, ge=0)


class Architecture(Shape):
    """The shape of a model, by its Hugging Face id, and where it was read."""

    name: str
    source: str


class Headline(Fact):
    """Billions of parameters as its maker or the Hub states them."""

    total: float = Field(gt=0)
    active: float | None = Field(default=None, gt=0)


class Row(Fact):
    """A model: keys of its ``config.json``, the folder of one, or a shape where nothing reads these."""

    headline: Headline
    config: Mapping[str, JsonValue] | None = None
    config_json: str | None = None
    shape: Shape | None = None
    source: str

    def read(self) -> Shape:
        """The shape, as the catalogue counts it.

        Raises:
            ShapeError: what the keys say cannot be counted.
        """
        if self.shape:
            return self.shape
        if self.config_json:
            return _shape_in(CONFIGS / self.config_json)
        return shape_of(read_architecture(self.config or {}))


class LeftOpen(Fact):
    """What the catalogue's row of a model does not say."""

    tied_embeddings: bool
    mixture_layers: int = 0
    expert_width: int = 0


class Recorded(Fact):
    """The data file. ``same_shape``: other names of a model, and models that differ in weights alone."""

    sources: Mapping[str, str]
    left_open: Mapping[str, LeftOpen]
    same_shape: Mapping[str, tuple[str, ...]]
    models: Mapping[str, Row]


@cache
def recorded() -> Recorded:
    """The data file, checked."""
    text = RECORDED.read_text(encoding="utf-8")
    return Recorded.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


def architecture(name: str) -> Architecture | None:
    """The shape of the model that a Hugging Face id or a looser name means, or None.

    Organisation, case, points and underscores do not matter, nor do a format, a date or a word such
    as Instruct that changes no shape. A word that is not known may change it: then None.
    """
    known, read = _by_key(), keys(name)
    for tried in (read, [short for each in read for short in shorter(each)]):
        found = {known[each].name: known[each] for each in tried if each in known}
        if found:
            # Readings of one name that are two models: nobody can say which.
            return next(iter(found.values())) if len(found) == 1 else None
    return None


@cache
def known_architectures() -> Mapping[str, Architecture]:
    """Every model by Hugging Face id: of the catalogue, of the data file, and of ``config.json`` files."""
    read = {name: row.read() for name, row in recorded().models.items()}
    sources = {name: recorded().sources[row.source] for name, row in recorded().models.items()}
    for folder in model_folders():
        name = folder.name.replace("--", "/", 1)
        try:
            read[name] = _shape_in(folder)
        except ShapeError:
            # The reader says of some files why it does not count them (tests/catalogue).
            continue
        sources[name] = f"tests/catalogue/configs/{folder.name}"
    of_files = {
        name: Architecture(name=name, source=sources[name], **shape.model_dump())
        for name, shape in read.items()
    }
    by_size = {_size(each): each for each in of_files.values()}
    facts = {name: row for name, row in known_models().items() if row.task == "generate"}
    of_catalogue = {name: _of_facts(name, row, by_size) for name, row in facts.items()}
    return {**of_catalogue, **{n: each for n, each in of_files.items() if n not in of_catalogue}}


def model_folders() -> Sequence[Path]:
    """Where ``config.json`` files of models are, without those that hold what a class has by default."""
    found = (path.parent for path in sorted(CONFIGS.glob("*/config.json")))
    return [folder for folder in found if not folder.name.startswith(_NO_MODELS)]


def shape_of(found: Layers) -> Shape:
    """What the catalogue's reader has found in a ``config.json``."""
    forwards = [layer.feed_forward for layer in found.layers]
    parameters = found.parameters
    widths = {width for each in forwards for width in each.expert_inner}
    return Shape(
        total_parameters=parameters.total - parameters.idle,
        active_parameters=parameters.active,
        layers=len(found.layers),
        hidden_size=found.width,
        vocabulary_size=found.vocabulary,
        tied_embeddings=found.tied,
        attention_heads=found.heads,
        kv_heads=found.kv_heads,
        mixture_layers=sum(each.experts > 0 for each in forwards),
        expert_width=max(widths, default=0),
        **_kept(found.caches, found.context_length).model_dump(),
    )


def _of_facts(name: str, facts: ModelFacts, by_size: Mapping[Sequence[int], Shape]) -> Architecture:
    """A row of the catalogue; what it leaves open is as in a configuration of the same sizes."""
    more = recorded().left_open.get(name) or by_size[_size(facts)]
    return Architecture(
        name=name,
        source=f"tokenfleet/catalogue/data/models.yaml: {facts.source}",
        total_parameters=facts.text_parameters,
        active_parameters=facts.active_parameters,
        layers=facts.layers,
        hidden_size=facts.hidden_size,
        vocabulary_size=facts.vocabulary_size,
        tied_embeddings=more.tied_embeddings,
        attention_heads=facts.attention_heads,
        kv_heads=facts.kv_heads,
        mixture_layers=more.mixture_layers,
        expert_width=more.expert_width,
        **_kept(facts.layer_caches, facts.context_length).model_dump(),
    )


def _size(of: ModelFacts | Shape) -> Sequence[int]:
    return of.layers, of.hidden_size, of.vocabulary_size, of.active_parameters


def _shape_in(folder: Path) -> Shape:
    text = (folder / "config.json").read_text(encoding="utf-8")
    return shape_of(read_architecture(cast("Mapping[str, object]", json.loads(text))))


@cache
def _by_key() -> Mapping[Key, Architecture]:
    """By what names may mean; where two models share a shorter name, the catalogue's comes first."""
    known = known_architectures()
    found: dict[Key, Architecture] = {}
    for name, each in known.items():
        found.setdefault(keys(name)[0], each)
    for name, others in recorded().same_shape.items():
        for other in others:
            found.setdefault(keys(other)[0], known[name])
    for key, each in list(found.items()):
        for short in shorter(key):
            found.setdefault(short, each)
    return found


def _kept(caches: Sequence[LayerCache], context_length: int) -> Kept:
    """What the layers keep; a window that no sequence outgrows is none."""
    states = [each for each in caches if each.kind == "state"]
    windows = [
        (each, each.tokens) for each in caches if (each.tokens or context_length) < context_length
    ]
    local = [each for each, _ in windows]
    whole = [each for each in caches if each not in states and each not in local]
    latent = any(each.kind in {"latent", "compressed"} for each in caches)
    return Kept(
        attention="hybrid" if states or windows else "latent" if latent else "full",
        kv_values_per_token=sum(_values(each) for each in whole),
        windows=tuple((_values(each), tokens) for each, tokens in windows if tokens),
        state_bytes=round(sum(each.bytes_of(1, 1) for each in states)),
    )


def _values(cache: LayerCache) -> float:
    return cache.bytes_of(1, 1) / KV_BYTES_PER_VALUE
