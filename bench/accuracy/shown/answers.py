"""Predictions as a CSV file: the columns that score.py of the corpus reads, and every latency."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from bench.accuracy.prediction import Prediction, predict
from bench.accuracy.questions.cells import read_rows
from bench.accuracy.questions.queries import KEY, query_of
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.quantiles import Quantiles
from tokenfleet.estimate.refusal import CostError

# What tells one row of another table from the next.
_ASKED = ("id", "model", "dtype", "gpu", "hardware", "n_gpu", "count_or_tp", "tensor_parallel")
_ASKED_OF_TRAFFIC = ("concurrency", "max_concurrency", "rate_rps", "requests", "num_prompts")
_RANGED = (
    "output_tok_s",
    "usd_per_mtok",
    "tpot_p50_ms",
    "ttft_p50_ms",
    "ttft_p90_ms",
    "ttft_p99_ms",
)


def answers(
    path: Path, found: Mapping[str, Efficiencies]
) -> tuple[Sequence[Mapping[str, str]], Sequence[str]]:
    """An answer for every row that can be understood, and what is wrong with the others.

    ``found`` are the figures by kind of machine.

    Raises:
        CostError: when there is no row at all.
    """
    rows: list[Mapping[str, str]] = []
    problems: list[str] = []
    for line, row in read_rows(path):
        try:
            query = query_of(row, f"{path.name}:{line}")
            prediction = predict(query, found[query.machine.kind])
        except CostError as error:
            problems.append(str(error))
            continue
        asked = {column: row[column] for column in _ASKED + _ASKED_OF_TRAFFIC if column in row}
        rows.append({**{key: row.get(key, "") for key in KEY}, **asked, **_figures(prediction)})
    return rows, problems


def write(rows: Sequence[Mapping[str, str]], to: TextIO) -> None:
    """Write them below a header."""
    writer = csv.DictWriter(to, list(rows[0]) if rows else KEY, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _figures(prediction: Prediction) -> Mapping[str, str]:
    price = prediction.query.usd_per_hour
    milliseconds = 1000.0
    ranges: Sequence[Quantiles | None] = (
        prediction.output_tokens_per_second,
        None if price is None else prediction.usd_per_mtok,
        prediction.tpot * milliseconds,
        prediction.ttft * milliseconds,
        prediction.ttft_p90 * milliseconds,
        prediction.ttft_p99 * milliseconds,
    )
    figures: dict[str, str] = {}
    for name, found in zip(_RANGED, ranges, strict=True):
        figures[name] = f"{found.p50:.6g}" if found else ""
        figures[f"{name}_p10"] = f"{found.p10:.6g}" if found else ""
        figures[f"{name}_p90"] = f"{found.p90:.6g}" if found else ""
    return {
        **figures,
        "basis": prediction.saturation.basis,
        "notes": "; ".join(prediction.notes),
    }
