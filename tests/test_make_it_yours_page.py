"""What docs/make-it-yours.md says of names is so."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tokenfleet.cli import app
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide

PAGE = (Path(__file__).parents[1] / "docs" / "make-it-yours.md").read_text(encoding="utf-8")


def test_its_commands_rename_the_project(own_project: Path, tmp_path: Path) -> None:
    project = tmp_path / "clone"
    shutil.copytree(own_project, project)
    names = {path.name for path in project.iterdir()}
    (_, commands) = PAGE.split("```")[1].split("bash\n")
    subprocess.run(["bash", "-euc", commands], cwd=project, check=True)
    assert {path.name for path in project.iterdir()} == names
    for stack in ("dev", "prod"):
        done = CliRunner().invoke(app, ["cost", stack, "--json", "--project", str(project)])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["name"] == f"acme-{stack}"


def test_names_may_be_as_long_as_it_says(
    keys_of: Callable[[str], dict[str, Any]], own_project: Path
) -> None:
    (most,) = re.findall(r"may have (\d+) characters", PAGE)
    longest = "a" * (int(most) - len("dev"))
    assert decide(keys_of("dev"), "dev", own_project, project_name=longest).name == f"{longest}-dev"
    with pytest.raises(StackError, match="both together may have"):
        decide(keys_of("dev"), "dev", own_project, project_name=f"{longest}a")
