"""Questions about recorded runs: one row of a CSV file each, checked and located."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.accuracy.questions.asked_model import asked_model
from bench.accuracy.questions.cells import Cells
from bench.accuracy.questions.doubts import doubts
from bench.accuracy.questions.machines import Machine, machine_of
from bench.accuracy.questions.server_software import Software, software_of
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.traffic import MOST_REQUESTS_PER_SECOND, Arrivals, RequestShape

KEY = (
    "config_id",
    "arrival_rps",
    "input_tokens",
    "output_tokens",
    "prefix_caching",
    "burstiness",
)

_MOST_PROMPTS, _LEAST_USD = 100_000, 1e-6
_MOST_AT_ONCE = 100_000
_RATE = ("arrival_rps", "rate_rps")
_AT_ONCE = ("max_concurrency", "concurrency")
_REQUESTS = ("num_prompts", "requests")
# Where nobody says how long a client went on that keeps so many requests in flight: so many times
# all of them, by when the first and the last ones, which meet an emptier engine, are few.
_ROUNDS = 8
# --num-prompts of vllm bench serve, unless told otherwise.
_PROMPTS = 1000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a row says of the engine's own limits; None where they are its defaults."""

    max_sequences: int | None
    batched_tokens: int | None
    usable: float | None


@dataclass(frozen=True, kw_only=True)
class Query:
    """One run to predict. ``requests`` is how many the client sent, ``place`` where it is asked.

    ``loaded_bytes`` is what the model takes of the memory, ``max_concurrency`` how many requests the
    client keeps in flight at most (None: it sends them when they come), ``usd_per_hour`` the
    price of the whole machine (None: not asked). ``guesses`` names what the row left open and was
    taken from elsewhere, ``doubts`` what of it may not be as it says; both widen the range. ``notes`` is what
    a reader should know of how the row was understood.
    """

    place: str
    config_id: str
    model: ServedModel
    loaded_bytes: float
    machine: Machine
    shape: RequestShape
    arrivals: Arrivals
    prefix_caching: bool
    requests: int
    max_concurrency: int | None
    limits: Limits
    usd_per_hour: float | None
    software: Software
    guesses: Sequence[str]
    doubts: Sequence[str]
    notes: Sequence[str]


def query_of(row: Mapping[str, str], place: str) -> Query:
    """Check one row.

    Raises:
        CostError: naming the column that cannot be understood.
    """
    cells = Cells(row, place)
    software = software_of(cells.text("engine"))
    machine = machine_of(cells, is_corpus=_is_corpus(cells), is_divided=software.serves)
    model = asked_model(cells, machine.ranks)
    shape, arrivals = _traffic(cells)
    prefix_caching = bool(cells.number("prefix_caching", default=0.0))
    at_once = cells.maybe_whole(*_AT_ONCE, least=1, most=_MOST_AT_ONCE)
    usual = _requests(cells, shape, arrivals, at_once, prefix_caching=prefix_caching)
    return Query(
        place=place,
        config_id=cells.text("config_id") or cells.text("id"),
        model=model.served,
        loaded_bytes=model.loaded_bytes,
        machine=machine,
        shape=shape,
        arrivals=arrivals,
        prefix_caching=prefix_caching,
        requests=cells.whole(*_REQUESTS, default=usual, least=1, most=_MOST_PROMPTS),
        max_concurrency=at_once,
        limits=_limits(cells),
        usd_per_hour=cells.maybe("usd_per_hour_config", least=_LEAST_USD),
        software=software,
        guesses=model.guesses,
        doubts=doubts(machine, model, shape),
        notes=[*([machine.note] if machine.note else ()), *model.notes, *software.notes],
    )


def _is_corpus(cells: Cells) -> bool:
    """Whether it is asked as score.py asks; tables of others call a machine hardware."""
    return bool(cells.text("config_id") and cells.text("gpu"))


def _traffic(cells: Cells) -> tuple[RequestShape, Arrivals]:
    inputs, outputs = cells.number("input_tokens"), cells.number("output_tokens")
    if not outputs:
        problem = "0 is not between 1 and 10,000,000: runs of text are judged"
        raise CostError(problem, place=cells.where("output_tokens"))
    rate, burstiness = _rate(cells), cells.number("burstiness", default=1.0)
    try:
        return (
            RequestShape(input_tokens=inputs, output_tokens=outputs),
            Arrivals(requests_per_second=rate, burstiness=burstiness),
        )
    except CostError as error:
        columns = _RATE if error.place == "requests per second" else _column(error.place)
        raise CostError(error.problem, place=cells.where(*columns)) from error


def _column(place: str | None) -> Sequence[str]:
    """The column of what the product calls ``input tokens``."""
    return [(place or "").replace(" ", "_")]


def _rate(cells: Cells) -> float:
    """Requests a second; ``inf``, the default of ``vllm bench serve``, sends all at once.

    A client that keeps a number of requests in flight needs no rate.
    """
    text = cells.text(*_RATE).lower()
    if text == "inf" or (not text and cells.text(*_AT_ONCE)):
        return MOST_REQUESTS_PER_SECOND
    if not text:
        problem = (
            "missing: give requests a second there, inf for all at once, or in max_concurrency (or"
            " concurrency) how many are kept in flight"
        )
        raise CostError(problem, place=cells.where(*_RATE))
    return cells.number(*_RATE)


def _limits(cells: Cells) -> Limits:
    return Limits(
        max_sequences=cells.maybe_whole("max_num_seqs", least=1, most=_MOST_AT_ONCE),
        batched_tokens=cells.maybe_whole("max_num_batched_tokens", least=1),
        usable=cells.maybe("gpu_memory_utilization", least=0.01, most=1.0),
    )


_BASE_REQUESTS = 500
_LONGER_SECONDS, _LONGER_MOST = 100, 2000


def _requests(
    cells: Cells,
    shape: RequestShape,
    arrivals: Arrivals,
    at_once: float | None,
    *,
    prefix_caching: bool,
) -> float:
    """How many requests a run sent where its row does not say.

    A run of the corpus: 500, or in its second file more. Read off rows below saturation, where
    completed = N / (N / rate + last latency): 500 at a request a second, 1,000 at 10, 2,000 from 25
    on.
    """
    if at_once:
        return min(_MOST_PROMPTS, _ROUNDS * at_once)
    if not _is_corpus(cells):
        return _PROMPTS
    base = (shape.input_tokens, shape.output_tokens) == (512, 256)
    if base and not prefix_caching and arrivals.burstiness == 1:
        return _BASE_REQUESTS
    longer = _LONGER_SECONDS * arrivals.requests_per_second
    return min(_LONGER_MOST, max(_BASE_REQUESTS, longer))
