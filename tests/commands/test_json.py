"""``--json``: one object on standard output, of the documented keys, whether or not there is an answer."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.documented import as_documented, document_of, misfits
from tokenfleet.cli import app
from tokenfleet.json_document import Schema, json_document
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.start.fetches import Fetch

QWEN = "Qwen/Qwen3-8B"
HOSTED = str(Path(__file__).parents[2] / "docs" / "hosted-example.yaml")
BROKEN_RULE, BAD_INPUT, FAILED_VERDICT = 3, 2, 4
ANSWERED: Mapping[Schema, Sequence[str]] = {
    Schema.PREVIEW: ["preview", "prod"],
    Schema.COST: ["cost", "prod", "--day", ",".join(["1", "2"] * 12)],
    Schema.COMPARE: ["compare", QWEN, "--requests-per-second", "2", "--hosted", HOSTED],
    Schema.COLDSTART: ["coldstart", QWEN],
    Schema.CAPACITY: ["capacity", "prod", "--days", "3"],
    Schema.SIMULATE: ["simulate", "dev", "qwen3-4b", "--frontier", "--start", "100"],
    Schema.EXPLAIN: ["explain", "qwen25-7b", "--stack", "prod"],
    Schema.COMPILE: ["compile", "prod", "qwen25-7b"],
    Schema.CATALOGUE_TYPES: ["catalogue", "types"],
    Schema.CATALOGUE_MODELS: ["catalogue", "models"],
    Schema.CATALOGUE_REGIONS: ["catalogue", "regions"],
}  # fmt: skip
"""Commands that need nothing but this machine; test_catalogue.py and test_models.py ask the others."""


def _asked(*words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--json"])


FETCH = {"what": "image", "gb": {"low": 1, "expected": 2.5, "high": 3}, "way": "NAT gateway", "sources": ["x"]}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({}, None),
        ({"more": 1}, ".more"),
        ({"gb": {"low": 1, "high": 3}}, ".gb.expected"),
        ({"gb": None}, ".gb: None"),
        ({"way": "train"}, ".way: 'train'"),
        ({"sources": ["x", 1]}, ".sources[1]: 1"),
    ],
)
def test_a_document_that_is_not_as_documented_is_noticed(
    change: dict[str, object], where: str | None
) -> None:
    found = list(misfits(FETCH | change, Fetch, ""))
    assert found == [] if where is None else found[0].startswith(where)


@pytest.mark.parametrize("schema", ANSWERED)
def test_an_answer_is_one_document_of_the_documented_keys(
    schema: Schema, own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own_project)
    result = _asked(*ANSWERED[schema])
    assert (result.exit_code, result.stderr) == (0, "")
    assert as_documented(result.stdout, schema)


@pytest.mark.parametrize(
    ("name", "schema"), [("report.json", Schema.PREVIEW), ("resources.json", Schema.RESOURCES)]
)
def test_the_files_of_a_preview_are_documents_too(
    name: str, schema: Schema, own_project: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        app, ["preview", "prod", "--project", str(own_project), "--out", str(tmp_path)]
    )
    assert result.exit_code == 0
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert as_documented(text, schema)


def test_a_broken_rule_is_told_in_the_report(
    own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenfleet.components.launch_template._HOPS", 2)
    result = _asked("preview", "dev", "--project", str(own_project))
    assert result.exit_code == BROKEN_RULE
    assert as_documented(result.stdout, Schema.PREVIEW)["findings"]


# Whatever is wrong, by how it is found: the option parser, a flag, a name, a file.
REFUSED: Sequence[Sequence[str]] = [
    ["previw"],
    ["--nope"],
    ["preview", "--nope"],
    ["preview", "--answers="],
    ["preview", "none"],
    ["preview", "bad"],
    ["preview", "--answers", "none.yaml"],
    ["preview", "--answers", "answers.yaml"],
    ["preview", "--project", "none"],
    ["preview", "dev", "--out", "Pulumi.yaml"],
    ["preview", "failing"],
    ["advise", "--nope"],
    ["advise", "none"],
    ["advise", "bad"],
    ["cost", "--nope"],
    ["cost", "bad"],
    ["cost", "dev", "--load", "x"],
    ["cost", "dev", "--load", "0"],
    ["cost", "dev", "--load", "1e9"],
    ["cost", "dev", "--day", "1"],
    ["simulate"],
    ["simulate", "dev", "none"],
    ["simulate", "bad", "qwen3-4b"],
    ["simulate", "dev", "qwen3-4b", "--day", "x"],
    ["simulate", "dev", "qwen3-4b", "--trace", "none.csv"],
    ["simulate", "dev", "qwen3-4b", "--cv", "0"],
    ["cost", "dev", "--commitment", "none.yaml"],
    ["cost", "dev", "--profile", "Pulumi.yaml"],
    ["compare"],
    ["compare", "none"],
    ["compare", QWEN, "--types", "none"],
    ["compare", QWEN, "--cached-share", "2"],
    ["compare", QWEN, "--hosted", "Pulumi.yaml"],
    ["coldstart", "--nope", QWEN],
    ["coldstart", "none"],
    ["coldstart", QWEN, "--types", "none"],
    ["explain"],
    ["explain", "none"],
    ["explain", "qwen3-4b", "--stack", "bad"],
    ["bake", "none"],
    ["bake", "dev"],
    ["bake", "dev", "none"],
    ["bake", "dev", "graviton4", "more"],
    ["compile", "dev"],
    ["compile", "dev", "none"],
    ["compile", "dev", "qwen3-4"],
    ["compile", "bad", "qwen3-4b"],
    ["models", "--nope"],
    ["models", "--bucket", "X"],
    ["publish", QWEN],
    ["publish", "none", "--revision", "main"],
    ["publish", QWEN, "--revision", "c" * 40, "--bucket", "b" * 9, "--from", "none"],
    ["catalogue", "none"],
    ["catalogue", "types", "--region", "none"],
    ["catalogue", "models", "none"],
    ["catalogue", "regions", "none"],
    ["catalogue", "refresh", "--only", "none"],
    ["catalogue", "refresh", "--only", "digests", "--region", "us-east-1"],
]


@pytest.fixture(scope="module")
def project(own_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a stack that is wrong in two places, and one whose program fails."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        shutil.copy(own_project / name, folder)
    text = (folder / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    bad = text.replace("natGateways", "natGateway").replace("us-east-1b", "us-west-2b")
    (folder / "Pulumi.bad.yaml").write_text(bad, encoding="utf-8")
    (folder / "answers.yaml").write_text("functions:\n  a:b:c: 1\n", encoding="utf-8")
    (folder / "Pulumi.failing.yaml").write_text(text, encoding="utf-8")
    program = (folder / "__main__.py").read_text(encoding="utf-8")
    failing = "import pulumi\nif pulumi.get_stack() == 'failing': raise ValueError('this')\n"
    docstring, _, rest = program.partition('"""\n')
    (folder / "__main__.py").write_text(f'{docstring}"""\n{failing}{rest}', encoding="utf-8")
    return folder


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_a_refusal_is_one_document_and_what_people_are_told(
    words: Sequence[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("TOKENFLEET_BUCKET", raising=False)
    result, told = _asked(*words), CliRunner().invoke(app, words)
    assert result.exit_code == told.exit_code == BAD_INPUT
    error = as_documented(result.stdout, Schema.ERROR)["error"]
    assert error["exitCode"] == BAD_INPUT
    assert error["lines"]
    assert told.stdout == ""
    assert result.stderr == told.stderr
    for line in error["lines"]:
        # The option parser's are wrapped, in a box.
        assert _words_of(line) <= _words_of(told.stderr)


def _words_of(text: str) -> set[str]:
    return set(text.replace("│", " ").split())


@dataclass(frozen=True)
class _At:
    file: str
    line: int | None
    path: str | None


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (
            ["preview", "bad"],
            [
                _At("Pulumi.bad.yaml", 6, "network.zones[1]"),
                _At("Pulumi.bad.yaml", 7, "network.natGateway"),
            ],
        ),
        (
            ["preview", "dev", "--answers", "answers.yaml"],
            [_At("answers.yaml", 2, "functions.a:b:c")],
        ),
        (["preview", "dev", "--answers", "__main__.py"], [_At("__main__.py", 1, None)]),
        (["preview", "none"], []),
    ],
)
def test_a_mistake_in_a_file_says_where_it_stands(
    words: list[str], places: list[_At], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    result = _asked(*words)
    mistakes = document_of(result.stdout)["error"]["mistakes"]
    assert [_At(m["file"], m["line"], m["path"]) for m in mistakes] == places
    for mistake in mistakes:
        assert mistake["text"] in result.stderr
        assert mistake["text"].endswith(mistake["problem"])


def test_what_follows_two_hyphens_is_no_flag(project: Path) -> None:
    result = CliRunner().invoke(app, ["explain", "--project", str(project), "--", "--json"])
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), float("-inf")])
def test_a_figure_that_json_has_no_word_for_is_never_written(figure: float) -> None:
    answer = Range(low=0, expected=1, high=figure)
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_document(Schema.COST, answer)


@pytest.mark.parametrize(
    "words",
    [
        ["cost", "prod", "--day", ",".join(["0"] * 23 + ["1e300"])],
        ["cost", "prod", "--cached-share", "1", "--load", "0.0001"],
        ["cost", "prod", "--spot-share", "1", "--spare", "1000", "--load", "10000"],
        ["compare", QWEN, "--ttft-p99-ms", "1e300", "--itl-p99-ms", "1e300", "--input-tokens", "1"],
        ["compare", QWEN, "--requests-per-second", "0.000001", "--cached-share", "1"],
    ],
    ids=" ".join,
)
def test_no_figure_is_infinite_however_odd_the_question(
    words: list[str], own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own_project)
    result = _asked(*words)
    assert result.exit_code in {0, FAILED_VERDICT}
    assert document_of(result.stdout)


def test_a_preview_writes_the_two_documents_alone_where_asked(
    own_project: Path, tmp_path: Path
) -> None:
    project = ["--project", str(own_project)]
    written = _asked("preview", "dev", *project, "--out", str(tmp_path / "out"), "--only-json")
    assert written.exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "resources.json"}
    refused = _asked("preview", "dev", *project, "--only-json")
    assert refused.exit_code == BAD_INPUT
    assert "--only-json: says what goes into --out FOLDER" in refused.stderr
