"""What a user measured: result files of ``vllm bench serve --save-result``."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.traffic import Arrivals, RequestShape
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text
from tokenfleet.plain_text import control_character

# Requests that failed took less work than those that did not; above this share of them a rate
# says nothing about the server.
_MOST_FAILED = 0.05
# All at once: `--request-rate inf`, which is the default.
_AT_ONCE = 100_000.0
_HOW = "write one with: vllm bench serve --save-result"

# Every run is replayed some thirty times; more requests than these teach nothing more.
_MOST_REQUESTS, _MOST_RUNS = 100_000, 20

_Count = Annotated[int, Field(ge=0, le=10**12)]
_Requests = Annotated[int, Field(ge=0, le=_MOST_REQUESTS)]
_Amount = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
_Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Result(BaseModel):
    """The keys of a result file that are looked at, as vLLM 0.32 names them."""

    model_config = ConfigDict(strict=True, protected_namespaces=())

    model_id: str
    date: str = "undated"
    num_prompts: _Requests
    completed: _Requests
    failed: _Requests | None = None
    request_rate: float | str = math.inf
    burstiness: float = 1.0
    max_concurrency: Annotated[int, Field(ge=1)] | None = None
    duration: _Amount
    total_input_tokens: _Count
    total_output_tokens: _Count
    output_throughput: _Amount
    median_tpot_ms: _Milliseconds | None = None
    median_ttft_ms: _Milliseconds | None = None


@dataclass(frozen=True, kw_only=True)
class ProfileRun:
    """One run of a profile: mean lengths, how it was sent, and what came back.

    ``max_concurrency`` is the client's limit of requests in flight, None without one; times in
    seconds. ``notes`` say what a reader should know before trusting it.
    """

    place: str
    model_id: str
    date: str
    shape: RequestShape
    arrivals: Arrivals
    requests: int
    max_concurrency: int | None
    output_tokens_per_second: float
    tpot: float | None
    ttft: float | None
    notes: Sequence[str]

    @property
    def sent_at_once(self) -> bool:
        """Whether requests did not wait for a schedule."""
        return self.arrivals.requests_per_second >= _AT_ONCE


def read_profile(paths: Sequence[Path], names: Sequence[str]) -> Sequence[ProfileRun]:
    """The runs of some files, all of the model known by one of ``names``.

    Raises:
        CostError: when a file cannot be read, is cut short, lacks a figure, is of another
            model or has more failures than a rate can bear; naming file and key.
    """
    found = [run for path in paths for run in _runs(path, names)]
    if len(found) > _MOST_RUNS:
        problem = f"{len(found)} runs are more than the {_MOST_RUNS} that are replayed: give fewer"
        raise CostError(problem, place=found[-1].place)
    return found


def _runs(path: Path, names: Sequence[str]) -> Iterator[ProfileRun]:
    for number, found in enumerate(_objects(path), 1):
        place = f"{path.name}: run {number}" if number > 1 else path.name
        if not isinstance(found, dict):
            problem = f"is no result of a run; {_HOW}"
            raise CostError(problem, place=place)
        try:
            result = _Result.model_validate(found)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"])) or "the file"
            problem = f"{first['msg']}; {_HOW}"
            raise CostError(problem, place=f"{place}: {key}") from error
        for key, said in (("model_id", result.model_id), ("date", result.date)):
            if odd := control_character(said):
                problem = f"holds the control character {odd}; {_HOW}"
                raise CostError(problem, place=f"{place}: {key}")
        yield _run(result, place, names)


def _objects(path: Path) -> Iterator[object]:
    """The JSON values of a file: one, or with --append-result one after the other."""
    try:
        text = given_text(path, GENERATED_BYTES)
    except (OSError, GivenFileError) as error:
        problem = f"{getattr(error, 'strerror', None) or error}; {_HOW}"
        raise CostError(problem, place=str(path)) from error
    decoder, at = json.JSONDecoder(), len(text) - len(text.lstrip())
    if at == len(text):
        problem = f"the file is empty; {_HOW}"
        raise CostError(problem, place=path.name)
    while at < len(text):
        try:
            found, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            begun = text[at] in "{[" and text.rstrip()[-1] not in "}]"
            cut = "is cut short" if begun else "is not JSON"
            problem = f"the file {cut} ({error.msg}); run the benchmark again"
            raise CostError(problem, place=f"{path.name}:{error.lineno}") from error
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, at) + 1
            problem = f"is nested too deeply, or holds a number without end; {_HOW}"
            raise CostError(problem, place=f"{path.name}:{line}") from error
        yield found
        while at < len(text) and text[at].isspace():
            at += 1


def _run(result: _Result, place: str, names: Sequence[str]) -> ProfileRun:
    if result.model_id.casefold() not in {name.casefold() for name in names}:
        problem = f"measured {result.model_id}, not {names[0]}: give a run of this model"
        raise CostError(problem, place=f"{place}: model_id")
    failed = (
        max(0, result.num_prompts - result.completed) if result.failed is None else result.failed
    )
    asked = max(1, result.completed + failed)
    if not result.completed:
        problem = f"no request was completed of {asked}"
        raise CostError(problem, place=f"{place}: completed")
    if result.completed + failed > result.num_prompts:
        problem = (
            f"{result.completed} completed and {failed} failed are more than the"
            f" {result.num_prompts} of num_prompts; {_HOW}"
        )
        raise CostError(problem, place=f"{place}: completed")
    if failed > _MOST_FAILED * asked:
        problem = (
            f"{failed} of {asked} requests failed, which flatters or hides what the server can:"
            " look into its log and measure again"
        )
        raise CostError(problem, place=f"{place}: failed")
    try:
        shape = RequestShape(
            input_tokens=result.total_input_tokens / result.completed,
            output_tokens=result.total_output_tokens / result.completed,
        )
        arrivals = Arrivals(
            requests_per_second=_rate(result.request_rate), burstiness=result.burstiness
        )
    except CostError as error:
        raise CostError(error.problem, place=f"{place}: {error.place}") from error
    if shape.is_pooled:
        problem = "no run without output is replayed: give one of chats or completions"
        raise CostError(problem, place=f"{place}: total_output_tokens")
    return ProfileRun(
        place=place,
        model_id=result.model_id,
        date=result.date,
        shape=shape,
        arrivals=arrivals,
        requests=result.completed,
        max_concurrency=result.max_concurrency,
        output_tokens_per_second=result.output_throughput,
        tpot=_seconds(result.median_tpot_ms),
        ttft=_seconds(result.median_ttft_ms),
        notes=[f"{failed} of {asked} requests failed in {place}"] if failed else [],
    )


def _rate(rate: float | str) -> float:
    try:
        return min(_AT_ONCE, float(rate))
    except ValueError as error:
        problem = f"'{rate}' is neither a number nor inf"
        raise CostError(problem, place="request_rate") from error


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000 if milliseconds and milliseconds > 0 else None
