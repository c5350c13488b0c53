"""What is recorded of the sizes of models is what the engine says."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.engine.install import EngineTools
from tests.engine.sizes import Row, names, recorded, sizes

# A model of each kind; the rest are asked when the rows are renewed.
ASKED = (
    "BAAI--bge-reranker-v2-m3",
    "LGAI-EXAONE--EXAONE-4.0-32B",
    "LGAI-EXAONE--EXAONE-4.5-33B",
    "LiquidAI--LFM2.5-VL-1.6B",
    "MiniMaxAI--MiniMax-M2.5",
    "MiniMaxAI--MiniMax-M3",
    "OpenGVLab--InternVL3-1B",
    "Qwen--Qwen2.5-7B",
    "Qwen--Qwen2.5-VL-7B-Instruct",
    "Qwen--Qwen3-0.6B",
    "Qwen--Qwen3-30B-A3B",
    "Qwen--Qwen3-VL-30B-A3B-Instruct",
    "Qwen--Qwen3.5-27B",
    "Qwen--Qwen3.5-35B-A3B",
    "XiaomiMiMo--MiMo-7B-Base",
    "XiaomiMiMo--MiMo-V2-Flash",
    "allenai--Olmo-3.1-32B-Instruct",
    "deepseek-ai--DeepSeek-V3",
    "deepseek-ai--DeepSeek-V3.2",
    "deepseek-ai--DeepSeek-V4-Flash",
    "google--gemma-4-26B-A4B",
    "meta-llama--Llama-3.2-1B-Instruct",
    "meta-llama--Llama-4-Scout-17B-16E-Instruct",
    "meta-llama--Meta-Llama-3.1-405B",
    "microsoft--phi-4",
    "mistralai--Devstral-2-123B-Instruct",
    "mistralai--Devstral-Small-2-24B-Instruct",
    "mistralai--Mixtral-8x7B-v0.1",
    "moonshotai--Kimi-K2.5",
    "moonshotai--Kimi-K3",
    "nvidia--Llama-3_3-Nemotron-Super-49B-v1",
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8",
    "nvidia--Nemotron-H-56B-Base-8K",
    "nvidia--MiniMax-M3-NVFP4",
    "openai--gpt-oss-20b",
    "own-code--bailing_moe_v2",
    "own-code--new_reranker",
    "stepfun-ai--Step-3.7-Flash",
    "transformers--bloom",
    "transformers--cohere2",
    "transformers--deepseek_v2",
    "transformers--ernie4_5_moe",
    "transformers--falcon_h1",
    "transformers--gemma3",
    "transformers--gemma3n_text",
    "transformers--gemma4_text",
    "transformers--granitemoehybrid",
    "transformers--jamba",
    "transformers--kimi_linear",
    "transformers--laguna",
    "transformers--mamba",
    "transformers--mamba2",
    "transformers--minicpmv4_6",
    "transformers--modernbert",
    "transformers--nomic_bert_moe",
    "transformers--qwen3_next",
    "transformers--whisper",
    "transformers--zamba2",
    "zai-org--GLM-5.2",
)
TOGETHER = 2


@pytest.fixture(scope="module")
def answers(tools: EngineTools, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Row]:
    """All asked at once, by two processes: what takes time is importing vLLM and each model."""
    halves = [ASKED[i::TOGETHER] for i in range(TOGETHER)]
    folders = [tmp_path_factory.mktemp("sizes") for _ in halves]
    with ThreadPoolExecutor() as pool:
        answered = list(pool.map(partial(sizes, tools), halves, folders))
    return {name: row for half in answered for name, row in half.items()}


@pytest.mark.parametrize("model", ASKED)
def test_the_engine_says_of_a_model_what_is_recorded(
    model: str, answers: Mapping[str, Row]
) -> None:
    assert answers[model] == recorded()[model]


def test_each_config_has_a_row_and_each_kind_is_asked_anew() -> None:
    rows = recorded()
    assert sorted(rows) == names()
    assert _kinds(rows[model] for model in ASKED) == _kinds(rows.values())


def _kinds(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(layer["kind"] for row in rows for layer in row.get("layers", []))
