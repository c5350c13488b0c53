"""A chat template beside the stack reaches the engine as a file that never changes under it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide

Keys = dict[str, Any]
NAME = "qwen3-4b"
# id: (bytes of the file, part of what is said of it)
BAD: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", "holds no Jinja"),
    "no Jinja": (b"You are a helpful assistant.", "holds no Jinja"),
    "no text": (b"{{ \xff }}", "is not UTF-8 text (line 1)"),
    "a byte that no template has": (b"{{ messages }}\0", "U+0000"),
    "a loop without an end": (b"{% for m in messages %}\n{{ m.content }}", "no Jinja template, line 2: Unexpected end"),
    "a filter that is none": (b"{{ messages | shout }}", "line 1: No filter named 'shout'"),
    "brackets without an end": (b"{{ " + b"(" * 5000, "nested too deeply"),
    "more than a ConfigMap holds": (b"{{ x }}" + b" " * 2**20, "is larger than 1 MiB"),
}  # fmt: skip


@pytest.fixture
def manifests_with(keys_of: Callable[[str], Keys], tmp_path: Path) -> Callable[[bytes], list[Any]]:
    """The objects of the dev stack whose model has a template of those bytes."""

    def manifests(template: bytes) -> list[Any]:
        (tmp_path / "mine.jinja").write_bytes(template)
        keys = keys_of("dev")
        keys["models"][NAME]["chatTemplate"] = "mine.jinja"
        return list(decide(keys, "dev", tmp_path).serving.manifests)

    return manifests


@pytest.mark.parametrize(
    "template",
    [
        b"{% for m in messages %}{% if loop.index > 9 %}{% break %}{% endif %}{{ m }}{% endfor %}",
        b"{% generation %}{{ messages | tojson(indent=2) }}{% endgeneration %}",
        b"{{ raise_exception('no') }}{{ strftime_now('%d') }}{{ tools is defined }}",
    ],
)
def test_what_engines_add_to_jinja_is_no_mistake(
    template: bytes, manifests_with: Callable[[bytes], list[Any]]
) -> None:
    assert _of_kind(manifests_with(template), "ConfigMap", "chat-template-")


def _of_kind(manifests: list[Any], kind: str, begins: str) -> dict[str, Any]:
    (found,) = (
        each
        for each in manifests
        if each["kind"] == kind and each["metadata"]["name"].startswith(begins)
    )
    return found


def test_the_engine_is_given_the_file(manifests_with: Callable[[bytes], list[Any]]) -> None:
    manifests = manifests_with(b"{{ messages }}\n")
    config_map = _of_kind(manifests, "ConfigMap", f"chat-template-{NAME}-")
    assert config_map["immutable"]
    ((file, text),) = config_map["data"].items()
    assert text == "{{ messages }}\n"
    pod = _of_kind(manifests, "Deployment", f"vllm-{NAME}")["spec"]["template"]["spec"]
    (volume,) = (
        each["name"]
        for each in pod["volumes"]
        if each.get("configMap", {}).get("name") == config_map["metadata"]["name"]
    )
    (engine,) = pod["containers"]
    (folder,) = (m["mountPath"] for m in engine["volumeMounts"] if m["name"] == volume)
    assert f"--chat-template={folder}/{file}" in engine["args"]


def test_another_text_has_another_name(manifests_with: Callable[[bytes], list[Any]]) -> None:
    names = [
        _of_kind(manifests_with(text), "ConfigMap", "chat-template-")["metadata"]["name"]
        for text in (b"{{ a }}", b"{{ b }}", b"{{ a }}")
    ]
    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize("row", BAD.values(), ids=list(BAD))
def test_a_file_that_is_no_template_is_refused_where_it_is_named(
    row: tuple[bytes, str], manifests_with: Callable[[bytes], list[Any]]
) -> None:
    content, said = row
    with pytest.raises(StackError) as raised:
        manifests_with(content)
    (mistake,) = raised.value.mistakes
    assert mistake.path == f"models.{NAME}.chatTemplate"
    assert said in mistake.problem
