"""Drafts that the engine could not make, or that would slow its answers down, are refused."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.plan.drafting import HEAD, HEAD_CONFIG, LITTLE, QWEN, REVISION, SMALLER, drafting
from tokenfleet.mistakes import StackError

Keys = dict[str, Any]
GPU, NEURON = "gpt-oss-120b", "qwen25-7b"
NGRAM: Keys = {"method": "ngram"}
VAIN: Keys = NGRAM | {"acceptedShare": 0.1}
# One request in three seconds on each of two is more than Graviton4 answers.
BUSY: Keys = LITTLE | {"requestsPerSecond": 0.6}
ADAPTERS: Keys = {"legal": {"huggingFaceId": "org/adapter", "revision": REVISION, "rank": 8}}

# id: (model, what it says besides, head.json, path of the mistake below the model, part of its text)
ROWS: Mapping[str, tuple[str, Keys, Keys, str, str]] = {
    "on Neuron": (NEURON, {"speculative": NGRAM}, {}, "speculative.method", "drafts nothing: leave speculative out"),
    "where the load fills the replica": (
        QWEN, {"speculative": NGRAM, "traffic": BUSY}, {},
        "speculative", "with about 64 requests in flight on each of 2 replicas, a step that verifies 1 + 3 tokens",
    ),
    "where too many are in flight": (
        GPU, {"speculative": VAIN, "traffic": {"requestsPerSecond": 10, "inputTokens": 500, "outputTokens": 400}}, {},
        "speculative", "keeps 1.3 at best, and without drafts one takes ",
    ),
    "the way out is more replicas": (
        QWEN, {"speculative": NGRAM, "traffic": BUSY, "replicas": {"min": 2, "max": 8}}, {},
        "speculative", "Leave speculative out, or set replicas.min to 4",
    ),
    "no way out": (
        GPU, {"speculative": VAIN, "traffic": {"requestsPerSecond": 150, "inputTokens": 500, "outputTokens": 400}}, {},
        "speculative", "so a token comes later (by the estimate of the price). Leave speculative out",
    ),
    "a draft that does not fit beside it": (
        GPU, {"speculative": {"method": "draft_model", "draft": {"huggingFaceId": "openai/gpt-oss-20b", "revision": REVISION}}}, {},
        "pool", "weights 60.8 + draft 12.8 + KV",
    ),
    "a head called like another method's": (
        QWEN, {"speculative": {"method": "draft_model", "draft": SMALLER | {"huggingFaceId": "org/my-Eagle", "configJson": "head.json"}}},
        HEAD_CONFIG | {"architectures": ["LlamaForCausalLM"]},
        "speculative.method", "for a head of another method, by 'eagle-' in its name",
    ),
    "more tokens than a step of adapters holds": (
        QWEN, {"speculative": NGRAM | {"tokens": 32}, "adapters": ADAPTERS, "engineArguments": {"max-num-batched-tokens": 512}}, {},
        "speculative.tokens", "64 requests of 1 + 32 tokens, 2,112, and a step has 512",
    ),
    "a head for wider models": (
        QWEN, {"speculative": {"method": "eagle3", "draft": HEAD}}, HEAD_CONFIG | {"hidden_size": 5120, "head_dim": 160},
        "speculative.draft.configJson", "models of width 5,120 with 151,936 tokens, and this one has 4,096",
    ),
    "a head of a kind that the engine lacks": (
        QWEN, {"speculative": {"method": "eagle3", "draft": HEAD}}, HEAD_CONFIG | {"architectures": ["MambaForCausalLM"]},
        "speculative.draft.configJson", "has no eagle3 head of MambaForCausalLM",
    ),
    "a head that says nothing of its layers": (
        QWEN, {"speculative": {"method": "eagle3", "draft": HEAD}}, {"model_type": "llama"},
        "speculative.draft.configJson", "is missing",
    ),
    "a template that Mistral's tokenizer would not read": (
        QWEN, {"chatTemplate": "head.json", "engineArguments": {"load-format": "mistral"}}, {"a": 1},
        "chatTemplate", "give engineArguments tokenizer-mode: hf",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_drafts_that_would_not_work_or_not_pay_are_refused_with_the_way_out(
    row: tuple[str, Keys, Keys, str, str], keys_of: Callable[[str], Keys], tmp_path: Path
) -> None:
    name, model, head, path, part = row
    with pytest.raises(StackError) as raised:
        drafting(keys_of("prod"), tmp_path, {"traffic": LITTLE} | model, {"head.json": head}, name)
    found = [m.problem for m in raised.value.mistakes if m.path == f"models.{name}.{path}"]
    assert [problem for problem in found if part in problem], raised.value.mistakes


@pytest.mark.parametrize("mode", [{}, {"tokenizer-mode": "hf"}])
def test_a_template_is_read_by_the_tokenizer_of_transformers(
    mode: Keys, keys_of: Callable[[str], Keys], tmp_path: Path
) -> None:
    model: Keys = {"chatTemplate": "head.json", "engineArguments": mode}
    planned = drafting(keys_of("prod"), tmp_path, model, {"head.json": {"a": 1}})
    assert [m.chat_template for m in planned.models if m.name == QWEN] != [None]
