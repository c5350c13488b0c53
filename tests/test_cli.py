"""The command as people and machines use it."""

import json
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tokenfleet.cli import COMMANDS, app, loaded

BAD_STACK, BROKEN_RULE, VERDICT = 2, 3, 4


@pytest.fixture(scope="module")
def project(own_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, to be broken."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        shutil.copy(own_project / name, folder)
    return folder


# What takes long to import: providers, the AWS SDK, settings, tables of figures.
HEAVY = {"boto3", "pulumi", "pulumi_aws", "pulumi_kubernetes", "yaml", "httpx2"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    text: str = loaded(name).help
    assert " ".join(text.split("\n\n", maxsplit=1)[0].split()) == COMMANDS[name]


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"], ["previw"], []])
def test_what_calls_no_command_waits_for_none(words: list[str]) -> None:
    code = (
        "import sys; from tokenfleet.cli import app\n"
        f"try: app({words!r})\nfinally: print('heavy:', sorted({HEAVY!r} & {{*sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stdout.rstrip().endswith("heavy: []"), done.stdout + done.stderr


def _preview(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["preview", *map(str, arguments)])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_is_shown_whole(stack: str, own_project: Path) -> None:
    result = _preview(stack, "--project", own_project)
    assert (result.exit_code, result.stderr) == (0, "")
    for part in (
        "What will exist",
        "Network 10.",
        "Pools and tiers",
        "Models",
        "Cold start",
        "A month for the declared load",
    ):
        assert part in result.stdout


def test_json_is_json_and_nothing_else(own_project: Path) -> None:
    result = _preview("dev", "--project", own_project, "--json")
    report = json.loads(result.stdout)
    assert report["plan"]["stack"] == "dev"
    assert report["findings"] == []


def test_a_bad_stack_ends_with_2_and_names_file_line_and_path(project: Path) -> None:
    text = (project / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    (project / "Pulumi.bad.yaml").write_text(
        text.replace("natGateways", "natGateway").replace("us-east-1b", "us-west-2b"),
        encoding="utf-8",
    )
    result = _preview("bad", "--project", project)
    assert (result.exit_code, result.stdout) == (BAD_STACK, "")
    assert "Pulumi.bad.yaml: 2 mistakes" in result.stderr
    assert "Pulumi.bad.yaml:6: network.zones[1] = us-west-2b: is not a zone of" in result.stderr
    assert "Pulumi.bad.yaml:7: network.natGateway: unknown key. Did you mean" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "part"),
    [(None, "no stack 'odd'"), ("", "holds no settings"), ("config: [", "is not YAML")],
)
def test_a_stack_that_cannot_be_read_ends_with_2(
    text: str | None, part: str, project: Path
) -> None:
    path = project / "Pulumi.odd.yaml"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text, encoding="utf-8")
    result = _preview("odd", "--project", project)
    assert result.exit_code == BAD_STACK
    assert part in result.stderr


def test_compile_prints_the_job_that_the_preview_writes(own_project: Path, folder: Path) -> None:
    result = CliRunner().invoke(
        app, ["compile", "prod", "qwen25-7b", "--project", str(own_project)]
    )
    assert (result.exit_code, result.stderr) == (0, "")
    job = (folder / "jobs" / "compile-qwen25-7b.yaml").read_text(encoding="utf-8")
    assert result.stdout == job


@pytest.mark.parametrize(
    ("stack", "model", "part"),
    [
        ("prod", "qwen25-7", "Pulumi.prod.yaml: no model 'qwen25-7'. Did you mean 'qwen25-7b'?"),
        ("none", "qwen25-7b", "no stack 'none'"),
    ],
)
def test_what_cannot_be_compiled_ends_with_2(
    stack: str, model: str, part: str, own_project: Path
) -> None:
    result = CliRunner().invoke(app, ["compile", stack, model, "--project", str(own_project)])
    assert (result.exit_code, result.stdout) == (BAD_STACK, "")
    assert part in result.stderr


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"engineArguments": {"enforce-eager": True}}, "its engineArguments say enforce-eager"),
        (
            {"engineArguments": {"optimization-level": 0}},
            "its engineArguments say optimization-level: 0",
        ),
        (
            {"adapters": {"legal": {"huggingFaceId": "o/a", "revision": "c" * 40, "rank": 16}}},
            "it has adapters, with which vLLM compiles nothing on CPUs",
        ),
    ],
)
def test_a_model_whose_engine_compiles_nothing_is_refused_with_the_reason(
    given: Mapping[str, object], why: str, own_project: Path, tmp_path: Path
) -> None:
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).write_bytes((own_project / name).read_bytes())
    form = yaml.safe_load((own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    form["config"]["tokenfleet:models"]["qwen3-4b"] |= given
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(form), encoding="utf-8")
    asked = ["compile", "dev", "qwen3-4b", "--project", str(tmp_path)]
    result = CliRunner().invoke(app, asked)
    assert (result.exit_code, result.stdout) == (BAD_STACK, "")
    assert f"nothing is compiled for qwen3-4b: {why}" in result.stderr


def test_a_folder_without_a_project_ends_with_2(tmp_path: Path) -> None:
    result = _preview("dev", "--project", tmp_path)
    assert result.exit_code == BAD_STACK
    assert "Pulumi.yaml" in result.stderr


def test_a_broken_rule_ends_with_3_and_is_shown_first(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenfleet.components.launch_template._HOPS", 2)
    result = _preview("dev", "--project", project)
    assert result.exit_code == BROKEN_RULE
    assert "Broken rules: 5" in result.stdout
    assert result.stdout.index("imds-v2") < result.stdout.index("What will exist")


@pytest.fixture(scope="module")
def folder(own_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``--out`` writes for the prod stack."""
    folder = tmp_path_factory.mktemp("out") / "preview"
    result = _preview("prod", "--project", own_project, "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


def test_every_model_has_its_manifests(folder: Path) -> None:
    names = {path.name for path in (folder / "manifests").iterdir()}
    for model in ("qwen3-8b", "qwen25-7b", "gpt-oss-120b"):
        assert {f"{kind}-vllm-{model}.yaml" for kind in ("deployment", "service")} <= names


def test_manifests_are_kubernetes_objects(folder: Path) -> None:
    for path in (folder / "manifests").iterdir():
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert manifest["apiVersion"]
        assert path.name.startswith(manifest["kind"].lower())


def test_no_secret_is_written(folder: Path) -> None:
    text = (folder / "manifests" / "secret-vllm-api-key.yaml").read_text(encoding="utf-8")
    assert text.startswith("# stringData: secret, not shown\n")
    assert "stringData" not in yaml.safe_load(text)


def test_every_group_has_its_user_data(folder: Path) -> None:
    resources = json.loads((folder / "resources.json").read_text(encoding="utf-8"))
    groups = [r for r in resources["resources"] if r["type"].endswith(":LaunchTemplate")]
    assert len(list((folder / "user-data").iterdir())) == len(groups) > 0


def test_the_reports_are_there(folder: Path) -> None:
    for name in ("report.html", "report.md", "report.json"):
        assert "tokenfleet-prod" in (folder / name).read_text(encoding="utf-8")


def _shows(address: str) -> bool:
    return bool(address)


def _is_missing(address: str) -> bool:
    return not address


def _fails(address: str) -> bool:
    raise webbrowser.Error(address)


@pytest.mark.parametrize(
    ("browser", "said"),
    [
        (_shows, "opened in the browser"),
        (_is_missing, "no browser can be opened here, the page is"),
        (_fails, "no browser can be opened here, the page is"),
    ],
    ids=["one", "none", "broken"],
)
@pytest.mark.parametrize(
    ("more", "folder", "code"),
    [([], "out", 0), (["--out", "mine"], "mine", 0), (["--strict", "--json"], "out", VERDICT)],
)
def test_open_shows_the_page_or_says_where_it_is_whatever_the_verdicts(
    *,
    browser: Callable[[str], bool],
    said: str,
    more: list[str],
    folder: str,
    code: int,
    own_project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def opened(address: str) -> bool:
        asked.append(address)
        return browser(address)

    monkeypatch.setattr(webbrowser, "open", opened)
    monkeypatch.chdir(tmp_path)
    result = _preview("dev", "--project", own_project, "--open", *more)
    page = tmp_path / folder / "report.html"
    assert (result.exit_code, asked) == (code, [page.as_uri()])
    assert page.is_file()
    assert result.stderr == f"{said}: {page}\n"
    assert "--json" not in more or json.loads(result.stdout)["plan"]["stack"] == "dev"


def test_open_leaves_a_folder_of_somebody_else_alone(
    own_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", _fails)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    result = _preview("dev", "--project", own_project, "--open")
    assert (result.exit_code, result.stdout) == (BAD_STACK, "")
    assert "--out out holds something that is not a preview" in result.stderr


def test_a_second_preview_replaces_the_first(own_project: Path, tmp_path: Path) -> None:
    for stack in ("prod", "dev"):
        assert _preview(stack, "--project", own_project, "--out", tmp_path).exit_code == 0
    names = {path.name for path in (tmp_path / "manifests").iterdir()}
    assert "deployment-vllm-qwen3-4b.yaml" in names
    assert "deployment-vllm-gpt-oss-120b.yaml" not in names


def _contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("command", "flag", "most_bytes"), [("preview", "--out", 100_000), ("cost", "--svg", 3000)]
)
def test_a_disk_that_is_full_leaves_what_was_there(
    command: str, flag: str, most_bytes: int, own_project: Path, tmp_path: Path
) -> None:
    arguments = [command, "dev", "--project", str(own_project), flag, str(tmp_path / "out")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    before = _contents(tmp_path)
    # As a full disk does, the limit stops a write in the middle of a file.
    code = (
        "import resource; from tokenfleet.entry_point import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes})); main()"
    )
    for folder in ("out", "new"):
        arguments[-1] = str(tmp_path / folder)
        full = subprocess.run(
            [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True
        )
        assert (full.returncode, full.stdout) == (BAD_STACK, "")
        assert full.stderr.startswith(f"{flag} {tmp_path / folder}")
        assert full.stderr.count("\n") == 1
    assert _contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_what_is_not_a_preview_is_never_overwritten(
    taken: str, own_project: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    mine: Mapping[str, Path] = {"file": out, "folder": out / "mine.txt"}
    mine[taken].parent.mkdir(exist_ok=True)
    mine[taken].write_text("mine", encoding="utf-8")
    result = _preview("dev", "--project", own_project, "--out", out)
    assert result.exit_code == BAD_STACK
    assert mine[taken].read_text(encoding="utf-8") == "mine"
    assert "--out" in result.stderr
