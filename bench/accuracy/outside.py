"""Runs of other people, on other machines, by class of machine."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.judged.scores import Score, score
from bench.accuracy.prediction import Prediction, predict
from bench.accuracy.questions.cells import Cells, read_rows
from bench.accuracy.questions.queries import Query, query_of
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.quantiles import Quantiles

DATA = Path(__file__).parents[1] / "data"
RECORDED, GPUSTACK = DATA / "outside_runs.csv", DATA / "gpustack_runs.csv"

ONE_GPU, MORE_GPUS = "GPU vLLM 1 GPU", "GPU vLLM 2-8 GPUs"
INFERENTIA2, GRAVITON4 = "Inferentia2 vLLM", "Graviton4 llama.cpp decode"
OTHER_ENGINE = "TensorRT-LLM"
"""Another engine: only how its machines and lengths compare says something of the estimate."""


@dataclass(frozen=True, kw_only=True)
class OtherRun:
    """A run, and what was measured: output tokens a second, seconds between tokens and to the first.

    None where nobody said; ``output`` also where the client, not the server, set the pace.
    """

    name: str
    of_class: str
    query: Query
    output: float | None
    gap: float | None
    first: float | None

    @property
    def speed(self) -> float | None:
        """Output tokens a second, or those of one request where the client set the pace."""
        return self.output or (1 / self.gap if self.gap else None)


FoundFor = Callable[[OtherRun], Mapping[str, Efficiencies]]
"""Figures by kind of machine that have not seen a run."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What was measured, and what was predicted of it."""

    run: OtherRun
    prediction: Prediction
    scale: float

    @property
    def speed(self) -> Quantiles:
        """As ``OtherRun.speed``."""
        if self.run.output:
            return self.prediction.output_tokens_per_second * self.scale
        return self.prediction.tpot.under(self.scale)


@dataclass(frozen=True, kw_only=True)
class ClassErrors:
    """Errors of one class by figures that have seen none of it.

    ``scale`` is what the predictions of another engine are multiplied with, so that they are right
    on the (geometric) mean; 1 for vLLM.
    """

    name: str
    pairs: Sequence[Pair]
    speed: Score
    gap: Score | None
    first: Score | None
    scale: float


def other_runs(path: Path = RECORDED) -> Sequence[OtherRun]:
    """The runs of a file, and those of GPUStack, which count in the class of their machine.

    Raises:
        CostError: naming file, line and column of what cannot be understood.
    """
    return [
        _run(row, f"{file.name}:{line}")
        for file in (path, GPUSTACK)
        for line, row in read_rows(file)
    ]


def errors_by_class(runs: Sequence[OtherRun], found_for: FoundFor) -> Sequence[ClassErrors]:
    """Judge every run by figures that have not seen it."""
    names = dict.fromkeys(run.of_class for run in runs)
    return [
        _errors(name, [run for run in runs if run.of_class == name], found_for) for name in names
    ]


def _run(row: Mapping[str, str], place: str) -> OtherRun:
    cells, query = Cells(row, place), query_of(row, place)
    output = cells.maybe("measured_output_tok_s", "output_tok_s", least=1e-6)
    gap, first = (
        cells.maybe(name, least=1e-6) for name in ("measured_tpot_ms", "measured_ttft_ms")
    )
    counts = cells.number("counts_as_throughput", default=1.0)
    return OtherRun(
        name=query.config_id,
        of_class=cells.text("class") or _class_of(query),
        query=query,
        output=output if counts else None,
        gap=gap / 1000 if gap else None,
        first=first / 1000 if first else None,
    )


def _class_of(query: Query) -> str:
    if query.machine.kind == "gpu":
        return ONE_GPU if query.machine.ranks == 1 else MORE_GPUS
    return INFERENTIA2 if query.machine.kind == "neuron" else GRAVITON4


def _errors(name: str, runs: Sequence[OtherRun], found_for: FoundFor) -> ClassErrors:
    pairs = [
        Pair(
            run=run,
            prediction=predict(run.query, found_for(run)[run.query.machine.kind]),
            scale=1.0,
        )
        for run in runs
    ]
    scale = 1.0
    if name == OTHER_ENGINE:
        ratios = [pair.run.speed / pair.speed.p50 for pair in pairs if pair.run.speed]
        scale = math.exp(statistics.mean(map(math.log, ratios)))
        pairs = [Pair(run=pair.run, prediction=pair.prediction, scale=scale) for pair in pairs]
    speed = _score([(pair.speed, pair.run.speed) for pair in pairs])
    if speed is None:
        msg = f"no run of {name} says how fast it was"
        raise ValueError(msg)
    return ClassErrors(
        name=name,
        pairs=pairs,
        speed=speed,
        gap=_score([(pair.prediction.tpot, pair.run.gap) for pair in pairs]),
        first=_score([(pair.prediction.ttft, pair.run.first) for pair in pairs]),
        scale=scale,
    )


def _score(pairs: Sequence[tuple[Quantiles, float | None]]) -> Score | None:
    known = [(found, measured) for found, measured in pairs if measured]
    if not known:
        return None
    ranges = [found for found, _ in known]
    return score([found.p50 for found in ranges], [measured for _, measured in known], ranges)
