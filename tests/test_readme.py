"""What the README says is true: its commands run, its tree and links exist."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.guarded import free_port
from tokenfleet.economics.bill.forecast import forecast, least_replicas
from tokenfleet.economics.bill.scenario import Scenario
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.views.money import usd

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tests").rglob("*.md")),
]
# Run by .ci/run itself, which is what runs these tests.
GATE = {"make test", "make e2e"}
FAILED_VERDICT, TOO_DANGEROUS = 4, 5


def _blocks(kind: str, page: str = README) -> Iterator[str]:
    """The fenced blocks of a page that say they are of that kind."""
    for number, block in enumerate(page.split("```")):
        info, _, text = block.partition("\n")
        if number % 2 and info == kind:
            yield text


RUN_PAGES = [
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("cost.md", "review.md")
]
COMMANDS = [
    line
    for page in (README, *RUN_PAGES)
    for block in _blocks("sh", page)
    for line in block.splitlines()
    if line
]


@pytest.fixture
def clone(own_project: Path, tmp_path: Path) -> Path:
    """This repository as it is when it is new: the tests' stacks are its order forms."""
    shutil.copytree(own_project, tmp_path, dirs_exist_ok=True)
    others = {path.name for path in tmp_path.iterdir()} | {".venv", "out"}
    for path in ROOT.iterdir():
        if path.name not in others and not path.match("Pulumi.*"):
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / ".venv").mkdir()
    for path in (ROOT / ".venv").iterdir():
        (tmp_path / ".venv" / path.name).symlink_to(path)
    # Newer than what they are made from: nothing is installed again, from a folder that goes away.
    for mark in (".libraries", ".ready"):
        (tmp_path / ".venv" / mark).unlink(missing_ok=True)
        (tmp_path / ".venv" / mark).touch()
    return tmp_path


@pytest.mark.e2e
@pytest.mark.parametrize("command", [line for line in COMMANDS if line not in GATE])
def test_a_command_in_the_readme_or_on_a_page_works(command: str, clone: Path) -> None:
    done = subprocess.run(
        ["bash", "-ec", command],
        cwd=clone,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "BROWSER": "true"},  # which opens nothing on anybody's screen
    )
    # What a flag asks for may be more than the fleet can do or its budget holds.
    may_end_with = {0}
    if re.search(r"tokenfleet cost \w+ --", command):
        may_end_with.add(FAILED_VERDICT)
    # The forms of the tests stand where their user's own may be committed.
    if "--fail-on" in command:
        may_end_with.add(TOO_DANGEROUS)
    assert done.returncode in may_end_with, done.stderr
    assert done.stdout


@pytest.mark.e2e
def test_the_walk_through_of_publishing_works() -> None:
    page = (ROOT / "docs" / "publish.md").read_text(encoding="utf-8")
    (script,) = _blocks("sh", page)
    # Somebody else's walk-through, or run of these tests, may have that port.
    assert script.count("port=7480") == 1
    script = script.replace("port=7480", f"port={free_port()}")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("the same, byte for byte\n")


def test_the_gate_runs_the_commands_that_check() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert set(COMMANDS) >= GATE
    assert set(gate) >= GATE


def test_the_tree_in_the_readme_is_the_tree() -> None:
    (tree,) = (block for block in _blocks("") if "components/" in block)
    inside = [ROOT]
    listed: set[str] = set()
    for line in tree.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        # A form that its user may have renamed or deleted.
        place = inside[depth] / name
        assert place.exists() or "*" in name, line
        inside[depth + 1 :] = [place]
        listed.add(str(place.relative_to(ROOT)))
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    folders = {name.partition("/")[0] for name in tracked if "/" in name}
    rooms = {
        str(Path(name).parent)
        for name in tracked
        if name.startswith("tokenfleet/") and name.count("/") == 2 and "/data/" not in name
    }
    assert {name for name in folders if not name.startswith(".")} | rooms <= listed


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_running_cost_page_quotes_the_bill(
    stack: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
) -> None:
    plan = plan_of(stack_files[stack].keys)
    run = forecast(plan, Scenario(replicas=least_replicas(plan)))
    serving = sum(line.usd_per_month or 0 for line in run.expected.lines if line.pool)
    month = run.usd_per_month
    before, together = usd(month.expected - serving), usd(month.expected)
    spread = f"{usd(month.low)} to {usd(month.high)}"
    page = (ROOT / "docs" / "running-cost.md").read_text(encoding="utf-8")
    (row,) = (row for row in page.splitlines() if row.startswith(f"| {stack} |"))
    assert row == f"| {stack} | {before} | {usd(serving)} | {together} | {spread} |"


@pytest.mark.e2e
def test_the_workflow_is_one_that_github_accepts() -> None:
    if shutil.which("go") is None:
        pytest.skip("no Go to build actionlint with: install Go 1.26 or later")
    done = subprocess.run(
        ["go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
