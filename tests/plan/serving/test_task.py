"""What is served of a model that answers with numbers, and what it is taken to cost."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
CONFIGS = Path(__file__).parents[2] / "catalogue" / "configs"
RERANKER = {
    "huggingFaceId": "BAAI/bge-reranker-v2-m3",
    "configJson": str(CONFIGS / "BAAI--bge-reranker-v2-m3" / "config.json"),
}
EMBEDDER = {
    "huggingFaceId": "Qwen/Qwen3-Embedding-0.6B",
    "configJson": str(CONFIGS / "Qwen--Qwen3-Embedding-0.6B" / "config.json"),
    "task": "embed",
}
TRAFFIC = {"requestsPerSecond": 2, "inputTokens": 400}


@pytest.fixture
def plan_with(keys_of: Callable[[str], Keys], root: Path) -> Callable[[Mapping[str, object]], Plan]:
    """The dev stack with another model."""

    def plan(changes: Mapping[str, object]) -> Plan:
        keys = keys_of("dev")
        ((name, model),) = keys["models"].items()
        plain = {"traffic": TRAFFIC, "objective": {"ttftP99Ms": 8000}}
        keys["models"][name] = {**model, **plain, **changes}
        return decide(keys, "dev", root)

    return plan


def _flags(model: ModelPlan) -> Mapping[str, str]:
    pairs = (word.removeprefix("--").partition("=") for word in model.argument_words[1:])
    return {flag: value for flag, _, value in pairs}


@pytest.mark.parametrize("model", [RERANKER, EMBEDDER])
def test_a_prompt_of_full_length_is_read_in_one_step(
    model: Keys, plan_with: Callable[[Mapping[str, object]], Plan]
) -> None:
    """Encoders, and decoders that look at all tokens, take no part of a prompt (vllm/config/model.py)."""
    (served,) = plan_with({**model, "contextLength": 8192}).models
    flags = _flags(served)
    assert flags["runner"] == "pooling"
    assert int(flags["max-num-batched-tokens"]) >= 8192
    assert "enable-prefix-caching" not in flags


def test_an_encoder_s_files_in_32_bits_are_fetched_whole_and_held_in_16(
    plan_with: Callable[[Mapping[str, object]], Plan],
) -> None:
    (served,) = plan_with(RERANKER).models
    assert served.weights_gb == pytest.approx(2.27, abs=0.01)
    assert served.memory.weights_gib == pytest.approx(1.06, abs=0.01)


def test_what_does_not_fit_is_refused_though_nothing_is_kept_of_a_request(
    plan_with: Callable[[Mapping[str, object]], Plan], tmp_path: Path
) -> None:
    config = json.loads(Path(RERANKER["configJson"]).read_text(encoding="utf-8"))
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**config, "num_hidden_layers": 2400}), encoding="utf-8")
    with pytest.raises(StackError, match="does not fit"):
        plan_with({**RERANKER, "configJson": str(path)})


@pytest.mark.parametrize("model", [RERANKER, EMBEDDER])
def test_its_price_is_one_of_input_tokens_that_are_the_bill(
    model: Keys, plan_with: Callable[[Mapping[str, object]], Plan]
) -> None:
    (found,) = stack_cost(plan_with(model), WhatIf()).models
    quote = found.at_load
    assert quote is not None
    assert quote.prices.output is None
    assert quote.flow.output == 0
    assert quote.prices.uncached_input * quote.flow.uncached_input / 1e6 == pytest.approx(
        found.usd_per_hour.p50
    )


def test_a_step_reads_as_many_prompts_as_it_takes_tokens(
    plan_with: Callable[[Mapping[str, object]], Plan],
) -> None:
    short, long = (
        stack_cost(plan_with({**RERANKER, "traffic": {**TRAFFIC, "inputTokens": tokens}}), WhatIf())
        .models[0]
        .most
        for tokens in (16, 4096)
    )
    assert (short.limited_by, long.limited_by) == ("max sequences", "prompt tokens a step")
    assert long.concurrency == 2
    # 256 times the tokens; attention makes long prompts dearer than that.
    assert short.theta.p50 / long.theta.p50 > 100


def test_an_answer_that_is_no_text_is_promised_as_a_whole(
    plan_with: Callable[[Mapping[str, object]], Plan],
) -> None:
    (found,) = stack_cost(plan_with(RERANKER), WhatIf()).models
    assert found.served is not None
    assert found.served.ttft_p99 is not None
    assert found.served.itl_p99 is None
    promise = {"objective": {"ttftP99Ms": 1}}
    late_plan = plan_with({**RERANKER, **promise})
    (late,) = stack_cost(late_plan, WhatIf()).models
    assert late.misses is not None
    assert late.misses.startswith("p99 ")
    (verdict,) = (
        each for each in stack_cost(late_plan, WhatIf()).verdicts if each.judged == "objective"
    )
    assert verdict.problem.startswith("p99 is")


@pytest.mark.parametrize(
    ("changes", "place", "part"),
    [
        ({"traffic": {**TRAFFIC, "outputTokens": 5}}, "traffic.outputTokens", "no tokens (rerank)"),
        ({"objective": {"itlP99Ms": 50}}, "objective.itlP99Ms", "ttftP99Ms is all of it"),
        ({"speculative": {"method": "ngram"}}, "speculative", "nothing is drafted for rerank"),
        (
            {"engineArguments": {"max-num-batched-tokens": 512}, "contextLength": 1024},
            "engineArguments.max-num-batched-tokens",
            "does not fit into 512 tokens: give 1024 or more",
        ),
        (
            {"traffic": {**TRAFFIC, "inputTokens": 9000}, "contextLength": 8192},
            "traffic",
            "inputTokens do not fit contextLength 8192",
        ),
    ],
)
def test_settings_of_text_and_of_parts_of_prompts_are_refused(
    changes: Keys, place: str, part: str, plan_with: Callable[[Mapping[str, object]], Plan]
) -> None:
    with pytest.raises(StackError) as raised:
        plan_with({**RERANKER, **changes})
    (mistake,) = raised.value.mistakes
    assert mistake.path == f"models.qwen3-4b.{place}"
    assert part in mistake.problem


def test_a_cache_that_an_encoder_does_not_have_is_refused(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("prod")
    gpu = keys["models"]["gpt-oss-120b"]
    for key in ("objective", "traffic"):
        del gpu[key]
    gpu |= {**RERANKER, "contextLength": 8192, "kvCacheDtype": "fp8"}
    with pytest.raises(StackError) as raised:
        decide(keys, "prod", root)
    (mistake,) = raised.value.mistakes
    assert mistake.path == "models.gpt-oss-120b.kvCacheDtype"
    assert "keeps nothing" in mistake.problem
