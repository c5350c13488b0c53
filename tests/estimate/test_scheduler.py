"""The scheduler played step by step: nothing is lost, no limit is passed, nobody jumps the queue."""

import dataclasses
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.accuracy.agreement import SERVERS, SHAPES, Agreement, agreement, table
from tests.estimate.clockwork import clockwork
from tests.estimate.servers import a_model, a_replica, saturations
from tokenfleet.estimate.load.waits import waits
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.scheduler.finite_run import finite_run
from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.scheduler.play import played
from tokenfleet.estimate.scheduler.played import Gap, Played, gap_percentile, percentile
from tokenfleet.estimate.scheduler.request import Request, requests_of
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import Arrivals, RequestShape

LONGEST = 300


@st.composite
def streams(draw: st.DrawFn) -> Sequence[Request]:
    """Requests that come within a minute, some of them at once."""

    def request() -> Request:
        prompt = draw(st.integers(1, LONGEST))
        return Request(
            at=draw(st.floats(0, 60)),
            prompt=prompt,
            cached=draw(st.integers(0, prompt - 1)),
            written=draw(st.integers(0, 60)),
        )

    return [request() for _ in range(draw(st.integers(1, 25)))]


# Bytes of cache are tokens here; the least holds the longest request.
LIMITS = st.builds(
    Limits,
    sequences=st.integers(1, 12),
    batched_tokens=st.integers(12, 400),
    kv_bytes=st.one_of(st.none(), st.integers(LONGEST + 60, 1500)),
    chunked=st.booleans(),
)

CLOCKWORKS = st.booleans().map(lambda overlaps: clockwork(overlaps=overlaps))


def outputs(requests: Sequence[Request]) -> int:
    """Tokens that are waited for."""
    return sum(each.outputs for each in requests)


@given(requests=streams(), limits=LIMITS, step=CLOCKWORKS)
def test_every_request_ends_with_every_token_and_no_work_is_lost(
    requests: Sequence[Request], limits: Limits, step: StepTimes
) -> None:
    run = played(step, requests, limits)
    assert sorted(map(repr, (each.request for each in run.answers))) == sorted(map(repr, requests))
    assert sum(each.steps * each.decoded + each.finished for each in run.stretches) == outputs(
        requests
    )
    assert sum(gap.tokens for gap in run.gaps) == outputs(requests) - len(requests)
    uncached = sum(each.prompt - each.cached for each in requests)
    read = sum(each.read for each in run.stretches)
    # Who begins again reads again.
    assert (read > uncached) if run.preemptions else (read == uncached)


@given(requests=streams(), limits=LIMITS, step=CLOCKWORKS)
def test_no_step_serves_more_than_it_may(
    requests: Sequence[Request], limits: Limits, step: StepTimes
) -> None:
    run = played(step, requests, limits)
    for each in run.stretches:
        assert each.running <= limits.sequences
        assert each.kv_tokens <= (limits.kv_bytes or each.kv_tokens)
        if limits.chunked:
            assert each.decoded + each.read <= limits.batched_tokens
        elif each.read:
            assert (each.decoded, each.finished) == (0, 1)


@given(requests=streams(), limits=LIMITS, step=CLOCKWORKS)
def test_who_comes_first_is_answered_first(
    requests: Sequence[Request], limits: Limits, step: StepTimes
) -> None:
    run = played(step, requests, dataclasses.replace(limits, kv_bytes=None))
    in_order = sorted(run.answers, key=lambda each: (each.sent, each.first))
    first = [each.first for each in in_order]
    assert first == sorted(first)
    assert all(each.sent < each.first <= each.end for each in run.answers)


@given(requests=streams(), limits=LIMITS, in_flight=st.integers(1, 5))
def test_a_client_that_waits_has_no_more_in_flight_than_it_said(
    requests: Sequence[Request], limits: Limits, in_flight: int
) -> None:
    run = played(clockwork(overlaps=True), requests, limits, in_flight=in_flight)
    for one in run.answers:
        beside = sum(each.sent <= one.sent < each.end for each in run.answers)
        assert beside <= in_flight
        assert one.sent >= one.request.at


@settings(max_examples=25)
@given(most=saturations(), load=st.floats(0.05, 2))
def test_a_step_is_never_shorter_than_its_roofline(most: Saturation, load: float) -> None:
    step, shape = most.step, most.shape
    arrivals = Arrivals(requests_per_second=min(1e5, load * most.theta.p50 / shape.produced))
    limits = Limits(sequences=most.concurrency, batched_tokens=most.batched_tokens)
    run = played(step, requests_of(shape, arrivals, 50), limits)
    for each in run.stretches:
        tokens = each.decoded + each.read
        kv = step.kv_byte * step.model.kv_bytes_per_token * each.decoded
        assert each.seconds >= (step.visited(1) + tokens * step.token + kv) * (1 - 1e-9)


@given(requests=streams(), limits=LIMITS, most=saturations())
def test_a_prefix_that_is_known_is_never_answered_later(
    requests: Sequence[Request], limits: Limits, most: Saturation
) -> None:
    # One at a time, as who is faster may meet others whom he would not have met.
    limits = dataclasses.replace(limits, kv_bytes=None)
    unknown = [dataclasses.replace(each, cached=0) for each in requests]
    hits, misses = (
        played(most.step, each, limits, in_flight=1).answers for each in (requests, unknown)
    )
    for hit, miss in zip(hits, misses, strict=True):
        assert hit.ttft <= miss.ttft * (1 + 1e-9)


# Exact: each prompt fills a step of a second, so the queue is M/D/1 (Pollaczek and Khinchine).
@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_long_prompts_wait_as_one_server_lets_them(load: float) -> None:
    shape = RequestShape(input_tokens=1000, output_tokens=1)
    run = played(
        clockwork(overlaps=False),
        requests_of(shape, Arrivals(requests_per_second=load), 20_000),
        Limits(sequences=1000, batched_tokens=1000),
    )
    waited = statistics.mean(each.ttft - 1 for each in run.answers)
    assert waited == pytest.approx(load / (2 * (1 - load)), rel=0.1)


def a_request(at: float, prompt: int, written: int) -> Request:
    """Nothing of it is known."""
    return Request(at=at, prompt=prompt, cached=0, written=written)


def scarce() -> Played:
    """Ten requests at once, of which not two fit the cache to their ends."""
    requests = [a_request(0, 50, 60) for _ in range(10)]
    limits = Limits(sequences=8, batched_tokens=64, kv_bytes=200)
    return played(clockwork(overlaps=False), requests, limits)


def test_who_was_preempted_begins_again_and_ends() -> None:
    run = scarce()
    assert run.preemptions > 0
    assert len(run.answers) == 10
    # The first was there before all others.
    assert run.answers[0].preempted == 0


def test_a_preemption_is_a_long_gap_between_two_tokens() -> None:
    waited = [gap for gap in scarce().gaps if gap.seconds > 1]
    assert len(waited) == scarce().preemptions
    assert all(gap.tokens == 1 for gap in waited)


ROOM = Limits(sequences=8, batched_tokens=64)


# One of two requests writes for ten seconds, from 0 on; the other comes at 3.5.
@pytest.mark.parametrize(
    ("step", "limits", "first", "longest_gap"),
    [
        pytest.param(clockwork(overlaps=False), ROOM, 5, 1, id="in the next step"),
        pytest.param(clockwork(overlaps=True), ROOM, 6, 1, id="in the one that is not decided on"),
        pytest.param(
            clockwork(overlaps=False),
            dataclasses.replace(ROOM, chunked=False),
            5,
            2,
            id="alone, while the other stalls",
        ),
    ],
)
def test_who_comes_while_another_runs_is_read(
    step: StepTimes, limits: Limits, first: float, longest_gap: float
) -> None:
    run = played(step, [a_request(0, 8, 10), a_request(3.5, 8, 2)], limits)
    assert run.answers[0].first == first
    assert max(gap.seconds for gap in run.gaps) == longest_gap


def test_a_prompt_takes_what_others_leave_of_each_step() -> None:
    limits = Limits(sequences=8, batched_tokens=10)
    run = played(clockwork(overlaps=False), [a_request(0, 4, 9), a_request(0, 20, 1)], limits)
    assert [(each.decoded, each.read) for each in run.stretches[:3]] == [(0, 10), (1, 9), (1, 5)]


def test_a_request_that_never_fits_is_refused_with_the_way_out() -> None:
    limits = Limits(sequences=8, batched_tokens=64, kv_bytes=100)
    with pytest.raises(CostError, match=r"lengths: .*110 tokens .*shorter requests") as refused:
        played(clockwork(overlaps=False), [a_request(0, 60, 30), a_request(0, 60, 50)], limits)
    assert refused.value.place == "lengths"


@pytest.mark.parametrize("variation", [0.0, 0.5, 1.5])
def test_lengths_and_gaps_are_as_asked_on_the_mean(variation: float) -> None:
    shape = RequestShape(input_tokens=800, output_tokens=250, cached_share=0.5)
    arrivals = Arrivals(requests_per_second=4, burstiness=0.25)
    found = requests_of(
        shape, arrivals, 20_000, input_variation=variation, output_variation=variation
    )
    for mean, lengths in (
        (800, [each.prompt for each in found]),
        (400, [each.cached for each in found]),
        (250, [each.written for each in found]),
    ):
        assert statistics.mean(lengths) == pytest.approx(mean, rel=0.05)
        assert statistics.pstdev(lengths) / mean == pytest.approx(variation, rel=0.1, abs=1e-3)
    gaps = np.diff([each.at for each in found])
    assert gaps.mean() == pytest.approx(0.25, rel=0.01)
    assert gaps.std() / gaps.mean() == pytest.approx(2, rel=0.05)


@given(values=st.lists(st.floats(0, 1e6), min_size=1), share=st.floats(0, 1))
def test_percentiles_are_those_of_numpy(values: Sequence[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-6)
    # Over tokens, a gap of several counts as so many.
    gaps = [Gap(0.0, value, 2) for value in values]
    twice = np.quantile([*values, *values], share, method="inverted_cdf")
    assert gap_percentile(gaps, share) == pytest.approx(twice) or share in {0, 1}


@pytest.fixture(scope="module")
def half_loaded() -> Sequence[Agreement]:
    """Some servers at half of what they can."""
    rows = agreement(SERVERS[:4:3], SHAPES[:3], loads=(0.5,), requests=1500)
    return [row for row in rows if row.burstiness == 1]


@pytest.mark.parametrize("figure", ["TTFT p50", "ITL mean", "theta"])
def test_closed_forms_say_what_is_played_at_half_load(
    figure: str, half_loaded: Sequence[Agreement]
) -> None:
    rows = [row for row in half_loaded if row.figure == figure]
    assert len(rows) == 6
    for row in rows:
        assert row.ratio == pytest.approx(1, abs=0.25)


def test_long_prompts_that_come_together_hold_up_what_is_written() -> None:
    rows = agreement(SERVERS[1:3], [(16000, 300)], loads=(0.5,), requests=1500)
    for row in rows:
        if row.figure == "ITL mean":
            assert row.ratio == pytest.approx(1, abs=0.4)


@pytest.mark.parametrize("read", [300, 800, 2000])
@pytest.mark.parametrize("load", [0.2, 0.5, 0.8])
def test_numbers_wait_for_the_prompts_before_theirs_and_beside_it(read: int, load: float) -> None:
    model = a_model(1e9, kv_bytes=0)
    shape = RequestShape(input_tokens=read, output_tokens=0)
    most = dataclasses.replace(
        saturation(model, a_replica(model), shape), request_seconds=0.0, late_seconds=0.0
    )
    rate = load * most.theta.p50
    run = finite_run(
        most.step,
        dataclasses.replace(shape, output_tokens=1),
        Arrivals(requests_per_second=rate),
        requests=4000,
        concurrency=most.concurrency,
        batched_tokens=most.batched_tokens,
    )
    found = waits(most, rate)
    assert found.ttft == pytest.approx(run.ttft, rel=0.35)
    assert found.ttft_p99 == pytest.approx(run.ttft_p99, rel=0.4)


def test_the_table_has_a_row_for_each_figure_and_load(half_loaded: Sequence[Agreement]) -> None:
    assert table(half_loaded).row_count == 6
