"""Programs of others under the recorder: where they stand, what they print, how they end."""

import gc
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pulumi
import pytest

from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import Recording
from tokenfleet.recording.recorder import record

FAILURES: Mapping[str, tuple[str, str]] = {
    "exit": ("import sys\nsys.exit(3)", "__main__.py:2: the program ends itself with exit(3)"),
    "exit without a code": ("exit()", "__main__.py:1: the program ends itself with exit(None)"),
    "a mistake": ("x = 1\nx.y", "__main__.py:2: AttributeError: 'int' object has no"),
    "not Python": ("x = (", "__main__.py:1: SyntaxError: "),
    "a module that is not there": ("import nowhere", "__main__.py:1: ModuleNotFoundError: "),
    "a mistake in a module of its own": ("import own", "own.py:2: ZeroDivisionError: "),
    "a refusal of its own": ("import pulumi\nraise pulumi.RunError('no')", "no"),
    "a mistake where a value is known": (
        "import pulumi\npulumi.export('x', pulumi.Output.from_input(1).apply(\n  lambda x: x / 0))",
        "__main__.py:3: ZeroDivisionError: ",
    ),
    "a mistake while another value never comes": (
        (
            "import asyncio\nimport pulumi\n"
            "pulumi.Output.from_input(asyncio.get_running_loop().create_future())\n"
            "pulumi.Output.from_input(1).apply(\n  lambda x: x / 0)"
        ),
        "__main__.py:5: ZeroDivisionError: ",
    ),
}


def recorded(program: Path, **others: object) -> Recording:
    configured = Configured("test", {}, [], {f"aws:{key}": value for key, value in others.items()})
    return record(program, "test", "dev", configured, "deployment")


@pytest.mark.parametrize(("program", "says"), FAILURES.values(), ids=list(FAILURES))
def test_a_program_that_does_not_run_to_its_end_says_where_and_why(
    program: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "__main__.py").write_text(program, encoding="utf-8")
    (tmp_path / "own.py").write_text("x = 0\n1 / x\n", encoding="utf-8")
    with pytest.raises(pulumi.RunError) as raised:
        recorded(tmp_path)
    assert str(raised.value).startswith(says)


def test_what_a_program_prints_is_no_part_of_the_answer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, subprocess, sys\nprint('printed')\nsys.stdout.write('written\\n')\n"
        "subprocess.run(['echo', 'by a command'])\n",
        encoding="utf-8",
    )
    recorded(tmp_path)
    print("ours")  # noqa: T201 - what is captured
    captured = capfd.readouterr()
    assert captured.out == "ours\n"
    for words in ("printed", "written", "by a command"):
        assert words in captured.err


CREATES = "import pulumi\npulumi.ComponentResource('test:index:Thing', 'thing')\n"


def test_what_a_module_creates_when_it_is_imported_is_created_in_every_run(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import own_things\n", encoding="utf-8")
    (tmp_path / "own_things.py").write_text(CREATES, encoding="utf-8")
    for _ in range(2):
        assert [resource.name for resource in recorded(tmp_path).resources] == ["thing"]
    assert "own_things" not in sys.modules


@pytest.mark.parametrize("program", ["infra", "infra/other.py"])
def test_a_program_finds_its_modules_and_files_beside_it(program: str, tmp_path: Path) -> None:
    folder = tmp_path / "infra"
    folder.mkdir()
    text = "import things_beside\nimport pathlib, pulumi\npulumi.export('text', pathlib.Path('beside.txt').read_text())\n"
    for name in ("__main__.py", "other.py"):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "things_beside.py").write_text(CREATES, encoding="utf-8")
    (folder / "beside.txt").write_text("here", encoding="utf-8")
    before = Path.cwd(), list(sys.path), dict(os.environ)
    assert recorded(tmp_path / program).outputs == {"text": "here"}
    assert (Path.cwd(), sys.path, dict(os.environ)) == before


def test_configuration_of_other_packages_reaches_the_program(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "import pulumi\nfound = pulumi.Config('aws')\n"
        "pulumi.export('region', found.require('region'))\n"
        "pulumi.export('key', found.require_secret('key'))\n",
        encoding="utf-8",
    )
    outputs = recorded(tmp_path, region="eu-west-1", key={"secure": "v1:abc"}).outputs
    assert outputs == {"region": "eu-west-1", "key": "<secret>"}


def test_a_program_that_failed_leaves_nothing_unfinished(tmp_path: Path) -> None:
    text = "import pulumi\npulumi.StackReference('a/b/c').get_output('x').apply(str)\n"
    (tmp_path / "__main__.py").write_text(text, encoding="utf-8")
    with pytest.raises(pulumi.RunError):
        recorded(tmp_path)
    gc.collect()  # pytest fails the test when a coroutine goes that nobody awaited


def test_nobody_looks_for_the_place_where_a_resource_was_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = mock.Mock(wraps=traceback.extract_stack)
    monkeypatch.setattr(traceback, "extract_stack", frames)
    text = "import pulumi\npulumi.ComponentResource('a:b:C', 'c')\n"
    (tmp_path / "__main__.py").write_text(text, encoding="utf-8")
    recorded(tmp_path)
    frames.assert_not_called()
