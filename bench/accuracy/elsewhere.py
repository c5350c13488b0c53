"""Runs of other people, on other cards, that no figure is fitted to."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.prediction import Prediction, predict
from bench.accuracy.queries import query_of, read_rows
from bench.accuracy.scores import Score, score
from tokenfleet.catalogue.efficiencies import Efficiencies

RECORDED = Path(__file__).parents[1] / "data" / "gpustack_runs.csv"
ONE_GPU, MORE_GPUS = "one GPU", "4 or 8 GPUs"

# Nobody said what the servers cost; only tokens are judged.
_NO_PRICE = {"usd_per_hour_config": "1"}


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Theta of runs in which every request arrives at once; ``sigmas`` as in ``Efficiencies``."""

    by_size: Mapping[str, Score]
    sigmas: Mapping[str, float]


def elsewhere(found: Efficiencies) -> Elsewhere:
    """Predict every run by figures that have seen none of them."""
    by_size: dict[str, list[tuple[Prediction, float]]] = {ONE_GPU: [], MORE_GPUS: []}
    for line, row in read_rows(RECORDED):
        query = query_of({**row, **_NO_PRICE}, f"{RECORDED.name}:{line}")
        size = ONE_GPU if query.gpu_count == 1 else MORE_GPUS
        by_size[size].append((predict(query, found), float(row["output_tok_s"])))
    return Elsewhere(
        by_size={size: _score(rows) for size, rows in by_size.items()},
        sigmas={size: _sigma(rows) for size, rows in by_size.items()},
    )


def _score(rows: Sequence[tuple[Prediction, float]]) -> Score:
    ranges = [prediction.output_tokens_per_second for prediction, _ in rows]
    return score([found.p50 for found in ranges], [measured for _, measured in rows], ranges)


def _sigma(rows: Sequence[tuple[Prediction, float]]) -> float:
    misses = [
        math.log(prediction.output_tokens_per_second.p50 / measured)
        for prediction, measured in rows
    ]
    return math.sqrt(statistics.mean(miss * miss for miss in misses))
