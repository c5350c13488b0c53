"""A replica is asked for what its clients will ask, before they do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.plan.decide import decide

Keys = dict[str, Any]
TEMPLATES: Mapping[str, tuple[str, str]] = {
    "a file of its own": ("chat_template.jinja", "{{ messages }}"),
    "the tokenizer's": ("tokenizer_config.json", '{"chat_template": "{{ messages }}"}'),
    "several with names": (
        "tokenizer_config.json",
        '{"chat_template": [{"name": "default", "template": "{{ messages }}"}]}',
    ),
}
OTHERS: Mapping[str, tuple[str, str]] = {
    "a tokenizer without one": ("tokenizer_config.json", '{"chat_template": null}'),
    "something else": ("README.md", "chat_template"),
}


@pytest.fixture
def kind_of(
    keys_of: Callable[[str], Keys], root: Path, tmp_path: Path
) -> Callable[[Mapping[str, object], tuple[str, str]], str]:
    """What the warm-up of a model outside the catalogue asks for; a file lies beside its config."""

    def kind(changes: Mapping[str, object], beside: tuple[str, str]) -> str:
        keys = keys_of("dev")
        config = (root / "tests" / "catalogue" / "small-decoder.config.json").read_text()
        (tmp_path / "config.json").write_text(config, encoding="utf-8")
        (tmp_path / beside[0]).write_text(beside[1], encoding="utf-8")
        (model,) = keys["models"].values()
        model |= {"huggingFaceId": "org/model", "configJson": "config.json", **changes}
        (planned,) = decide(keys, "dev", tmp_path).models
        return planned.warm_up.kind

    return kind


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_model_of_the_catalogue_is_asked_for_a_chat(
    stack: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    models = decide(keys_of(stack), stack, root).models
    assert {model.warm_up.kind for model in models} == {"chat"}


@pytest.mark.parametrize("beside", TEMPLATES.values(), ids=list(TEMPLATES))
def test_a_chat_template_beside_its_config_makes_a_model_one_that_chats(
    beside: tuple[str, str], kind_of: Callable[[Mapping[str, object], tuple[str, str]], str]
) -> None:
    assert kind_of({}, beside) == "chat"


@pytest.mark.parametrize("beside", OTHERS.values(), ids=list(OTHERS))
def test_without_a_template_a_completion_is_enough(
    beside: tuple[str, str], kind_of: Callable[[Mapping[str, object], tuple[str, str]], str]
) -> None:
    assert kind_of({}, beside) == "completion"


def test_a_template_of_the_stack_counts(
    kind_of: Callable[[Mapping[str, object], tuple[str, str]], str],
) -> None:
    assert kind_of({"chatTemplate": "mine.jinja"}, ("mine.jinja", "{{ messages }}")) == "chat"
