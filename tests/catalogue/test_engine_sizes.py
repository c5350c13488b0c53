"""What is read from real configurations is what the pinned engine makes of them (engine-sizes.json)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.layer_cache import CacheKind
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts

_HERE = Path(__file__).parent
ROWS: Mapping[str, Mapping[str, Any]] = json.loads(
    (_HERE / "engine-sizes.json").read_text(encoding="utf-8")
)["models"]
# Our figures have the padding of its pages, the rows have not.
PADDED = "deepseek_v4"
# Whose layers have embeddings of their own, which the rows count with those that are the head.
OF_LAYERS = {"gemma3n_text", "gemma4_text"}
SIZED = {name: row for name, row in ROWS.items() if "refused" not in row}


def read(name: str) -> ModelFacts:
    return facts_from_config(_HERE / "configs" / name / "config.json")


def known() -> Mapping[str, ModelFacts]:
    found: dict[str, ModelFacts] = {}
    for name in ROWS:
        try:
            found[name] = read(name)
        except CatalogueError:
            continue
    return found


KNOWN = known()
EVERY = pytest.mark.parametrize("name", sorted(KNOWN))


def test_most_models_are_known_and_none_that_the_engine_refuses() -> None:
    assert len(KNOWN) >= 211
    assert not KNOWN.keys() - SIZED.keys()
    kinds = {cache.kind for facts in KNOWN.values() for cache in facts.layer_caches}
    assert kinds == set(get_args(CacheKind))


@EVERY
def test_parameters_are_those_that_the_engine_builds(name: str) -> None:
    assert KNOWN[name].parameters == pytest.approx(ROWS[name]["parameters"], rel=0.0005)


@EVERY
def test_embeddings_are_looked_up_where_the_engine_builds_a_head_beside_them(name: str) -> None:
    facts, split = KNOWN[name], ROWS[name]["split"]
    assert facts.looked_up_parameters == (split["embedding"] if split["head"] else 0)
    if facts.task == "generate":
        of_layers = facts.idle_parameters - split["vision"] if facts.model_type in OF_LAYERS else 0
        head = split["head"] or split["embedding"] - of_layers
        # It may have a bias.
        assert facts.head_parameters == pytest.approx(head, rel=0.0003)
        assert facts.looked_up_parameters in {0, facts.head_parameters}


@EVERY
def test_experts_have_a_width_where_the_engine_builds_any(name: str) -> None:
    facts = KNOWN[name]
    # The engine has a class of its own for Nomic's, which the rows do not count as experts.
    is_mixture = ROWS[name]["split"]["routedExperts"] > 0 or name == "transformers--nomic_bert_moe"
    assert (facts.expert_width is not None) == is_mixture == facts.mixture_of_experts


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("deepseek-ai--DeepSeek-V3", 2048),
        ("google--gemma-4-26B-A4B", 704),
        ("ibm-granite--granite-4.0-h-tiny", 512),
        ("meta-llama--Llama-4-Maverick-17B-128E-Instruct", 8192),
        ("mistralai--Mixtral-8x22B-v0.1", 16384),
        # Experts see tokens in a space of their own, and are none the wider for it.
        ("nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8", 2688),
        ("openai--gpt-oss-120b", 2880),
        ("Qwen--Qwen3-Next-80B-A3B-Instruct", 512),
        ("transformers--jamba", 14336),
        ("transformers--longcat_flash", 2048),
        ("Qwen--Qwen3-8B", None),
    ],
)
def test_the_width_is_that_of_one_routed_expert(name: str, width: int | None) -> None:
    assert KNOWN[name].expert_width == width


@EVERY
def test_layers_keep_of_a_token_what_those_of_the_engine_keep(name: str) -> None:
    facts, row = KNOWN[name], ROWS[name]
    if facts.model_type == PADDED:
        entries = sum(cache.layers for cache in facts.layer_caches)
        assert entries == sum(each["count"] for each in row["layers"] if each["kind"] != "encoder")
        return
    kept = [cache for cache in facts.layer_caches if cache.kind != "state"]
    states = [cache for cache in facts.layer_caches if cache.kind == "state"]
    assert sum(cache.bytes_of(1, 1) for cache in kept) == sum(
        each["count"] * each.get("bytesPerToken", 0) for each in row["layers"]
    )
    assert sum(cache.bytes_of(1, 1) for cache in states) == sum(
        each["count"] * each.get("bytesPerSequence", 0) for each in row["layers"]
    )
    windows = {each["window"] for each in row["layers"] if each.get("window")}
    assert {cache.tokens for cache in kept if cache.tokens} == windows


@EVERY
def test_a_request_takes_what_the_engine_reserves_for_it(name: str) -> None:
    facts, row = KNOWN[name], ROWS[name]
    if not row["cacheBytesPerRequest"]:
        return
    ours = facts.kv_bytes(row["maxModelLen"], 1, in_flight=row["maxInFlightTokens"])
    # A window that ends within a block takes one more, which tells where a model has few tokens.
    assert ours == pytest.approx(row["cacheBytesPerRequest"], rel=0.006)


@EVERY
def test_ranks_are_those_that_the_engine_takes_and_share_as_it_does(name: str) -> None:
    facts, row = KNOWN[name], ROWS[name]
    for ranks, found in row["ranks"].items():
        assert facts.takes_ranks(int(ranks)) == isinstance(found, dict), ranks
        if isinstance(found, dict) and facts.model_type != PADDED:
            kept = (c.bytes_of(1, int(ranks)) for c in facts.layer_caches if c.kind != "state")
            assert sum(kept) == found["kvBytesPerToken"], ranks


@EVERY
def test_no_key_of_a_known_model_is_left_to_doubt(name: str) -> None:
    assert KNOWN[name].unread_keys == ()


def test_a_key_that_nothing_reads_is_named(folder: Path) -> None:
    config = json.loads(
        (_HERE / "configs" / "Qwen--Qwen3-8B" / "config.json").read_text(encoding="utf-8")
    )
    path = folder / "config.json"
    path.write_text(json.dumps({**config, "num_memory_heads": 4, "memory": None}), encoding="utf-8")
    assert facts_from_config(path).unread_keys == ("num_memory_heads",)


_ONE_OF_EACH = {facts.model_type: name for name, facts in sorted(KNOWN.items())}
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.one_of(st.integers(-1, 9), st.sampled_from(["full_attention", "?"])), max_size=3),
    st.dictionaries(
        st.sampled_from(["quant_method", "a"]), st.sampled_from(["fp8", 3]), max_size=2
    ),
)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(data=st.data(), name=st.sampled_from(sorted(_ONE_OF_EACH.values())))
def test_a_real_configuration_with_anything_in_it_is_sized_or_refused_by_name(
    data: st.DataObject, name: str, folder: Path
) -> None:
    config = json.loads((_HERE / "configs" / name / "config.json").read_text(encoding="utf-8"))
    inner = data.draw(st.sampled_from([config, config.get("text_config") or config]))
    for key in data.draw(st.lists(st.sampled_from(sorted(inner)), max_size=3)):
        inner[key] = data.draw(_ODD)
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    try:
        facts = facts_from_config(path)
    except CatalogueError as error:
        refusal, facts = str(error), None
    else:
        refusal = ""
    assert facts or str(path) in refusal
    if facts:
        assert 0 < facts.active_parameters <= facts.parameters
        assert facts.kv_bytes(100, 1) >= 0
        assert facts.takes_ranks(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configs")
