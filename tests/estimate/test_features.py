"""Drafts, adapters and prefixes: never faster than they can be, and as fast as others measured."""

import dataclasses
from collections.abc import Mapping
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.estimate.servers import SHAPES, a_model, a_replica
from tokenfleet.catalogue.machines.serving_features import serving_features
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.estimate.features.adapters import Adapters
from tokenfleet.estimate.features.assumed import Features
from tokenfleet.estimate.features.speculation import Speculation, kept_tokens, speculation
from tokenfleet.estimate.load.served import at_load
from tokenfleet.estimate.quantiles import known
from tokenfleet.estimate.replica import Kind
from tokenfleet.estimate.scheduler.finite_run import finite_run
from tokenfleet.estimate.served_model import ServedModel, served_model
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import Arrivals, RequestShape
from tokenfleet.settings.speculation import SpeculativeMethod

SHAPE = RequestShape(input_tokens=300, output_tokens=300)
PARTS = 1e-9


def a_head(parameters: float, head: float) -> ServedModel:
    """What drafts with one layer of its own, in 16 bits."""
    one = a_model(parameters, kv_bytes=4096)
    return dataclasses.replace(one, layers=1, head_parameters=head)


# Of Llama 3.1 8B: a layer, a projection, and the model's head or one over 32,000 tokens.
EAGLE, EAGLE3 = a_head(777e6, 525e6), a_head(424e6, 131e6)


def drafting(tokens: int, kept: float, draft: ServedModel | None = EAGLE) -> Features:
    return Features(speculation=Speculation(tokens=tokens, kept=known(kept), draft=draft, note=""))


def served(
    features: Features, shape: RequestShape = SHAPE, model: ServedModel | None = None
) -> Saturation:
    model = model or a_model()
    return saturation(model, a_replica(model), shape, features=features)


@pytest.mark.parametrize("draft", [EAGLE, None], ids=["a head", "the text"])
@given(shape=SHAPES, tokens=st.integers(1, 32))
def test_drafts_that_are_never_accepted_are_never_faster(
    draft: ServedModel | None, shape: RequestShape, tokens: int
) -> None:
    plain, vain = served(Features(), shape), served(drafting(tokens, 1.0, draft), shape)
    assert vain.theta.p50 <= plain.theta.p50 * (1 + PARTS)
    rate = 0.1 * vain.theta.p50 / shape.produced
    slow, quick = at_load(vain, rate).itl, at_load(plain, rate).itl
    assert slow
    assert quick
    assert slow.p50 >= quick.p50 * (1 - PARTS)


@given(shape=SHAPES, tokens=st.integers(1, 8), accepted=st.floats(0, 1))
def test_drafts_gain_no_more_than_the_tokens_that_are_kept(
    shape: RequestShape, tokens: int, accepted: float
) -> None:
    kept = kept_tokens(accepted, tokens)
    found = served(drafting(tokens, kept), shape)
    assert found.theta.p50 <= kept * served(Features(), shape).theta.p50 * (1 + PARTS)
    # All that is verified is computed, kept or not.
    verified = found.step.drafting.verified * found.step.token
    assert found.theta.p50 <= kept / verified * (1 + PARTS)


@given(shape=SHAPES)
def test_no_draft_is_no_difference(shape: RequestShape) -> None:
    found, plain = served(drafting(0, 1.0, None), shape), served(Features(), shape)
    assert (found.theta.p50, found.concurrency) == pytest.approx(
        (plain.theta.p50, plain.concurrency)
    )


@given(shape=SHAPES, less=st.floats(0, 1), more=st.floats(0, 1), tokens=st.integers(1, 8))
def test_more_accepted_is_never_slower(
    shape: RequestShape, less: float, more: float, tokens: int
) -> None:
    assume(less <= more)
    slow, quick = (
        served(drafting(tokens, kept_tokens(each, tokens)), shape) for each in (less, more)
    )
    assert quick.theta.p50 >= slow.theta.p50 * (1 - PARTS)


def test_one_user_gains_what_many_lose() -> None:
    drafts, plain = served(drafting(4, kept_tokens(0.8, 4))), served(Features())
    idle = [at_load(each, 1e-3).itl for each in (drafts, plain)]
    assert idle[0]
    assert idle[1]
    assert idle[1].p50 > 1.8 * idle[0].p50
    vain, full = served(drafting(8, kept_tokens(0.4, 8))), plain.theta.p50
    assert vain.theta.p50 < full


def test_the_longest_gap_is_that_of_a_step_that_keeps_several() -> None:
    drafts = at_load(served(drafting(3, 3.0)), 2)
    assert drafts.itl
    assert drafts.itl_p99
    assert drafts.itl_p99.p50 >= 3 * drafts.itl.p50 * (1 - PARTS)


# Steps of one request, H100, MT-Bench, vLLM of July 2025 (vllm-project/vllm#20780): tokens drafted and kept, times
# as fast as without drafts. EAGLE-3 took 0.7 ms a pass there that its sizes do not explain.
MEASURED: Mapping[str, tuple[ServedModel, int, float, float]] = {
    "EAGLE, 2": (EAGLE, 2, 2.10, 7.07 / 4.37),
    "EAGLE, 4": (EAGLE, 4, 2.39, 7.07 / 4.48),
    "EAGLE, 7": (EAGLE, 7, 2.47, 7.07 / 5.20),
    "EAGLE-3, 2": (EAGLE3, 2, 2.36, 7.07 / 4.32),
    "EAGLE-3, 4": (EAGLE3, 4, 3.08, 7.07 / 4.05),
    "EAGLE-3, 7": (EAGLE3, 7, 3.54, 7.07 / 4.29),
}


@pytest.mark.parametrize("row", MEASURED.values(), ids=list(MEASURED))
def test_gains_that_others_measured_are_met(row: tuple[ServedModel, int, float, float]) -> None:
    draft, tokens, kept, measured = row
    llama = served_model("", model_facts("meta-llama/Llama-3.1-8B-Instruct"), 1)
    plain = served(Features(), model=llama).step.decode(1, 300)
    step = served(drafting(tokens, kept, draft), model=llama).step.decode(1, 300)
    assert plain * kept / step == pytest.approx(measured, rel=0.4)


# method: (tokens, kept of them on MT-Bench), of the sources in the data file
KEPT = [
    ("eagle", 2, 2.10),
    ("eagle", 3, 2.29),
    ("eagle", 7, 2.47),
    ("eagle3", 3, 2.60),
    ("eagle3", 3, 2.26),
    ("eagle3", 3, 2.56),
    ("eagle3", 2, 2.36),
    ("mtp", 3, 2.87),
    ("mtp", 1, 1.85),
    ("mtp", 1, 1.90),
    ("mtp", 2, 1.99),
]


@pytest.mark.parametrize(("method", "tokens", "kept"), KEPT)
def test_what_others_kept_lies_in_the_range(method: str, tokens: int, kept: float) -> None:
    found = speculation(method, tokens, draft=EAGLE).kept
    assert found.p10 <= kept * 1.02
    assert found.p90 >= kept * 0.98


def test_a_measured_share_has_no_range_and_a_guess_widens_theta() -> None:
    guess = served(Features(speculation=speculation("ngram", 3, draft=None)))
    own = served(Features(speculation=speculation("ngram", 3, draft=None, accepted_share=0.2)))
    assert guess.spread.theta > own.spread.theta > served(Features()).spread.theta
    assert own.step.drafting.kept == pytest.approx(1.6)
    assert any("speculative.acceptedShare" in note for note in own.notes)
    assert any("ngram on other texts: assumption" in note for note in guess.notes)


def test_a_run_with_drafts_is_as_fast_as_its_steady_state() -> None:
    found = served(drafting(3, 2.5))
    run = finite_run(
        found.step,
        SHAPE,
        Arrivals(requests_per_second=0.4 * found.theta.p50 / SHAPE.produced),
        requests=2000,
        concurrency=found.concurrency,
        batched_tokens=found.batched_tokens,
    )
    steady = at_load(found, 0.4 * found.theta.p50 / SHAPE.produced).itl
    assert steady
    assert run.tpot == pytest.approx(steady.p50, rel=0.1)


@given(
    shape=SHAPES,
    count=st.integers(1, 20),
    rank=st.sampled_from([8, 64, 256]),
    more=st.integers(1, 9),
)
def test_adapters_are_never_faster_and_more_of_them_neither(
    shape: RequestShape, count: int, rank: int, more: int
) -> None:
    parameters = model_facts("meta-llama/Llama-3.1-8B-Instruct").adapter_bytes(rank) / 2
    plain, few, many = (
        served(Features(adapters=each), shape)
        for each in (
            None,
            Adapters(count=count, parameters=parameters),
            Adapters(count=count + more, parameters=parameters),
        )
    )
    assert many.theta.p50 <= few.theta.p50 * (1 + PARTS)
    # What the host takes longer for anyway hides it.
    assert few.theta.p50 <= plain.theta.p50


def test_an_adapter_adds_what_others_measured_to_a_token() -> None:
    """2 ms on the mean over batches (Punica, arXiv:2310.18547)."""
    adapters = Adapters(count=1, parameters=20e6)
    plain, found = (served(Features(adapters=each)) for each in (None, adapters))
    more = found.step.decode(16, 300) - plain.step.decode(16, 300)
    assert 1.5e-3 < more < 3e-3
    assert found.spread.theta > plain.spread.theta


@pytest.mark.parametrize("features", [Features(), Features(gathered=True)])
@given(shape=SHAPES, share=st.floats(0, 1), longer=st.floats(1, 20))
def test_a_larger_share_in_the_cache_never_costs_throughput(
    features: Features, shape: RequestShape, share: float, longer: float
) -> None:
    shape = dataclasses.replace(shape, input_tokens=shape.input_tokens * longer)
    hit = dataclasses.replace(shape, cached_share=max(share, shape.cached_share))
    less, more = (served(features, each) for each in (shape, hit))
    assert more.theta.p50 >= less.theta.p50 * (1 - PARTS)
    assert more.concurrency >= less.concurrency


def test_a_prefix_that_all_share_is_held_once_where_they_meet() -> None:
    shape = RequestShape(input_tokens=60_000, output_tokens=200, cached_share=0.9)
    apart, together = (served(Features(gathered=each), shape) for each in (False, True))
    assert apart.limited_by == "KV cache"
    assert together.concurrency > 3 * apart.concurrency
    assert together.theta.p50 > apart.theta.p50
    # Nobody says how many prefixes there are.
    assert (
        apart.theta.p90 > served(Features(), dataclasses.replace(shape, cached_share=0)).theta.p90
    )
    assert apart.spread.theta > served(Features()).spread.theta


def test_every_method_and_kind_of_server_has_figures_in_order() -> None:
    figures = serving_features()
    assert set(figures.acceptance) == set(get_args(SpeculativeMethod))
    assert set(figures.adapter_layer_seconds) == set(get_args(Kind))
    for each in (
        *figures.acceptance.values(),
        *figures.adapter_layer_seconds.values(),
        figures.pass_seconds,
        figures.look_up_seconds,
        figures.adapter_work,
        figures.hit_share,
    ):
        assert 0 <= each.low <= each.expected <= each.high
        assert each.source
