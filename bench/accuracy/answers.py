"""Predictions as the CSV file that score.py of the corpus reads."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from bench.accuracy.prediction import Prediction, predict
from bench.accuracy.queries import KEY, query_of, read_rows
from tokenfleet.catalogue.efficiencies import Efficiencies
from tokenfleet.estimate.refusal import CostError

_FIGURES = (
    "output_tok_s",
    "usd_per_mtok",
    "output_tok_s_p10",
    "output_tok_s_p90",
    "usd_per_mtok_p10",
    "usd_per_mtok_p90",
    "ttft_p50_ms",
    "tpot_p50_ms",
    "basis",
    "notes",
)


def answers(path: Path, found: Efficiencies) -> tuple[Sequence[Mapping[str, str]], Sequence[str]]:
    """An answer for every row that can be understood, and what is wrong with the others.

    Raises:
        CostError: when there is no row at all.
    """
    rows: list[Mapping[str, str]] = []
    problems: list[str] = []
    for line, row in read_rows(path):
        try:
            prediction = predict(query_of(row, f"{path.name}:{line}"), found)
        except CostError as error:
            problems.append(str(error))
            continue
        rows.append({**{key: row.get(key, "") for key in KEY}, **_figures(prediction)})
    return rows, problems


def write(rows: Sequence[Mapping[str, str]], to: TextIO) -> None:
    """Write them below a header."""
    writer = csv.DictWriter(to, [*KEY, *_FIGURES], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _figures(prediction: Prediction) -> Mapping[str, str]:
    output, usd = prediction.output_tokens_per_second, prediction.usd_per_mtok
    notes = list(prediction.notes)
    if prediction.query.engine != "vllm":
        notes.append(f"predicted as vLLM, not {prediction.query.engine}")
    return {
        "output_tok_s": f"{output.p50:.6g}",
        "usd_per_mtok": f"{usd.p50:.6g}",
        "output_tok_s_p10": f"{output.p10:.6g}",
        "output_tok_s_p90": f"{output.p90:.6g}",
        "usd_per_mtok_p10": f"{usd.p10:.6g}",
        "usd_per_mtok_p90": f"{usd.p90:.6g}",
        "ttft_p50_ms": f"{prediction.run.ttft * 1000:.4g}",
        "tpot_p50_ms": f"{prediction.run.tpot * 1000:.4g}",
        "basis": prediction.saturation.basis,
        "notes": "; ".join(notes),
    }
