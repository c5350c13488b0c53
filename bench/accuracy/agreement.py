"""Whether closed forms say what the engine does when its scheduler is played step by step."""

import dataclasses
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from tokenfleet.catalogue.machines.accelerators import accelerator
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.estimate.load.served import at_load
from tokenfleet.estimate.quantiles import Quantiles
from tokenfleet.estimate.replica import Replica, gpu_replica
from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.scheduler.play import played
from tokenfleet.estimate.scheduler.played import Played, gap_percentile, percentile
from tokenfleet.estimate.scheduler.request import requests_of
from tokenfleet.estimate.served_model import served_model
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import Arrivals, RequestShape

# Model, GPU and how many; small and large, dense and mixture, slow and fast memory.
SERVERS = (
    ("Qwen/Qwen3-8B", "L40S", 1),
    ("meta-llama/Llama-3.1-8B-Instruct", "A100 80GB", 1),
    ("meta-llama/Llama-3.1-8B-Instruct", "H100", 1),
    ("Qwen/Qwen3-30B-A3B-Instruct-2507", "H100", 1),
    ("meta-llama/Llama-3.3-70B-Instruct", "H100", 8),
)
# Short and long, what is read and what is written.
SHAPES = ((200, 200), (1000, 100), (2000, 500), (500, 2000), (16000, 300))
LOADS = (0.1, 0.5, 0.8)
BURSTINESS = (1.0, 0.25)
REQUESTS = 3000
# Of a run that starts and ends empty, what is steady.
_FROM, _TO = 0.1, 0.95
_OVERLOAD = 1.5
_USABLE = 0.92
# What a closed form may be off by.
WITHIN: Mapping[str, float] = {
    "TTFT p50": 1.3,
    "TTFT p90": 1.5,
    "TTFT p99": 1.5,
    "ITL mean": 1.3,
    "ITL p99": 1.5,
    "theta": 1.3,
}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One figure, in closed form and played; seconds, or tokens a second."""

    server: str
    shape: RequestShape
    load: float
    burstiness: float
    figure: str
    closed: float
    played: float

    @property
    def ratio(self) -> float:
        """Closed form over played."""
        return self.closed / self.played

    @property
    def agrees(self) -> bool:
        """Whether it is off by no more than it may."""
        return abs(math.log(self.ratio)) <= math.log(WITHIN[self.figure])


def agreement(
    servers: Sequence[tuple[str, str, int]] = SERVERS,
    shapes: Sequence[tuple[int, int]] = SHAPES,
    loads: Sequence[float] = LOADS,
    requests: int = REQUESTS,
) -> Sequence[Agreement]:
    """Every figure for every server, shape, load and burstiness."""
    return [
        row
        for server in servers
        for read, written in shapes
        for row in _of_server(
            server, RequestShape(input_tokens=read, output_tokens=written), loads, requests
        )
    ]


def table(rows: Sequence[Agreement]) -> Table:
    """Closed form over played: median, and the least and the most, at each load."""
    found = Table(title="closed forms over the scheduler played step by step", title_justify="left")
    for column in ("figure", "load", "burstiness", "rows", "median", "least", "most", "agree"):
        found.add_column(column, justify="left" if column == "figure" else "right")
    keys = dict.fromkeys((row.figure, row.load, row.burstiness) for row in rows)
    for figure, load, burstiness in sorted(keys, key=lambda key: list(WITHIN).index(key[0])):
        same = [
            row
            for row in rows
            if (row.figure, row.load, row.burstiness) == (figure, load, burstiness)
        ]
        ratios = [row.ratio for row in same]
        found.add_row(
            figure,
            f"{load:g}",
            f"{burstiness:g}",
            str(len(same)),
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f}",
            f"{max(ratios):.2f}",
            f"{100 * statistics.mean(row.agrees for row in same):.0f} %",
        )
    return found


def _of_server(
    server: tuple[str, str, int], shape: RequestShape, loads: Sequence[float], requests: int
) -> Iterator[Agreement]:
    name, gpu, count = server
    model = served_model(name, model_facts(name), count)
    replica = gpu_replica(
        accelerator(gpu), count, model.weights_bytes, engine=engines()["vllm-cuda"], usable=_USABLE
    )
    # What happens outside the engine is not played.
    most = dataclasses.replace(
        saturation(model, replica, shape), request_seconds=0.0, late_seconds=0.0
    )
    title = f"{name.partition('/')[2]} on {replica.name}"

    def row(load: float, burstiness: float, figure: str, closed: float, found: float) -> Agreement:
        return Agreement(
            server=title,
            shape=shape,
            load=load,
            burstiness=burstiness,
            figure=figure,
            closed=closed,
            played=found,
        )

    flat_out = _play(most, replica, _OVERLOAD, 1.0, requests)
    yield row(1.0, 1.0, "theta", most.theta.p50, _output_per_second(flat_out))
    for load in loads:
        for burstiness in BURSTINESS:
            served = at_load(most, load * most.theta.p50 / shape.produced, burstiness)
            steady = _steady(_play(most, replica, load, burstiness, requests))
            closed = (served.ttft, served.ttft_p90, served.ttft_p99, served.itl, served.itl_p99)
            for (figure, seconds), quantiles in zip(steady.items(), closed, strict=True):
                if isinstance(quantiles, Quantiles):
                    yield row(load, burstiness, figure, quantiles.p50, seconds)


def _play(
    most: Saturation, replica: Replica, load: float, burstiness: float, requests: int
) -> Played:
    rate = load * most.theta.p50 / most.shape.produced
    arrivals = Arrivals(requests_per_second=rate, burstiness=burstiness)
    limits = Limits(
        sequences=replica.max_sequences,
        batched_tokens=replica.batched_tokens,
        kv_bytes=replica.kv_bytes,
    )
    return played(most.step, requests_of(most.shape, arrivals, requests), limits)


def _steady(run: Played) -> Mapping[str, float]:
    """Seconds that users wait for, without the beginning and the end of a run."""
    sent = sorted(run.answers, key=lambda answer: answer.sent)
    steady = sent[int(_FROM * len(sent)) : int(_TO * len(sent))]
    first = sorted(answer.ttft for answer in steady)
    gaps = [gap for gap in run.gaps if steady[0].sent <= gap.at <= steady[-1].sent]
    tokens = sum(gap.tokens for gap in gaps)
    return {
        "TTFT p50": percentile(first, 0.5),
        "TTFT p90": percentile(first, 0.9),
        "TTFT p99": percentile(first, 0.99),
        "ITL mean": sum(gap.seconds * gap.tokens for gap in gaps) / tokens,
        "ITL p99": gap_percentile(gaps, 0.99),
    }


def _output_per_second(run: Played) -> float:
    """While requests kept coming and the engine was full."""
    last = max(answer.sent for answer in run.answers)
    full = [each for each in run.stretches if last / 2 <= each.end <= last]
    tokens = sum(each.steps * each.decoded + each.finished for each in full)
    return tokens / sum(each.steps * each.seconds for each in full)
