"""The inputs that public reports and real files got wrong figures for (2026-11), each with the right one.

Sizes are those of the reports, which engines' logs, vendors and file sizes gave; not of this program.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts, known_models
from tokenfleet.economics.choice.question import Question
from tokenfleet.economics.choice.ranking import Choice, ranking
from tokenfleet.estimate.load.carried import Objective
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.serving.memory import MemoryBudget, MemoryUse, memory_budget, ranks_of
from tokenfleet.plan.serving.published import how_to_publish

Keys = dict[str, Any]
_CONFIGS = Path(__file__).parent / "configs"
_GIB, _GB = 2**30, 1e9
# As good as the last digit that a report gives.
_DIGITS = 0.005

NANO = "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"
AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128}
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128}


def _compressed(bits: int, *, activations: bool) -> Keys:
    group = {"weights": {"num_bits": bits, "type": "int"}}
    if activations:
        group["input_activations"] = {"num_bits": 8, "type": "int"}
    return {"quant_method": "compressed-tensors", "config_groups": {"all": group}}


def _facts(name: str, folder: Path, quantization: Keys | None = None) -> ModelFacts:
    """A model of the catalogue, or what is read of a configuration, quantised so."""
    if name in known_models():
        return known_models()[name]
    path = _CONFIGS / name / "config.json"
    if quantization is None:
        return facts_from_config(path)
    config = json.loads(path.read_text(encoding="utf-8"))
    found = folder / "config.json"
    found.write_text(json.dumps(config | {"quantization_config": quantization}), encoding="utf-8")
    return facts_from_config(found)


def _budget(facts: ModelFacts, tokens: int, kind: str, hardware: str) -> MemoryBudget:
    engine = engines()[hardware_by_name()[hardware].engine]
    return memory_budget(facts, MemoryUse(context_length=tokens), instance_type(kind), engine)


# (configuration, type, tokens, GiB that layers of a kind keep of a request on each rank)
@pytest.mark.parametrize(
    ("name", "kind", "tokens", "gib"),
    [
        # Every fourth of 48 layers attends; two KV heads of 256, each on four of eight ranks.
        pytest.param("transformers--qwen3_next", "p5.48xlarge", 262_144, {"full": 3.0}, id="Qwen3-Next-80B-A3B"),
        # Six layers attend; 47 MiB are the states of 23.
        pytest.param(NANO, "p5.4xlarge", 131_072, {"full": 0.75, "state": 46.8 / 1024}, id="Nemotron-3-Nano"),
    ],
)  # fmt: skip
def test_what_a_request_keeps_is_by_kind_of_layer(
    name: str, kind: str, tokens: int, gib: Mapping[str, float], tmp_path: Path
) -> None:
    facts = _facts(name, tmp_path)
    budget = _budget(facts, tokens, kind, "h100")
    found = {share.kind: share.gib for share in budget.kv_shares}
    assert {key: found[key] for key in gib} == pytest.approx(gib, rel=_DIGITS)


def test_windows_of_mimo_keep_their_window() -> None:
    facts = facts_from_config(_CONFIGS / "XiaomiMiMo--MiMo-V2-Flash" / "config.json")
    assert facts.kv_bytes(262_144, 1) / _GIB == pytest.approx(5.65, rel=_DIGITS)


# GB that the engine loads, of a model of the catalogue or a configuration.
@pytest.mark.parametrize(
    ("name", "gb"),
    [
        (NANO, 63.2),
        # The report says about 162: so large are the files, which have a draft layer that is not
        # loaded unless it drafts.
        ("deepseek-ai--DeepSeek-V4-Flash", 155.6),
        ("Qwen--Qwen3-VL-2B-Instruct", 4.26),
        ("Qwen/Qwen3-VL-2B-Instruct", 4.26),
        # Their head is the embeddings.
        ("Qwen/Qwen3-0.6B", 1.19),
        ("Qwen/Qwen3-1.7B", 3.44),
    ],
)
def test_weights_take_what_the_engine_loads(name: str, gb: float, tmp_path: Path) -> None:
    assert _facts(name, tmp_path).loaded_bytes / _GB == pytest.approx(gb, rel=_DIGITS)


def test_the_layer_that_drafts_is_in_the_files_and_not_in_memory() -> None:
    facts = facts_from_config(_CONFIGS / "deepseek-ai--DeepSeek-V4-Flash" / "config.json")
    one_more = facts.loaded_bytes * (1 + facts.draft_layers / facts.layers)
    assert one_more / _GB == pytest.approx(162, rel=0.03)
    assert {each.kind for each in facts.layer_caches} != {"full"}


def test_a_hybrid_of_experts_is_what_its_vendor_says() -> None:
    facts = facts_from_config(_CONFIGS / NANO / "config.json")
    assert facts.parameters / 1e9 == pytest.approx(31.58, rel=_DIGITS)
    assert facts.active_parameters / 1e9 == pytest.approx(3.6, rel=0.01)


# Tensor-parallel sizes of a whole instance: (model, its quantisation, type, largest, all it takes)
@pytest.mark.parametrize(
    ("name", "quantization", "kind", "largest", "degrees"),
    [
        # Ten KV heads.
        ("microsoft/phi-4", None, "g6.12xlarge", 2, (1, 2)),
        ("microsoft/phi-4", None, "p5.48xlarge", 2, (1, 2)),
        # 29,568 rows in groups of 128 are 231 groups, an odd number.
        ("Qwen--Qwen2.5-72B", AWQ, "g6e.12xlarge", 1, (1,)),
        ("Qwen--Qwen2.5-72B", None, "g6e.12xlarge", 4, (1, 2, 4)),
        # 28 heads over four KV heads: of the twelve cores four serve.
        ("Qwen/Qwen2.5-7B-Instruct", None, "inf2.24xlarge", 4, (1, 2, 4)),
    ],
)
def test_ranks_divide_heads_and_groups(
    name: str,
    *,
    quantization: Keys | None,
    kind: str,
    largest: int,
    degrees: Sequence[int],
    tmp_path: Path,
) -> None:
    facts, of = _facts(name, tmp_path, quantization), instance_type(kind)
    assert ranks_of(of, facts) == largest
    devices = of.accelerator.ranks if of.accelerator else 1
    even = [n for n in range(1, devices + 1) if devices % n == 0 and facts.takes_ranks(n)]
    assert even == [*degrees]


# (model, its quantisation, hardware, why its engine does not run it, nothing where it does)
@pytest.mark.parametrize(
    ("name", "quantization", "hardware", "why_not"),
    [
        ("Qwen--Qwen3-8B", AWQ, "graviton4", "no kernel for awq"),
        ("Qwen--Qwen3-8B", GPTQ, "graviton4", "no kernel for gptq"),
        ("Qwen--Qwen3-8B", _compressed(8, activations=True), "graviton4", ""),
        ("Qwen--Qwen3-8B", _compressed(8, activations=False), "graviton4", "does not run int8"),
        ("Qwen--Qwen3-8B", _compressed(4, activations=True), "graviton4", ""),
        ("microsoft/phi-4", None, "inferentia2", "does not know phi3"),
        ("zai-org/GLM-4.5-Air", None, "inferentia2", "does not know glm4_moe"),
        ("Qwen/Qwen2.5-7B-Instruct", None, "inferentia2", ""),
        # Cards without units for the format unpack it.
        ("Qwen/Qwen3-32B-FP8", None, "a100", ""),
        ("openai/gpt-oss-20b", None, "l4", ""),
        ("openai/gpt-oss-20b", None, "l40s", ""),
    ],
)
def test_kernels_and_lists_of_the_engine_decide_what_runs(
    name: str, quantization: Keys | None, hardware: str, why_not: str, tmp_path: Path
) -> None:
    refusal = hardware_by_name()[hardware].refusal(_facts(name, tmp_path, quantization))
    assert why_not in (refusal or "")
    assert bool(refusal) == bool(why_not)


# (model or configuration, tokens, type, hardware, GiB of a rank that it takes; None: not reported)
@pytest.mark.parametrize(
    ("name", "tokens", "kind", "hardware", "takes"),
    [
        # Its format is in hf_quant_config.json alone.
        ("nvidia--Llama-3.1-70B-Instruct-FP8", 4_096, "p5.4xlarge", "h100", 72.9),
        (NANO, 131_072, "p5.4xlarge", "h100", None),
        ("Qwen/Qwen3-32B-FP8", 8_192, "p4d.24xlarge", "a100", None),
        ("openai/gpt-oss-20b", 8_192, "g6.xlarge", "l4", None),
        ("openai/gpt-oss-20b", 8_192, "g6e.xlarge", "l40s", None),
    ],
)
def test_they_fit(
    name: str, *, tokens: int, kind: str, hardware: str, takes: float | None, tmp_path: Path
) -> None:
    budget = _budget(_facts(name, tmp_path), tokens, kind, hardware)
    assert budget.fits
    if takes is not None:
        assert f"= {takes:.1f} GiB per rank x 1, usable 73.6" in budget.arithmetic()


@pytest.mark.parametrize(
    ("name", "types"),
    [("Qwen/Qwen3-32B-FP8", ["p4d.24xlarge"]), ("openai/gpt-oss-20b", ["g6.xlarge", "g6e.xlarge"])],
)
def test_cards_that_unpack_a_format_are_ranked(name: str, types: Sequence[str]) -> None:
    question = Question(
        model=name,
        facts=known_models()[name],
        shape=RequestShape(input_tokens=800, output_tokens=250),
        objective=Objective(ttft_p99=2, itl_p99=0.2),
        context_length=8_192,
        region="us-east-1",
        requests_per_second=1,
    )
    choices: Sequence[Choice] = ranking(question, types).choices
    assert {choice.instance_type for choice in choices} == {*types}
    assert all(choice.at_load and choice.carries > 0 for choice in choices)


@pytest.mark.parametrize(
    ("name", "task", "asked"),
    [
        ("Qwen--Qwen3-Embedding-0.6B", "embed", "/v1/embeddings"),
        ("BAAI--bge-reranker-v2-m3", "rerank", "/v1/rerank"),
    ],
)
def test_a_model_is_asked_for_what_it_does(
    name: str, task: str, asked: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    (model,) = keys["models"].values()
    model |= {
        "huggingFaceId": name.replace("--", "/"),
        "contextLength": 8_192,
        "objective": {"ttftP99Ms": 5_000},
        "traffic": {"requestsPerSecond": 1, "inputTokens": 400},
    }
    (served,) = decide(keys, "dev", root).models
    assert served.task == task
    assert served.warm_up.kind == task
    assert asked in served.routes


DRAFT = {"huggingFaceId": "Qwen/Qwen3-0.6B", "revision": "c" * 40}
TOLD = json.dumps({"method": "draft_model", "model": DRAFT["huggingFaceId"]})


@pytest.mark.parametrize(
    ("flag", "value", "instead"),
    [
        ("speculative-config", TOLD, "change speculative"),
        ("chat-template", "/etc/template.jinja", "change chatTemplate"),
        ("tokenizer", "org/other", ""),
        ("hf-config-path", "org/other", ""),
    ],
)
def test_what_a_replica_could_not_fetch_is_refused_by_name(
    flag: str, value: str, instead: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    (name,) = keys["models"]
    keys["models"][name]["engineArguments"] = {flag: value}
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    (mistake,) = raised.value.mistakes
    assert mistake.path == f"models.{name}.engineArguments.{flag}"
    assert instead in mistake.problem


def test_a_draft_given_as_such_is_published_and_has_its_room(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    (model,) = keys["models"].values()
    model["speculative"] = {"method": "draft_model", "draft": DRAFT}
    # At more, verifying drafts takes longer there than it saves.
    model["traffic"] = {"requestsPerSecond": 0.02, "inputTokens": 512, "outputTokens": 256}
    (served,) = decide(keys, "dev", root).models
    snapshot = f"{DRAFT['huggingFaceId']}/{DRAFT['revision']}"
    assert snapshot in served.snapshots
    assert how_to_publish("dev", served, snapshot).startswith("tokenfleet publish Qwen/Qwen3-0.6B")
    assert served.memory.draft_gib * _GIB / _GB == pytest.approx(1.19, rel=_DIGITS)


def test_flags_of_mistral_publish_what_they_need(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"]["instanceTypes"] = ["r8g.8xlarge"]
    (model,) = keys["models"].values()
    model |= {
        "huggingFaceId": "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
        "engineArguments": dict.fromkeys(
            ("config-format", "load-format", "tokenizer-mode"), "mistral"
        ),
    }
    (served,) = decide(keys, "dev", root).models
    command = how_to_publish("dev", served, served.snapshots[0])
    assert command.endswith(" --load-format mistral")
