"""Whatever the files hold, a command answers, or says in bounded time what is wrong with them."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.hostile_files import QUICK, Case, cases, good_case, outcome, prepare

ENDS = {0, 1, 2, 3, 4}
FAILED_VERDICT = 4
_CONTROL = {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    prepare(folder)
    return folder


@settings(max_examples=200, derandomize=True, database=None)
@given(case=cases(QUICK))
def test_no_file_makes_a_command_crash_or_write_to_the_terminal(case: Case, project: Path) -> None:
    ended = outcome(case, project)
    if ended.crash:
        raise ended.crash
    assert ended.exit_code in ENDS
    assert not _CONTROL & set(ended.said)


@pytest.mark.parametrize("command", QUICK)
def test_the_files_are_good_until_something_is_done_to_them(command: str, project: Path) -> None:
    ended = outcome(good_case(command), project)
    assert ended.crash is None
    assert ended.exit_code in {0, FAILED_VERDICT}
