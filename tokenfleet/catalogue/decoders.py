"""Which architectures the counting of ``config_json`` is right for."""

from collections.abc import Mapping

# ``model_type`` of a config.json, as transformers names it: decoders whose layers are attention and
# a feed-forward part with a gate, three matrices of it (transformers/models, vLLM's list of
# supported models, 2026-11). Others hold something else by the same keys: GPT-2, Falcon and
# StarCoder have no gate, BERT no decoder, RWKV and Mamba no attention.
DECODERS = frozenset(
    """
    baichuan cohere cohere2 dots1 ernie4_5 ernie4_5_moe exaone4
    gemma gemma2 gemma3 gemma3_text glm glm4 glm4_moe glm4v_text gpt_oss granite granitemoe
    helium hunyuan_v1_dense hunyuan_v1_moe internlm2 internlm3 llama minimax_m2 minicpm
    ministral mistral mistral3 mixtral olmo olmo2 olmo3 olmoe orion phi3 phimoe
    qwen2 qwen2_5_vl qwen2_5_vl_text qwen2_moe qwen2_vl qwen2_vl_text qwen3 qwen3_moe qwen3_vl
    qwen3_vl_moe qwen3_vl_moe_text qwen3_vl_text seed_oss smollm3 stablelm
    """.split()  # noqa: SIM905 - sixty words are read more easily without quotes
)


def decoder_problem(keys: Mapping[str, object]) -> str | None:
    """Why the keys of a config.json are not those of such a decoder; None where they are."""
    kind = keys.get("model_type")
    if not isinstance(kind, str) or not kind:
        return "model_type is missing: take the file as its repository has it"
    if kind not in DECODERS:
        return f"model_type '{kind[:40]}' is none of the decoders whose parameters can be counted"
    return None
