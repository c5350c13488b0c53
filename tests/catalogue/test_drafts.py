"""What drafts tokens for a model is sized, or refused, by what its configuration says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.plan.drafting import HEAD_CONFIG
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.drafts import head_from_config, own_layers, smaller_model
from tokenfleet.catalogue.models.facts import model_facts

CONFIGS = Path(__file__).parent / "configs"
# name: (layers that draft, kind of their cache); the engine's n_predict of these configurations.
WITH_LAYERS: Mapping[str, tuple[int, str]] = {
    "deepseek-ai--DeepSeek-V3": (1, "latent"),
    "Qwen--Qwen3.5-27B": (1, "full"),
    "Qwen--Qwen3.5-35B-A3B": (1, "full"),
}


@pytest.mark.parametrize("name", WITH_LAYERS)
def test_layers_of_a_model_that_draft_are_as_large_as_its_others(name: str) -> None:
    facts = facts_from_config(CONFIGS / name / "config.json")
    draft = own_layers(facts)
    layers, kind = WITH_LAYERS[name]
    assert [(cache.layers, cache.kind) for cache in draft.caches] == [(layers, kind)]
    assert draft.loaded_bytes == layers * facts.loaded_bytes // facts.layers
    both = facts.model_copy(update={"draft": draft})
    assert both.fetched_bytes == facts.weights_bytes + draft.weights_bytes
    assert both.kv_bytes(1000, 1) > facts.kv_bytes(1000, 1)


@pytest.mark.parametrize("name", ["Qwen--Qwen3-8B", "moonshotai--Kimi-K2-Instruct"])
def test_a_model_without_such_layers_is_said_to_have_none(name: str) -> None:
    with pytest.raises(CatalogueError, match="has no layers that draft"):
        own_layers(facts_from_config(CONFIGS / name / "config.json"))


def test_a_draft_is_divided_over_the_ranks_of_its_model() -> None:
    model = model_facts("Qwen/Qwen3-32B")
    assert model.takes_ranks(8)
    odd = model_facts("Qwen/Qwen3-0.6B").model_copy(update={"attention_heads": 12})
    assert not model.model_copy(update={"draft": smaller_model(odd, model)}).takes_ranks(8)


@pytest.mark.parametrize(
    ("of", "draft", "why"),
    [
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "what is no faster gains nothing"),
        ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-8B", "8.19 billion parameters of it and 0.596 billion"),
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-Embedding-0.6B", "has a vocabulary of 151,669"),
        ("Qwen/Qwen3-8B", "meta-llama/Llama-3.2-1B-Instruct", "has a vocabulary of 128,256"),
    ],
)
def test_a_model_that_would_draft_nothing_or_too_slowly_is_refused(
    of: str, draft: str, why: str
) -> None:
    with pytest.raises(CatalogueError, match=why):
        smaller_model(model_facts(draft), model_facts(of))


@pytest.mark.parametrize(
    ("changed", "states"),
    [
        ({}, 3),
        ({"num_aux_hidden_states": 5}, 5),
        ({"eagle_config": {"eagle_aux_hidden_state_layer_ids": [1, 2]}}, 2),
    ],
)
def test_a_head_sees_as_many_layers_as_it_says(
    changed: dict[str, Any], states: int, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(HEAD_CONFIG | changed), encoding="utf-8")
    draft = head_from_config(tmp_path / "config.json", "eagle3", model_facts("Qwen/Qwen3-8B"))
    assert draft.bytes_on_each_rank == 2 * states * 4096 * 4096


def test_a_model_that_embeds_drafts_nothing() -> None:
    embeds = model_facts("Qwen/Qwen3-0.6B").model_copy(update={"task": "embed"})
    with pytest.raises(CatalogueError, match="writes no tokens"):
        smaller_model(embeds, model_facts("Qwen/Qwen3-8B"))
