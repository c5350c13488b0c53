"""What cannot be read from a config.json is refused, naming the file and the key."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config

SMALL: Mapping[str, object] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
    "max_position_embeddings": 2048,
}
WITH_EXPERTS = {**SMALL, "model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2}
INDEX = "model.safetensors.index.json"


def without(key: str) -> str:
    return json.dumps({name: value for name, value in SMALL.items() if name != key})


def with_(**keys: object) -> str:
    return json.dumps({**SMALL, **keys})


def quantised(**keys: object) -> str:
    return with_(quantization_config=keys)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "is not JSON", id="empty file"),
        pytest.param("{", "is not JSON", id="half a file"),
        pytest.param("version https://git-lfs.github.com/spec/v1", "is not JSON", id="LFS pointer"),
        pytest.param("[" * 100_000, "is not JSON", id="endless nesting"),
        pytest.param("[]", "the file", id="list"),
        pytest.param("3", "the file", id="number"),
        pytest.param("null", "the file", id="null"),
        pytest.param('"config"', "the file", id="text"),
        pytest.param("{}", "model_type", id="empty mapping"),
        pytest.param(
            with_(model_type="t5"),
            "model_type 't5' reads with an encoder and answers with a decoder",
            id="encoder and decoder",
        ),
        pytest.param(
            with_(architectures=["BertForTokenClassification"]),
            "BertForTokenClassification answers with a vector for each token",
            id="a class that labels tokens",
        ),
        pytest.param(
            with_(architectures=["HF_ColBERT"]), "a vector for each token", id="late interaction"
        ),
        pytest.param(
            with_(architectures=["LlamaForSequenceClassification"], id2label=3),
            "id2label must be a mapping",
            id="labels that are none",
        ),
        pytest.param(with_(model_type="rwkv"), "model_type 'rwkv' is none of", id="no attention"),
        pytest.param(with_(model_type="mpt"), "model_type 'mpt' is none of", id="no gate"),
        pytest.param(
            with_(architectures=["Step3p7FlashForCausalLM"]),
            "does not serve Step3p7FlashForCausalLM",
            id="a class the engine has not",
        ),
        pytest.param(with_(architectures="Llama"), "architectures", id="a word for architectures"),
        pytest.param(with_(model_type=["llama"]), "model_type is missing", id="list for a type"),
        pytest.param(with_(_=" " * 2**26), "larger than 64 MiB", id="endless file"),
        *(pytest.param(without(k), k, id=f"no {k}") for k in SMALL if k != "num_key_value_heads"),
        pytest.param(with_(num_attention_heads=0), "num_attention_heads", id="no heads"),
        pytest.param(with_(num_key_value_heads=0), "num_key_value_heads", id="no KV heads"),
        pytest.param(with_(num_hidden_layers=-2), "num_hidden_layers", id="negative layers"),
        pytest.param(with_(num_hidden_layers=10**8), "at most 10,000", id="endless layers"),
        pytest.param(
            with_(model_type="nemotron_h", hybrid_override_pattern="M" * 10**5),
            "hybrid_override_pattern",
            id="an endless pattern",
        ),
        pytest.param(with_(hidden_size="wide"), "hidden_size", id="text for a size"),
        pytest.param(with_(hidden_size=float("nan")), "hidden_size", id="not a number"),
        pytest.param(with_(vocab_size=10**30), "vocab_size", id="more than there can be"),
        pytest.param(with_(num_attention_heads=128), "head_dim", id="heads of no width"),
        pytest.param(with_(sliding_window=-1), "sliding_window", id="negative window"),
        pytest.param(with_(layer_types=["full_attention"]), "layer_types", id="a layer missing"),
        pytest.param(
            with_(layer_types=["full_attention", "linear_attention"]), "layer_types", id="hybrid"
        ),
        pytest.param(
            with_(model_type="deepseek_v3", kv_lora_rank="small"), "kv_lora_rank", id="latent"
        ),
        pytest.param(with_(num_experts=8), "num_experts: models", id="experts where none are"),
        pytest.param(
            json.dumps({**WITH_EXPERTS, "num_experts_per_tok": 0}),
            "num_experts_per_tok",
            id="experts nobody visits",
        ),
        pytest.param(
            json.dumps({**WITH_EXPERTS, "num_experts_per_tok": 9}),
            "num_experts_per_tok",
            id="too many visits",
        ),
        pytest.param(with_(moe_num_experts=64), "moe_num_experts", id="experts by another name"),
        pytest.param(
            with_(model_type="qwen3_vl", vision_config={"depth": "deep"}), "depth", id="a tower"
        ),
        pytest.param(
            with_(model_type="llama", vision_config={}), "vision_config", id="an unknown tower"
        ),
        pytest.param(
            with_(model_type="nemotron_h", hybrid_override_pattern="M?"),
            "hybrid_override_pattern",
            id="a layer of no kind",
        ),
        pytest.param(
            json.dumps({**WITH_EXPERTS, "moe_intermediate_size": -1}),
            "moe_intermediate_size",
            id="experts of negative width",
        ),
        pytest.param(with_(text_config=None), "text_config", id="empty text_config"),
        pytest.param(with_(text_config=[1]), "text_config", id="list for a text_config"),
        pytest.param(
            json.dumps({"model_type": "llama", "text_config": {}}),
            "num_hidden_layers",
            id="bare text_config",
        ),
        pytest.param(quantised(quant_method="exl3"), "'exl3'", id="unknown quantisation"),
        pytest.param(quantised(quant_method="gptq", bits=3), "bits 3", id="odd bits"),
        pytest.param(quantised(bits=4), "quantization_config.quant_method", id="unnamed method"),
        pytest.param(
            quantised(quant_method="fp8", ignore=["re:(a+)+$"]), "(a+)+$", id="endless pattern"
        ),
        pytest.param(
            quantised(quant_method="fp8", ignore=["re:("]), "is no pattern", id="no pattern"
        ),
        pytest.param(with_(quantization_config="fp8"), "quantization_config", id="text for it"),
    ],
)
def test_a_config_that_cannot_be_sized_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        facts_from_config(path)
    assert str(path) in str(refused.value)
    assert says in str(refused.value)


def test_a_config_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"cannot read .*nowhere.*config\.json: No such file"):
        facts_from_config(tmp_path / "nowhere" / "config.json")


def test_a_folder_in_place_of_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot read"):
        facts_from_config(tmp_path)


def test_a_config_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(CatalogueError, match="is not UTF-8 text"):
        facts_from_config(tmp_path / "config.json")


@pytest.mark.parametrize(
    "index",
    [
        pytest.param("", id="empty file"),
        pytest.param("[]", id="list"),
        pytest.param("null", id="null"),
        pytest.param("{}", id="no metadata"),
        pytest.param('{"metadata": {}}', id="no total_size"),
        pytest.param('{"metadata": []}', id="list for metadata"),
        pytest.param('{"metadata": {"total_size": null}}', id="null"),
        pytest.param('{"metadata": {"total_size": "large"}}', id="text"),
        pytest.param('{"metadata": {"total_size": 0}}', id="zero"),
        pytest.param('{"metadata": {"total_size": 1000}}', id="a thousandth of the shapes"),
        pytest.param('{"metadata": {"total_size": 1000000000}}', id="a thousand times the shapes"),
        pytest.param('{"metadata": {"total_size": -1}}', id="negative"),
        pytest.param('{"metadata": {"total_size": 1e999}}', id="infinite"),
        pytest.param('{"metadata": {"total_size": NaN}}', id="not a number"),
        pytest.param("[" * 100_000, id="endless nesting"),
    ],
)
def test_a_broken_weight_index_is_refused_rather_than_ignored(tmp_path: Path, index: str) -> None:
    (tmp_path / "config.json").write_text(with_(), encoding="utf-8")
    (tmp_path / INDEX).write_text(index, encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        facts_from_config(tmp_path / "config.json")
    assert INDEX in str(refused.value)


@pytest.mark.parametrize(
    "tokenizer",
    [
        pytest.param("", id="empty file"),
        pytest.param("[]", id="list"),
        pytest.param('{"chat_template": 1}', id="number for a template"),
        pytest.param("[" * 100_000, id="endless nesting"),
    ],
)
def test_a_broken_tokenizer_config_is_refused_rather_than_ignored(
    tmp_path: Path, tokenizer: str
) -> None:
    (tmp_path / "config.json").write_text(with_(), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(tokenizer, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"tokenizer_config\.json is not that of a tokenizer"):
        facts_from_config(tmp_path / "config.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configs")


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.sampled_from(["full_attention", "sliding_attention", ""]), max_size=3),
    st.fixed_dictionaries({"quant_method": st.sampled_from(["fp8", "mxfp4", "awq", "gptq", "x"])}),
    st.dictionaries(st.sampled_from([*SMALL, "head_dim"]), st.integers(-1, 9), max_size=3),
)
_KEYS = st.sampled_from(
    [
        *SMALL,
        *("head_dim", "num_experts", "num_local_experts", "n_routed_experts"),
        *("num_experts_per_tok", "moe_intermediate_size", "n_shared_experts"),
        *("first_k_dense_replace", "shared_expert_intermediate_size", "sliding_window"),
        *("layer_types", "tie_word_embeddings", "torch_dtype", "quantization_config"),
        "text_config",
    ]
)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(changes=st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_any_config_yields_possible_facts_or_is_refused(
    folder: Path, changes: Mapping[str, object]
) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**SMALL, **changes}), encoding="utf-8")
    try:
        facts = facts_from_config(path)
    except CatalogueError as error:
        refusal = str(error)
        facts = None
    else:
        refusal = ""
    assert facts or str(path) in refusal
    if facts:
        assert 0 < facts.active_parameters <= facts.parameters
        assert facts.kv_bytes(100, 1) > 0
