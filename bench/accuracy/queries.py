"""Questions about recorded runs: one row of a CSV file each, checked and located."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenfleet.catalogue.accelerators import Accelerator, accelerator
from tokenfleet.catalogue.checkpoint.format import BITS_BY_DTYPE, WeightsDtype
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models import known_models
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.served_model import (
    USUAL_GROUPING,
    ServedModel,
    usual_hidden_size,
    usual_layers,
)
from tokenfleet.estimate.traffic import MOST_REQUESTS_PER_SECOND, Arrivals, RequestShape

KEY = (
    "config_id",
    "arrival_rps",
    "input_tokens",
    "output_tokens",
    "prefix_caching",
    "burstiness",
)

# The corpus says H100. Its price is that of Azure's NC40ads_H100_v5, which has the NVL card, and
# it held 322 sequences where 80 GiB hold 212 (data/README.md). "H100 SXM" is the other one.
_CORPUS_NAMES: Mapping[str, str] = {"H100": "H100 NVL"}

_DTYPES: Mapping[str, WeightsDtype] = {
    "": "bfloat16",
    "auto": "bfloat16",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float16": "float16",
    "fp16": "float16",
    "half": "float16",
    "fp8": "fp8",
    "fp8_e4m3": "fp8",
    "float8": "fp8",
    "int8": "int8",
    "w8a8": "int8",
    "int4": "int4",
    "w4a16": "int4",
    "awq": "int4",
    "gptq": "int4",
    "mxfp4": "mxfp4",
    "fp4": "mxfp4",
}

# Where nobody gives the KV cache of a token: 128 KiB at 8 billion parameters (Llama 3.1 8B), growing
# as between it and Llama 3.3 70B (320 KiB). A mixture holds less than its size says.
_KV_BYTES_AT, _AT_PARAMETERS, _KV_GROWTH = 131072, 8.03e9, 0.42

_MOST_GPUS, _MOST_PROMPTS, _LEAST_USD = 64, 100_000, 1e-6


@dataclass(frozen=True, kw_only=True)
class Query:
    """One run to predict. ``requests`` is how many the client sent, ``place`` where it is asked.

    ``guesses`` names what the row left open and was taken from elsewhere.
    """

    place: str
    config_id: str
    model: ServedModel
    gpu: Accelerator
    gpu_count: int
    shape: RequestShape
    arrivals: Arrivals
    prefix_caching: bool
    requests: int
    usd_per_hour: float
    engine: str
    guesses: Sequence[str]


def read_rows(path: Path) -> Sequence[tuple[int, Mapping[str, str]]]:
    """The rows of a CSV file with their line numbers.

    Raises:
        CostError: when the file cannot be read or has no header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [(reader.line_num, {k: v or "" for k, v in row.items() if k}) for row in reader]
    except OSError as error:
        raise CostError(str(error.strerror), place=str(path)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"not a CSV file in UTF-8: {error}"
        raise CostError(problem, place=str(path)) from error
    if not rows:
        problem = "no rows below a header; score.py --queries prints some"
        raise CostError(problem, place=str(path))
    return rows


def query_of(row: Mapping[str, str], place: str) -> Query:
    """Check one row.

    Raises:
        CostError: naming the column that cannot be understood.
    """
    fields = _Fields(row, place)
    gpu_name = row.get("gpu", "").strip()
    try:
        gpu = accelerator(_CORPUS_NAMES.get(gpu_name, gpu_name))
    except CatalogueError as error:
        raise CostError(str(error), place=f"{place}: gpu") from error
    model, guesses = _model(fields)
    try:
        shape = _shape(fields)
        arrivals = Arrivals(
            requests_per_second=_rate(fields),
            burstiness=fields.number("burstiness", 1.0),
        )
    except CostError as error:
        if error.place.startswith(place):
            raise
        raise CostError(error.problem, place=f"{place}: {error.place}") from error
    prefix_caching = bool(fields.number("prefix_caching", 0.0))
    recorded = _requests(shape, arrivals, prefix_caching=prefix_caching)
    return Query(
        place=place,
        config_id=row.get("config_id", ""),
        model=model,
        gpu=gpu,
        gpu_count=int(fields.number("n_gpu", 1.0, least=1, most=_MOST_GPUS)),
        shape=shape,
        arrivals=arrivals,
        prefix_caching=prefix_caching,
        requests=int(fields.number("num_prompts", recorded, least=1, most=_MOST_PROMPTS)),
        usd_per_hour=fields.number("usd_per_hour_config", least=_LEAST_USD),
        engine=row.get("engine", "") or "vllm",
        guesses=guesses,
    )


class _Fields:
    """Cells of a row as numbers."""

    def __init__(self, row: Mapping[str, str], place: str) -> None:
        self._row = row
        self.place = place

    def text(self, column: str) -> str:
        return self._row.get(column, "").strip()

    def number(
        self,
        column: str,
        default: float | None = None,
        *,
        least: float = 0.0,
        most: float = math.inf,
    ) -> float:
        text = self.text(column)
        if not text and default is not None:
            return default
        place = f"{self.place}: {column}"
        if not text:
            problem = "missing"
            raise CostError(problem, place=place)
        try:
            value = float(text)
        except ValueError as error:
            problem = f"'{text}' is not a number"
            raise CostError(problem, place=place) from error
        if not least <= value <= most or math.isinf(value):
            allowed = f"a number from {least:g} on"
            if math.isfinite(most):
                allowed = f"between {least:g} and {most:g}"
            problem = f"{text} is not {allowed}"
            raise CostError(problem, place=place)
        return value


def _shape(fields: _Fields) -> RequestShape:
    shape = RequestShape(
        input_tokens=fields.number("input_tokens"),
        output_tokens=fields.number("output_tokens"),
    )
    if shape.is_pooled:
        problem = "0 is not between 1 and 10,000,000: runs of text are judged"
        raise CostError(problem, place="output tokens")
    return shape


def _rate(fields: _Fields) -> float:
    """Requests a second; ``inf``, the default of ``vllm bench serve``, sends all at once."""
    if fields.text("arrival_rps").lower() == "inf":
        return MOST_REQUESTS_PER_SECOND
    return fields.number("arrival_rps")


def _model(fields: _Fields) -> tuple[ServedModel, Sequence[str]]:
    """The model of a row; what the row leaves open comes from the catalogue or a usual value."""
    name, guesses = fields.text("model"), list[str]()
    facts = known_models().get(name)
    total = fields.number("total_params_b", facts.parameters / 1e9 if facts else None) * 1e9
    if not total:
        problem = "a model has more than 0 parameters"
        raise CostError(problem, place=f"{fields.place}: total_params_b")
    active = fields.number("active_params_b", 0.0) * 1e9
    if not active:
        guesses.append("active_params_b")
        active = facts.active_parameters if facts else total
    kv_bytes = fields.number("kv_bytes_per_token", 0.0)
    if not kv_bytes:
        guesses.append("kv_bytes_per_token")
        usual = _KV_BYTES_AT * (total / _AT_PARAMETERS) ** _KV_GROWTH
        kv_bytes = facts.kv_bytes(1, 1) if facts else usual
    dtype_name = fields.text("dtype").lower()
    if dtype_name not in _DTYPES:
        problem = f"'{dtype_name}' is none of {', '.join(sorted(filter(None, _DTYPES)))}"
        raise CostError(problem, place=f"{fields.place}: dtype")
    dtype = _DTYPES[dtype_name]
    grouping = facts.attention_heads / facts.kv_heads if facts else USUAL_GROUPING
    served = ServedModel(
        name=name or "the model",
        total_parameters=total,
        active_parameters=min(active, total),
        weights_bytes=total * BITS_BY_DTYPE[dtype] / 8,
        weights_dtype=dtype,
        kv_bytes_per_token=kv_bytes,
        query_heads_per_kv_head=grouping,
        layers=facts.layers if facts else usual_layers(total, active),
        hidden_size=facts.hidden_size if facts else usual_hidden_size(total, active),
    )
    return served, guesses


_BASE_REQUESTS = 500
_LONGER_SECONDS, _LONGER_MOST = 100, 2000


def _requests(shape: RequestShape, arrivals: Arrivals, *, prefix_caching: bool) -> float:
    """How many requests a run of the corpus sent: 500, or in its second file more.

    Read off rows below saturation, where completed = N / (N / rate + last latency): 500 at a
    request a second, 1,000 at 10, 2,000 from 25 on.
    """
    base = (shape.input_tokens, shape.output_tokens) == (512, 256)
    if base and not prefix_caching and arrivals.burstiness == 1:
        return _BASE_REQUESTS
    longer = _LONGER_SECONDS * arrivals.requests_per_second
    return min(_LONGER_MOST, max(_BASE_REQUESTS, longer))
