"""What a model does is what the pinned engine makes of its files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue.test_engine_sizes import ROWS, read
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config

_CONFIGS = Path(__file__).parent / "configs"
_POOLING = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


def _with(folder: Path, name: str, edit: Mapping[str, Any], modules: object = None) -> Path:
    """The configuration of that model, changed, and the modules of Sentence Transformers beside it."""
    config = json.loads((_CONFIGS / name / "config.json").read_text(encoding="utf-8"))
    path = folder / "config.json"
    path.write_text(json.dumps({**config, **edit}), encoding="utf-8")
    if modules is not None:
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "edit", "task"),
    [
        ("Qwen--Qwen3-0.6B", {}, "generate"),
        ("Qwen--Qwen3-0.6B", {"architectures": None}, "generate"),
        ("Qwen--Qwen3-0.6B", {"architectures": ["Qwen3Model"]}, "embed"),
        (
            "Qwen--Qwen3-0.6B",
            {"architectures": ["Qwen3ForSequenceClassification"], "id2label": {"0": "score"}},
            "rerank",
        ),
        (
            "Qwen--Qwen3-0.6B",
            {"architectures": ["Qwen3ForSequenceClassification"], "num_labels": 3},
            "classify",
        ),
        ("Qwen--Qwen3-VL-2B-Instruct", {}, "generate"),
        ("BAAI--bge-reranker-v2-m3", {}, "rerank"),
        ("BAAI--bge-reranker-v2-m3", {"id2label": {"0": "no", "1": "yes"}}, "classify"),
        ("BAAI--bge-reranker-v2-m3", {"architectures": ["XLMRobertaModel"]}, "embed"),
        ("transformers--bert", {}, "embed"),
        ("transformers--modernbert", {}, "classify"),
        ("transformers--modernbert", {"architectures": None}, "embed"),
    ],
)
def test_the_class_of_a_model_says_what_it_does(
    name: str, edit: Mapping[str, Any], task: str, tmp_path: Path
) -> None:
    assert facts_from_config(_with(tmp_path, name, edit)).task == task


def test_pooling_of_sentence_transformers_makes_a_model_embed(tmp_path: Path) -> None:
    name = "Qwen--Qwen3-Embedding-0.6B"
    assert read(name).task == "embed"
    assert facts_from_config(_with(tmp_path, name, {})).task == "generate"
    assert facts_from_config(_with(tmp_path, name, {}, _POOLING)).task == "embed"
    assert facts_from_config(_with(tmp_path, name, {}, _POOLING[:1])).task == "generate"


@pytest.mark.parametrize("modules", [{}, [1], "x", [{"path": ""}]])
def test_modules_that_are_none_are_refused_by_their_file(modules: object, tmp_path: Path) -> None:
    path = _with(tmp_path, "Qwen--Qwen3-0.6B", {}, modules)
    with pytest.raises(CatalogueError, match=r"modules\.json is not that of Sentence Transformers"):
        facts_from_config(path)


def test_an_encoder_keeps_nothing_of_a_sequence_and_takes_no_more_than_it_has_positions_for() -> (
    None
):
    facts = read("BAAI--bge-reranker-v2-m3")
    assert facts.keeps_nothing
    assert facts.kv_bytes(8192, 1) == 0
    # Positions begin behind that of the padding: transformers, create_position_ids_from_input_ids.
    assert facts.context_length == ROWS["BAAI--bge-reranker-v2-m3"]["maxModelLen"] - 2


def test_rows_that_are_looked_up_are_no_work() -> None:
    facts = read("BAAI--bge-reranker-v2-m3")
    looked_up = ROWS["BAAI--bge-reranker-v2-m3"]["split"]["embedding"]
    assert facts.idle_parameters == looked_up
    assert facts.active_parameters == facts.parameters - looked_up
    assert not facts.mixture_of_experts


def test_a_tower_is_no_expert() -> None:
    facts = read("Qwen--Qwen3-VL-2B-Instruct")
    assert facts.idle_parameters > 300_000_000
    assert not facts.mixture_of_experts
