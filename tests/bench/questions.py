"""Questions as people write them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.accuracy.prediction import Prediction, predict
from bench.accuracy.questions.queries import Query, query_of
from tokenfleet.catalogue.machines.efficiencies import efficiencies

# As score.py of the corpus asks.
ROW = {
    "config_id": "a",
    "arrival_rps": "10",
    "input_tokens": "512",
    "output_tokens": "256",
    "total_params_b": "8",
    "kv_bytes_per_token": "131072",
    "dtype": "bfloat16",
    "gpu": "H100 SXM",
    "usd_per_hour_config": "6.88",
}
# As tables of other people's runs have it.
OTHER = {
    "id": "b",
    "model": "meta-llama/Llama-3.1-8B-Instruct",
    "dtype": "bfloat16",
    "hardware": "H100",
    "count_or_tp": "1",
    "input_tokens": "1000",
    "output_tokens": "200",
    "concurrency": "4",
}


def query(**cells: str) -> Query:
    """A question of another table, with these cells."""
    return query_of({**OTHER, **cells}, "q.csv:2")


def predicted(**cells: str) -> Prediction:
    """What the catalogue's figures say of it."""
    asked = query(**cells)
    return predict(asked, efficiencies()[asked.machine.kind])


def asked(tmp_path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """A file of questions."""
    path = tmp_path / "queries.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path
