"""``tokenfleet explain`` as people and machines use it."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tokenfleet.cli import app
from tokenfleet.plan.decide import decide
from tokenfleet.settings.stack_file import StackFile


def _explain(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_argument_and_variable_of_the_pod_is_explained(
    stack: str, stack_files: dict[str, StackFile], own_project: Path
) -> None:
    for model in decide(stack_files[stack].keys, stack, own_project).models:
        result = _explain(model.name, "--stack", stack, "--project", own_project)
        assert (result.exit_code, result.stderr) == (0, "")
        for argument in model.arguments:
            assert not argument.flag or f"--{argument.flag} " in result.stdout
            assert argument.reason
        for variable in model.environment:
            assert f"{variable.name} " in result.stdout
            assert variable.reason
        if model.working_directory:
            assert f"{model.working_directory.name} " in result.stdout
            assert model.working_directory.reason
        answered = f"after a {model.warm_up.kind}"
        for part in ("not verified", "grace period", "startup probe", answered, "KV cache"):
            assert part in result.stdout


def test_what_is_drafted_is_explained_with_what_it_gains(own_project: Path, tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).write_bytes((own_project / name).read_bytes())
    form = yaml.safe_load((own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    form["config"]["tokenfleet:models"]["qwen3-4b"]["speculative"] = {
        "method": "draft_model",
        "draft": {"huggingFaceId": "Qwen/Qwen3-0.6B", "revision": "c" * 40},
    }
    form["config"]["tokenfleet:models"]["qwen3-4b"].pop("traffic", None)
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(form), encoding="utf-8")
    said = " ".join(_explain("qwen3-4b", "--project", tmp_path).stdout.split())
    for part in (
        "draft 1.11 GiB",
        "draft: full, 28 layers",
        "--speculative-config",
        f"drafted by Qwen/Qwen3-0.6B/{'c' * 40}",
        "a request gets 2.5 tokens (1.9 to 3.0 unless acceptedShare is given), one its own",
        "without traffic nobody knows whether it pays",
    ):
        assert part in said


def test_what_the_files_of_a_model_leave_open_is_explained(
    own_project: Path, tmp_path: Path
) -> None:
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).write_bytes((own_project / name).read_bytes())
    config = {
        "model_type": "mimo",
        "num_hidden_layers": 36,
        "hidden_size": 2560,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 9728,
        "vocab_size": 151936,
        "max_position_embeddings": 262144,
        "num_memory_heads": 4,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    form = yaml.safe_load((own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    form["config"]["tokenfleet:models"]["qwen3-4b"] |= {
        "configJson": "config.json",
        "engineArguments": {"trust-remote-code": True},
    }
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(form), encoding="utf-8")
    said = " ".join(_explain("qwen3-4b", "--project", tmp_path).stdout.split())
    for part in ("code of its repository", "not read num_memory_heads keys of config.json"):
        assert part in said


def test_json_is_json_and_nothing_else(own_project: Path) -> None:
    answer = json.loads(_explain("qwen3-4b", "--project", own_project, "--json").stdout)
    assert answer["model"]["arguments"][1]["flag"] == "served-model-name"
    assert answer["engine"]["version"]
    assert answer["pool"]["name"] == "graviton4"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["qwen3-8b"], "Pulumi.prod.yaml has it: --stack prod"),
        (["qwen3-4"], "Did you mean 'qwen3-4b'?"),
        (["anything", "--stack", "none"], "no stack 'none'"),
    ],
)
def test_a_model_that_is_not_there_ends_with_2(
    arguments: list[str], part: str, own_project: Path
) -> None:
    result = _explain(*arguments, "--project", own_project)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr
