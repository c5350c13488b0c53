"""The model of a row: what the row says of it, what its name is known for, and usual values."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.accuracy.questions.architectures import Architecture, architecture
from bench.accuracy.questions.cells import Cells
from bench.accuracy.questions.formats import format_of
from bench.accuracy.questions.model_names import sized
from bench.accuracy.questions.published import Published, published
from tokenfleet.catalogue.checkpoint.format import BITS_BY_DTYPE, WeightsDtype
from tokenfleet.catalogue.layer_cache import KV_BYTES_PER_VALUE
from tokenfleet.catalogue.models.facts import ModelFacts, known_models
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.served_model import (
    USUAL_EXPERT_WIDTH,
    USUAL_GROUPING,
    ServedModel,
    usual_hidden_size,
    usual_layers,
)

# Where nobody gives the KV cache of a token: 128 KiB at 8 billion parameters (Llama 3.1 8B), growing
# as between it and Llama 3.3 70B (320 KiB). A mixture holds less than its size says.
_KV_BYTES_AT, _AT_PARAMETERS, _KV_GROWTH = 131072, 8.03e9, 0.42
# Rows round: their model is the one of that name if its size is within so much.
_SAME_SIZE = 0.1
_SAME_KV = 0.02
_SIXTEEN_BIT_BYTES = 2


_DESCRIBED_BY = (
    "total_params_b, and by as many of active_params_b, kv_bytes_per_token, layers and hidden_size as"
    " you know"
)

# Of whose heads some attention goes nowhere.
_WITH_SINKS = "gpt-oss"


@dataclass(frozen=True, kw_only=True)
class AskedModel:
    """A model as one row asks for it; ``loaded_bytes`` is what it takes of the memory.

    ``guesses`` names what the row left open and was taken from the size alone, or for the usual.
    ``attention_heads`` and ``context_length`` are None of a model that is not known.
    """

    served: ServedModel
    loaded_bytes: float
    guesses: Sequence[str]
    notes: Sequence[str]
    attention_heads: int | None
    context_length: int | None


def asked_model(cells: Cells, ranks: int) -> AskedModel:
    """The model of a row on so many ranks, each of which holds whole KV heads.

    Raises:
        CostError: naming the column, for a size or a format that cannot be understood.
    """
    name = cells.text("model")
    known = architecture(name) if name else None
    total, active, guesses = _size(cells, name, known)
    if known and abs(total / known.total_parameters - 1) > _SAME_SIZE:
        known = None
    said = published(known.name) if known else Published()
    kept_in = format_of(cells, name, said)
    dtype = kept_in.dtype
    kv, windows, kv_guesses = _kept(cells, known, total)
    copies = max(1.0, ranks / _kv_heads(known)) if known else 1.0
    head = known.vocabulary_size * known.hidden_size if known else 0
    looked_up = 0 if known is None or known.tied_embeddings else head
    weights, loaded = _weights(
        known, dtype, kept_in.bits, total=total, head=head, looked_up=looked_up
    )
    served = ServedModel(
        name=name or "the model",
        total_parameters=total - looked_up,
        active_parameters=min(active, total) - looked_up,
        weights_bytes=weights,
        weights_dtype=dtype,
        kv_bytes_per_token=kv * copies,
        windows=[(each * copies, tokens) for each, tokens in windows],
        state_bytes=known.state_bytes if known else 0.0,
        query_heads_per_kv_head=(
            known.attention_heads / _kv_heads(known) if known else USUAL_GROUPING
        ),
        layers=cells.whole("layers", default=_layers(known, total, active), least=1),
        hidden_size=cells.whole("hidden_size", default=_width(known, total, active), least=1),
        head_parameters=head,
        expert_width=(known.expert_width if known else 0) or USUAL_EXPERT_WIDTH,
        is_latent=known is not None and known.attention == "latent",
        has_sinks=_WITH_SINKS in name.lower(),
    )
    return AskedModel(
        served=served,
        loaded_bytes=loaded,
        guesses=[*guesses, *kv_guesses, *(["dtype"] if kept_in.is_guess else ())],
        notes=[kept_in.note] if kept_in.note else (),
        attention_heads=known.attention_heads if known else None,
        context_length=said.context_length,
    )


def _size(
    cells: Cells, name: str, known: Architecture | None
) -> tuple[float, float, Sequence[str]]:
    """Parameters, those that a token visits, and what of them is a guess."""
    said = sized(name)
    total = known.total_parameters if known else said.total if said else None
    if total is None and not cells.text("total_params_b"):
        why = f"'{name}' is not known and says no size" if name else "missing"
        problem = f"{why}: describe it by {_DESCRIBED_BY}"
        raise CostError(problem, place=cells.where("model"))
    total = cells.number("total_params_b", default=total and total / 1e9) * 1e9
    if not total:
        problem = "a model has more than 0 parameters"
        raise CostError(problem, place=cells.where("total_params_b"))
    active = cells.number("active_params_b", default=0.0) * 1e9
    if active:
        return total, active, ()
    if known:
        return total, known.active_parameters, ()
    return total, said.active if said else total, ("active_params_b",)


def _kept(
    cells: Cells, known: Architecture | None, total: float
) -> tuple[float, Sequence[tuple[float, int]], Sequence[str]]:
    """Bytes that all layers keep of a token, those of the last tokens only, and what is a guess.

    A row counts all layers alike: where that is what is known, it is known by layer, too.
    """
    given = cells.maybe("kv_bytes_per_token")
    if known:
        kept = KV_BYTES_PER_VALUE * known.kv_values_per_token
        windows = [(KV_BYTES_PER_VALUE * each, tokens) for each, tokens in known.windows]
        everything = kept + sum(each for each, _ in windows)
        if not given or abs(given / everything - 1) < _SAME_KV:
            return kept, windows, ()
    if given:
        return given, (), ()
    usual = _KV_BYTES_AT * (total / _AT_PARAMETERS) ** _KV_GROWTH
    return usual, (), ("kv_bytes_per_token",)


def _weights(
    known: Architecture | None,
    dtype: WeightsDtype,
    bits: float,
    *,
    total: float,
    head: float,
    looked_up: float,
) -> tuple[float, float]:
    """Bytes that are read for tokens of all kinds, and those that are loaded.

    Checkpoints of few bits keep embeddings and head in 16; a GGUF's bits are the mean of both.
    """
    facts = known_models().get(known.name) if known else None
    if facts and _is_in(facts, dtype):
        return facts.text_bytes, facts.loaded_bytes
    if bits == BITS_BY_DTYPE[dtype]:
        rest = (total - looked_up - head) * bits / 8
        read = rest + _SIXTEEN_BIT_BYTES * head
        return read, read + _SIXTEEN_BIT_BYTES * looked_up
    return (total - looked_up) * bits / 8, total * bits / 8


def _is_in(facts: ModelFacts, dtype: WeightsDtype) -> bool:
    return BITS_BY_DTYPE[facts.weights_dtype] == BITS_BY_DTYPE[dtype]


def _kv_heads(known: Architecture) -> int:
    """Latent attention has one, which every rank holds."""
    return 1 if known.attention == "latent" else known.kv_heads


def _layers(known: Architecture | None, total: float, active: float) -> int:
    return known.layers if known else usual_layers(total, min(active, total))


def _width(known: Architecture | None, total: float, active: float) -> int:
    return known.hidden_size if known else usual_hidden_size(total, min(active, total))
