"""``--config-json``: what ``compare`` and ``coldstart`` say of models that the catalogue does not list."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.documented import as_documented
from tokenfleet.cli import app
from tokenfleet.json_document import Schema

BAD_INPUT = 2
LISTED = "meta-llama/Llama-3.1-8B-Instruct"
COMMANDS = pytest.mark.parametrize("command", ["compare", "coldstart"])
SMALL: Mapping[str, object] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
"""That of ``LISTED``."""
LISTED_BYTES = 16_060_522_496
TWICE = {"metadata": {"total_size": 2 * LISTED_BYTES}}
CONFIG, INDEX = "config.json", "model.safetensors.index.json"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the config.json in it, where commands are called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / CONFIG).write_text(json.dumps(SMALL), encoding="utf-8")
    return tmp_path


def _said(command: str, model: str, *words: str) -> str:
    result = CliRunner().invoke(app, [command, model, *words])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.usefixtures("here")
@COMMANDS
@pytest.mark.parametrize(
    "model",
    [
        "acme/own",
        # As in a stack, where configJson stands before what is known of huggingFaceId.
        "openai/gpt-oss-20b",
        "my model [1]",
    ],
)
def test_a_config_of_a_listed_model_gives_the_answer_of_the_catalogue(
    model: str, command: str
) -> None:
    of_file = _said(command, model, "--config-json", CONFIG, "--json")
    as_documented(of_file, Schema[command.upper()])
    of_catalogue = _said(command, LISTED, "--json")
    assert of_file == of_catalogue.replace(LISTED, model)
    assert model in _said(command, model, "--config-json", CONFIG).splitlines()[0]


@pytest.mark.parametrize(
    ("index", "weights_bytes"), [(None, LISTED_BYTES), (TWICE, 2 * LISTED_BYTES)]
)
def test_a_weight_index_beside_it_gives_the_size_of_the_weights(
    index: object, weights_bytes: int, here: Path
) -> None:
    if index is not None:
        (here / INDEX).write_text(json.dumps(index), encoding="utf-8")
    answer = json.loads(_said("coldstart", "acme/own", "--config-json", CONFIG, "--json"))
    assert answer["weightsBytes"] == weights_bytes


T5, RWKV = ({**SMALL, "model_type": kind} for kind in ("t5", "rwkv"))
MISTAKES: Mapping[str, tuple[Mapping[str, bytes], Sequence[str], str]] = {
    "no such file": ({}, ["own.json"], "--config-json own.json: cannot read own.json: No such file or directory"),
    "folder": ({}, ["."], "--config-json .: cannot read .: Is a directory"),
    "device": ({}, ["/dev/zero"], "--config-json /dev/zero: cannot read /dev/zero: is no regular file"),
    "nothing": ({}, [""], "--config-json is empty"),
    "no text": ({CONFIG: b"\xff\xfe{}"}, [CONFIG], "--config-json config.json: cannot read config.json: is not UTF-8 text (line 1)"),
    "endless": ({CONFIG: b" " * (2**26 + 1)}, [CONFIG], "--config-json config.json: cannot read config.json: is larger than 64 MiB"),
    "half a file": ({CONFIG: b'{\n"a":'}, [CONFIG], "--config-json config.json: config.json is not JSON: Expecting value: line 2"),
    "encoder and decoder": ({CONFIG: json.dumps(T5).encode()}, [CONFIG], "--config-json config.json: config.json cannot be sized: model_type 't5' reads with an encoder"),
    "no attention": ({CONFIG: json.dumps(RWKV).encode()}, [CONFIG], "--config-json config.json: config.json cannot be sized: model_type 'rwkv' is none of"),
    "a key too few": ({CONFIG: b'{"model_type": "llama"}'}, [CONFIG], "num_hidden_layers is missing"),
    "broken index": ({INDEX: b"{}"}, [CONFIG], "--config-json config.json: model.safetensors.index.json has no usable metadata.total_size"),
    "index of another": ({INDEX: b'{"metadata": {"total_size": 1000}}'}, [CONFIG], "they are not of one model"),
    "broken tokenizer": ({"tokenizer_config.json": b"[]"}, [CONFIG], "--config-json config.json: tokenizer_config.json is not that of a tokenizer"),
    "other mistakes beside": ({CONFIG: b"{"}, [CONFIG, "--types", "c8gd.4xlarg"], "Did you mean 'c8gd.4xlarge'?"),
}  # fmt: skip
"""The files beside it, the words from the flag on, and what is said."""


@COMMANDS
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_at_the_flag_with_the_file(
    mistake: str, command: str, here: Path
) -> None:
    files, words, said = MISTAKES[mistake]
    for name, text in files.items():
        (here / name).write_bytes(text)
    result = CliRunner().invoke(app, [command, "acme/own", "--config-json", *words])
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert result.stderr.startswith("--config-json ")
    assert said in result.stderr


@pytest.mark.usefixtures("here")
@COMMANDS
def test_a_name_that_would_write_to_the_terminal_is_refused(command: str) -> None:
    result = CliRunner().invoke(app, [command, "acme/\x1b[2J", "--config-json", CONFIG])
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert result.stderr == "MODEL: holds the control character U+001B\n"


@COMMANDS
def test_who_asks_about_an_unknown_model_learns_of_the_flag(command: str) -> None:
    result = CliRunner().invoke(app, [command, "acme/own"])
    assert result.exit_code == BAD_INPUT
    assert re.search(r"^MODEL acme/own: .* give its config\.json with --config-json", result.stderr)
