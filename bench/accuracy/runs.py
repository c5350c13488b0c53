"""The recorded runs, and what of them the fit looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.accuracy.questions.cells import read_rows
from bench.accuracy.questions.queries import Query, query_of

RECORDED = Path(__file__).parents[1] / "data" / "vllm_runs.csv"

Regime = Literal["idle", "knee", "saturated"]
# Offered load over the largest measured output, as score.py of the corpus cuts it.
_IDLE_BELOW, _SATURATED_ABOVE = 0.7, 1.3


@dataclass(frozen=True, kw_only=True)
class Run:
    """One measured run; latencies in seconds, ``theta`` the largest output of its shape."""

    row_id: str
    query: Query
    model: str
    gpu: str
    output_tokens_per_second: float
    usd_per_mtok: float
    ttft: float
    ttft_p99: float
    tpot: float
    theta: float

    @property
    def config_id(self) -> str:
        """Engine, model, dtype and GPUs."""
        return self.query.config_id

    @property
    def offered(self) -> float:
        """Output tokens a second that were asked for."""
        return self.query.arrivals.requests_per_second * self.query.shape.output_tokens

    @property
    def regime(self) -> Regime:
        """Idle, knee or saturated."""
        load = self.offered / self.theta
        if load < _IDLE_BELOW:
            return "idle"
        return "knee" if load <= _SATURATED_ABOVE else "saturated"


def recorded_runs(path: Path = RECORDED, engine: str = "vllm") -> Sequence[Run]:
    """The runs of one engine."""
    rows = [
        (query_of(row, f"{path.name}:{line}"), row)
        for line, row in read_rows(path)
        if row["engine"] == engine
    ]
    theta: dict[tuple[str, float, float], float] = {}
    for query, row in rows:
        key = _shape_of(query)
        theta[key] = max(theta.get(key, 0.0), float(row["output_tok_s"]))
    return [_run(query, row, theta[_shape_of(query)]) for query, row in rows]


def saturated_runs(runs: Sequence[Run]) -> Sequence[Run]:
    """The run of the largest output for each configuration and shape: what measures theta."""
    most: dict[tuple[str, float, float], Run] = {}
    for run in runs:
        key = _shape_of(run.query)
        if key not in most or run.output_tokens_per_second > most[key].output_tokens_per_second:
            most[key] = run
    return list(most.values())


def by_config(runs: Sequence[Run]) -> Mapping[str, Sequence[Run]]:
    """Runs by configuration."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.config_id, []).append(run)
    return found


def _shape_of(query: Query) -> tuple[str, float, float]:
    return query.config_id, query.shape.input_tokens, query.shape.output_tokens


def _run(query: Query, row: Mapping[str, str], theta: float) -> Run:
    return Run(
        row_id=row["row_id"],
        query=query,
        model=row["model_short"],
        gpu=row["gpu"],
        output_tokens_per_second=float(row["output_tok_s"]),
        usd_per_mtok=float(row["usd_per_mtok_output"]),
        ttft=float(row["ttft_p50_ms"]) / 1000,
        ttft_p99=float(row["ttft_p99_ms"]) / 1000,
        tpot=float(row["tpot_p50_ms"]) / 1000,
        theta=theta,
    )
