"""Flags of Mistral's format decide what is published, what it is called, and how large it is."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.plan.decide import decide
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.published import how_to_publish

Keys = dict[str, Any]
SIZES: Mapping[str, int] = {"model": 2_900_000_000, "consolidated": 2_950_000_000}
# id: (engine arguments, the format that is published)
FLAGS: Mapping[str, tuple[Keys, str]] = {
    "none": ({}, "auto"),
    "those of transformers": ({"load-format": "safetensors", "config-format": "hf"}, "auto"),
    "its tokenizer alone": ({"tokenizer-mode": "mistral"}, "auto"),
    "its weights": ({"load-format": "mistral"}, "mistral"),
    "its configuration": ({"config-format": "mistral", "load-format": "auto"}, "mistral"),
    "all three": (dict.fromkeys(("config-format", "load-format", "tokenizer-mode"), "mistral"), "mistral"),
}  # fmt: skip
Planned = Callable[[Keys], ModelPlan]


@pytest.fixture
def planned(keys_of: Callable[[str], Keys], root: Path, tmp_path: Path) -> Planned:
    """The dev stack's model with those flags, and an index of each form beside its configuration."""
    config = root / "tests" / "catalogue" / "small-decoder.config.json"
    shutil.copy(config, tmp_path / "config.json")
    for form, size in SIZES.items():
        index: Keys = {"metadata": {"total_size": size}, "weight_map": {}}
        (tmp_path / f"{form}.safetensors.index.json").write_text(json.dumps(index))

    def plan(flags: Keys) -> ModelPlan:
        keys = keys_of("dev")
        (model,) = keys["models"].values()
        model |= {"huggingFaceId": "org/m", "configJson": "config.json", "engineArguments": flags}
        model["adapters"] = {"legal": {"huggingFaceId": "org/a", "revision": "c" * 40, "rank": 8}}
        (found,) = decide(keys, "dev", tmp_path).models
        return found

    return plan


@pytest.mark.parametrize("row", FLAGS.values(), ids=list(FLAGS))
def test_one_rule_decides_command_mark_and_size(row: tuple[Keys, str], planned: Planned) -> None:
    flags, form = row
    model, plain = planned(flags), planned({})
    command = how_to_publish("dev", model, model.snapshots[0])
    assert command.endswith(" --load-format mistral") == (form == "mistral")
    assert (model.mark != plain.mark) == (form == "mistral")
    adapter = model.adapters["legal"]
    assert how_to_publish("dev", model, adapter).endswith(f"--revision {'c' * 40}")
    size = SIZES["consolidated" if form == "mistral" else "model"]
    assert model.facts.weights_bytes == size
