"""What an engine cannot do is refused before anything is built, with the way out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tokenfleet.catalogue.machines.flags import engine_flags
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.manifests.containers import engine_container
from tokenfleet.plan.serving.engine.managed import MANAGED

Keys = dict[str, Any]
CPU, NEURON, GPU = "qwen3-8b", "qwen25-7b", "gpt-oss-120b"
ADAPTER = {"huggingFaceId": "org/adapter", "revision": "c" * 40, "rank": 16}

# id: model of the prod stack, key, value, (path of the mistake below the model, part of its text)
ROWS: Mapping[str, tuple[str, str, object, tuple[str, str]]] = {
    "8-bit KV cache on Arm": (CPU, "kvCacheDtype", "fp8", ("kvCacheDtype", "AWS Graviton4 has no 8-bit KV")),
    "8-bit KV cache on Neuron": (NEURON, "kvCacheDtype", "fp8", ("kvCacheDtype", "use auto")),
    "AWQ on Neuron": (NEURON, "configJson", "awq.json", ("pool", "does not run int4 weights")),
    "ranks that do not divide the cores": (NEURON, "tensorParallelSize", 3, ("tensorParallelSize", "2 x Inferentia2")),
    "more ranks than GPUs": (GPU, "tensorParallelSize", 2, ("tensorParallelSize", "use 1, or leave it out")),
    "two NUMA nodes on one socket": (CPU, "tensorParallelSize", 2, ("tensorParallelSize", "1 x NUMA node")),
    "adapters on Neuron": (NEURON, "adapters", {"legal": ADAPTER}, ("adapters", "no LoRA adapters")),
    "adapters on experts": (GPU, "adapters", {"legal": ADAPTER}, ("adapters", "mixture of experts")),
    "adapter called like the model": (CPU, "adapters", {CPU: ADAPTER}, (f"adapters.{CPU}", "another name")),
    "adapter of odd rank": (CPU, "adapters", {"legal": ADAPTER | {"rank": 12}}, ("adapters.legal.rank", "16")),
    "managed flag": (CPU, "engineArguments", {"max-model-len": 1}, ("engineArguments.max-model-len", "change contextLength")),
    "managed flag, negated": (CPU, "engineArguments", {"no-enable-lora": True}, ("engineArguments.no-enable-lora", "adapters")),
    "unknown flag": (CPU, "engineArguments", {"swap-space": 4}, ("engineArguments.swap-space", "0.32.0 has no such flag")),
    "misspelt flag": (CPU, "engineArguments", {"tool-cal-parser": "x"}, ("engineArguments.tool-cal-parser", "'tool-call-parser'")),
    "flag newer than the engine": (NEURON, "engineArguments", {"max-num-queued-reqs": 9}, ("engineArguments.max-num-queued-reqs", "0.13.0 has no such")),
    "flag with dashes": (CPU, "engineArguments", {"--seed": 1}, ("engineArguments.--seed", "without its leading dashes")),
    "switch with a value": (CPU, "engineArguments", {"enforce-eager": "yes"}, ("engineArguments.enforce-eager", "is a switch")),
    "switch turned off": (CPU, "engineArguments", {"enforce-eager": False}, ("engineArguments.enforce-eager", "no-enforce-eager: true")),
    "value left out": (CPU, "engineArguments", {"seed": True}, ("engineArguments.seed", "takes a value")),
    "request longer than a notice": (CPU, "longestRequestSeconds", 66, ("longestRequestSeconds", "leaves 65 s")),
    "context longer than the model's": (CPU, "contextLength", 41_000, ("contextLength", "40960 tokens at most")),
    "output that is none": (CPU, "traffic", {"requestsPerSecond": 1, "inputTokens": 9}, ("traffic.outputTokens", "one or more")),
    "a task without its head": (CPU, "task", "rerank", ("task", "no head for rerank")),
    "fewer tokens a step than requests": (CPU, "engineArguments", {"max-num-batched-tokens": 32}, ("engineArguments.max-num-batched-tokens", "give 64 or more")),
    "prompts that are longer than a step": (CPU, "engineArguments", {"no-enable-chunked-prefill": True}, ("engineArguments.no-enable-chunked-prefill", "give max-num-batched-tokens: 16384, too")),
    "a task on Neuron": (NEURON, "task", "embed", ("task", "serves generate alone")),
    "a task that is none": (CPU, "task", "score", ("task", "'generate'")),
    "pooling by hand": (CPU, "engineArguments", {"runner": "pooling"}, ("engineArguments.runner", "change task")),
    "code of the repository": (CPU, "configJson", "own.json", ("engineArguments.trust-remote-code", "runs in every replica")),
    "more replicas than nodes": (CPU, "replicas", {"max": 99}, ("replicas.max", "16 at most")),
}  # fmt: skip


@pytest.mark.parametrize("row", list(ROWS))
def test_it_is_refused_with_the_reason_and_nothing_else(
    row: str, keys_of: Callable[[str], Keys], tmp_path: Path
) -> None:
    (tmp_path / "awq.json").write_text(AWQ, encoding="utf-8")
    (tmp_path / "own.json").write_text(OWN, encoding="utf-8")
    model, key, value, (path, part) = ROWS[row]
    keys = keys_of("prod")
    keys["models"][model][key] = value
    with pytest.raises(StackError) as raised:
        decide(keys, "prod", tmp_path)
    (mistake,) = raised.value.mistakes
    assert mistake.path == f"models.{model}.{path}"
    assert part in str(mistake)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"enable-auto-tool-choice": True}, ["--enable-auto-tool-choice"]),
        ({"tool-call-parser": "hermes", "seed": 7}, ["--seed=7", "--tool-call-parser=hermes"]),
        ({"max-num-batched-tokens": 512}, ["--max-num-batched-tokens=512"]),
        ({"no-enable-prefix-caching": True}, ["--no-enable-prefix-caching"]),
    ],
)
def test_other_flags_are_passed_on_in_place_of_the_plan_s(
    value: Mapping[str, object], words: list[str], keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    keys["models"]["qwen3-4b"]["engineArguments"] = value
    (model,) = decide(keys, "dev", root).models
    assert list(model.argument_words)[-len(words) :] == words
    flags = [word.partition("=")[0].replace("--no-", "--") for word in model.argument_words[1:]]
    # The one flag that vLLM takes again and again.
    once = [flag for flag in flags if flag != "--middleware"]
    assert len(once) == len(set(once))


@pytest.mark.parametrize("name", list(engines()))
def test_what_the_plan_manages_are_flags_of_some_engine(name: str) -> None:
    known = engine_flags(engines()[name].version)
    every = {flag for engine in engines().values() for flag in engine_flags(engine.version)}
    assert set(MANAGED) <= every
    assert {"max-model-len", "max-num-seqs", "middleware"} <= set(known)


def test_adapters_are_loaded_counted_and_named(keys_of: Callable[[str], Keys], root: Path) -> None:
    keys = keys_of("dev")
    (without,) = decide(keys, "dev", root).models
    keys["models"]["qwen3-4b"]["adapters"] = {
        "legal": ADAPTER,
        "medical": ADAPTER | {"huggingFaceId": "org/other", "rank": 64},
    }
    (model,) = decide(keys, "dev", root).models
    words = list(model.argument_words)
    place = words.index("--lora-modules")
    assert words[place + 1 : place + 3] == [
        f"legal=/models/org--adapter--{'c' * 40}/files",
        f"medical=/models/org--other--{'c' * 40}/files",
    ]
    assert {"--enable-lora", "--max-loras=2", "--max-lora-rank=64"} <= set(words)
    assert list(model.snapshots[1:]) == [f"org/adapter/{'c' * 40}", f"org/other/{'c' * 40}"]
    lost = without.memory.kv_gib - model.memory.kv_gib
    # What is left for the KV cache counts in whole GiB.
    assert abs(lost - model.memory.adapters_gib) < 1
    assert lost > 0
    assert lost > 0


AWQ = """{
  "model_type": "qwen2",
  "num_hidden_layers": 28, "hidden_size": 3584, "num_attention_heads": 28, "num_key_value_heads": 4,
  "intermediate_size": 18944, "vocab_size": 152064, "max_position_embeddings": 32768,
  "quantization_config": {"quant_method": "awq", "bits": 4}
}"""
OWN = """{
  "model_type": "mimo",
  "num_hidden_layers": 36, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
  "intermediate_size": 11008, "vocab_size": 151680, "max_position_embeddings": 32768
}"""


def test_code_of_the_repository_is_run_where_the_stack_says_so(
    keys_of: Callable[[str], Keys], tmp_path: Path
) -> None:
    (tmp_path / "own.json").write_text(OWN, encoding="utf-8")
    keys = keys_of("dev")
    own = {"configJson": "own.json", "engineArguments": {"trust-remote-code": True}}
    keys["models"]["qwen3-4b"] |= own
    (model,) = decide(keys, "dev", tmp_path).models
    assert model.facts.own_code
    assert "--trust-remote-code" in cast("list[str]", engine_container(model)["args"])


@pytest.mark.parametrize(
    ("written", "handed_on"),
    [
        ("$(VLLM_API_KEY)", "$$(VLLM_API_KEY)"),
        ("$$(VLLM_API_KEY)", "$$$$(VLLM_API_KEY)"),
        ("a$b$", "a$$b$$"),
    ],
)
def test_no_variable_is_put_into_a_flag(
    written: str, handed_on: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    keys["models"]["qwen3-4b"]["engineArguments"] = {"reasoning-parser": written}
    (model,) = decide(keys, "dev", root).models
    args = cast("list[str]", engine_container(model)["args"])
    assert f"--reasoning-parser={handed_on}" in args
