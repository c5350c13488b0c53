"""Projects of other people on the command line: what they ask for works, or ends with 2 and the way out."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.documented import as_documented
from tokenfleet.cli import app
from tokenfleet.json_document import Schema

BAD_INPUT, BROKEN_RULE = 2, 3
ANSWERS = """\
environments: {acme/prod: {"acme:region": us-east-1}}
stackReferences: {acme/network/prod: {vpcId: vpc-1}}
functions: {"aws:ec2/getVpc:getVpc": {id: vpc-1, cidrBlock: 10.9.0.0/16}}
"""
ASKS = """
import pulumi_aws
from pulumi import StackReference
other = StackReference("acme/network/prod").require_output("vpcId")
export("shared", pulumi_aws.ec2.get_vpc_output(id=other, opts=InvokeOutputOptions(provider=aws)).cidr_block)
"""
CREATES = """
import pulumi_aws
opts = ResourceOptions(provider=aws)
for number in range(2):
    pulumi_aws.rds.Instance(f"ledger-{number}", instance_class="db.t4g.micro", opts=opts)
pulumi_aws.ec2.NatGateway("another", opts=opts)
pulumi_aws.iam.Role("reader", assume_role_policy="{}", opts=opts)
"""
IMPORTS = "from pulumi import InvokeOutputOptions\n"


@pytest.fixture
def project(own_project: Path, tmp_path: Path) -> Path:
    """A project called acme whose program and stack are those of this repository."""
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n", encoding="utf-8")
    shutil.copy(own_project / "__main__.py", tmp_path)
    stack = (own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        stack.replace("tokenfleet:", "acme:"), encoding="utf-8"
    )
    return tmp_path


def _ask(project: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--project", str(project)])


def _report(project: Path, *words: str, code: int = 0) -> Mapping[str, object]:
    done = _ask(project, "preview", "dev", "--json", *words)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def _add(project: Path, program: str) -> None:
    path = project / "__main__.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\nfrom pulumi", f"\n{IMPORTS}from pulumi", 1) + program)


def test_a_program_in_a_folder_of_its_own_is_previewed(project: Path) -> None:
    (project / "infra").mkdir()
    (project / "__main__.py").rename(project / "infra" / "fleet.py")
    with (project / "Pulumi.yaml").open("a", encoding="utf-8") as file:
        file.write("main: infra/fleet.py\n")
    assert _report(project)["unpriced"] == []


def test_the_names_of_project_and_stack_share_what_a_role_may_have(project: Path) -> None:
    name = "a-name-that-is-far-too-long"
    for file in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        text = (project / file).read_text(encoding="utf-8")
        (project / file).write_text(text.replace("acme", name), encoding="utf-8")
    done = _ask(project, "preview", "dev")
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert f"stack = dev: with the name of the project, {name}, it begins" in done.stderr


def test_an_answers_file_answers_for_the_cloud(project: Path) -> None:
    _add(project, ASKS)
    stack = project / "Pulumi.dev.yaml"
    text = stack.read_text(encoding="utf-8").replace("  acme:region: us-east-1\n", "")
    stack.write_text(f"environment: [acme/prod]\n{text}", encoding="utf-8")
    answers = project / "answers.yaml"
    answers.write_text(ANSWERS, encoding="utf-8")
    report = _report(project, "--answers", str(answers))
    assert isinstance(outputs := report["outputs"], dict)
    assert outputs["shared"] == "10.9.0.0/16"
    for words in (["cost", "dev"], ["explain", "qwen3-4b"]):
        refused = _ask(project, *words)
        assert refused.exit_code == BAD_INPUT
        assert "Pulumi.dev.yaml:1: environment: acme/prod can only be opened" in refused.stderr
        assert _ask(project, *words, "--answers", str(answers)).exit_code == 0


def _no_answers(project: Path) -> None:
    _add(project, ASKS)


def _exits(project: Path) -> None:
    _add(project, "raise SystemExit(0)\n")


def _is_no_yaml(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: acme\n  runtime: python\n", encoding="utf-8")


def _is_go(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: acme\nruntime: go\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_no_answers, "the program reads outputs of the stack acme/network/prod"),
        (_exits, "the program ends itself with exit(0)"),
        (_is_no_yaml, "Pulumi.yaml:2: is not YAML"),
        (_is_go, "Pulumi.yaml:2: runtime: 'go' cannot be run here"),
    ],
)
@pytest.mark.filterwarnings(
    "ignore:.*coroutine object Output:pytest.PytestUnraisableExceptionWarning"
)
def test_what_cannot_be_previewed_ends_with_2_and_no_traceback(
    spoil: Callable[[Path], None], says: str, project: Path
) -> None:
    spoil(project)
    done = _ask(project, "preview", "dev", "--json")
    assert done.exit_code == BAD_INPUT
    assert says in "\n".join(as_documented(done.stdout, Schema.ERROR)["error"]["lines"])
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_program_prints_leaves_json_alone(project: Path) -> None:
    _add(project, "print('{')\n")
    assert _report(project)["findings"] == []


def test_what_the_bill_does_not_price_is_listed_everywhere(project: Path) -> None:
    _add(project, CREATES)
    out = project / "out"
    # Resources outside of any component break a rule of shape; they are shown all the same.
    report = _report(project, "--out", str(out), code=BROKEN_RULE)
    assert report["unpriced"] == [
        {"type": "aws:ec2/natGateway:NatGateway", "count": 1, "names": ["another"]},
        {"type": "aws:rds/instance:Instance", "count": 2, "names": ["ledger-0", "ledger-1"]},
    ]
    listed = "Not priced: 1 aws:ec2/natGateway:NatGateway, 2 aws:rds/instance:Instance."
    shown = " ".join(_ask(project, "preview", "dev").stdout.split())
    for text in (shown, *((out / f"report.{kind}").read_text() for kind in ("md", "html"))):
        assert listed in text
        assert "and 3 resources not priced" in text
        assert "the program" in text
