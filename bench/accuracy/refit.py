"""Writing what was fitted into the catalogue, with its date and its errors."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import JsonValue

from bench.accuracy.judged.comparison import OURS, Comparison
from bench.accuracy.judged.left_out import spread_here, spread_of
from bench.accuracy.outside import GRAVITON4, INFERENTIA2, MORE_GPUS, ONE_GPU, ClassErrors
from bench.accuracy.runs import Run
from tokenfleet.catalogue.machines.efficiencies import Efficiencies, FitErrors, Spread

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tokenfleet" / "catalogue" / "data" / "efficiencies.yaml"
_DIGITS = 4
_LEAST = Spread(theta=0.05, gap=0.05, first=0.05, first_p99=0.05)
# Decoding one request with llama.cpp is a part of what vLLM does there.
_ANOTHER_ENGINE = Spread(theta=0.3, gap=0.25, first=0.35, first_p99=0.45)


def refitted(
    fitted: Mapping[str, Efficiencies],
    runs: Sequence[Run],
    found: Comparison,
    classes: Sequence[ClassErrors],
    today: dt.date,
) -> Mapping[str, Efficiencies]:
    """What was fitted to everything, with how far off it is on what was left out."""
    by_name = {each.name: each for each in classes}
    here = spread_here(found.judged, found.misses)
    gpu = fitted["gpu"].model_copy(
        update={
            "spread": here,
            "spread_elsewhere": spread_of(by_name[ONE_GPU], here),
            "spread_of_more_ranks": spread_of(by_name[MORE_GPUS], here),
            "run_sigma": found.idle_sigma,
            "measured_on": tuple(sorted({run.query.machine.device for run in runs})),
            "measured_ranks": max(run.query.machine.ranks for run in runs),
            "errors_by_left_out": _errors(found, by_name),
            "date": today,
        }
    )
    others = {
        kind: fitted[kind].model_copy(
            update={
                "spread": spread_of(by_name[name], least),
                "errors_by_left_out": {left_out: _of_class(by_name[name])},
                "date": today,
            }
        )
        for kind, name, left_out, least in (
            ("cpu", GRAVITON4, "model", _ANOTHER_ENGINE),
            ("neuron", INFERENTIA2, "number of ranks", _LEAST),
        )
        if name in by_name
    }
    return {**fitted, "gpu": gpu, **others}


def written(rows: Mapping[str, Efficiencies]) -> Path:
    """Replace the figures; the words above them stay."""
    text = FILE.read_text(encoding="utf-8")
    heading = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    plain = {
        kind: {
            **_rounded(row.model_dump(mode="json", by_alias=True, exclude_none=True)),
            "date": row.date,
        }
        for kind, row in rows.items()
    }
    FILE.write_text(heading + yaml.safe_dump(plain, sort_keys=False, width=100), encoding="utf-8")
    return FILE.relative_to(ROOT)


def _errors(found: Comparison, classes: Mapping[str, ClassErrors]) -> Mapping[str, FitErrors]:
    corpus = {
        method.left_out: FitErrors(
            usd_per_mtok_percent=round(method.usd_per_mtok.mean, 1),
            theta_percent=round(method.theta.mean, 1),
            coverage_percent=round(method.usd_per_mtok.coverage or 0),
        )
        for method in found.methods
        if method.name == OURS and method.theta
    }
    others = {name: _of_class(classes[name]) for name in (ONE_GPU, MORE_GPUS)}
    return {**corpus, **others}


def _of_class(errors: ClassErrors) -> FitErrors:
    """Flat out the price is one over the speed, so both are off as much."""
    return FitErrors(
        usd_per_mtok_percent=round(errors.speed.mean, 1),
        theta_percent=round(errors.speed.mean, 1),
        coverage_percent=round(errors.speed.coverage or 0),
    )


def _rounded(row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    def short(value: JsonValue) -> JsonValue:
        if isinstance(value, float):
            return float(f"{value:.{_DIGITS}g}")
        return _rounded(value) if isinstance(value, dict) else value

    return {name: short(value) for name, value in row.items()}
