"""Revisions with real git: what is found, what is said where it is not, and that nothing stays behind."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.review.synthetic import broken, resource, state
from tokenfleet.review import compared as module
from tokenfleet.review.compared import Asked, compared
from tokenfleet.review.previews import Asking, StackState
from tokenfleet.review.review import Review
from tokenfleet.review.revisions import RevisionError, checked_out, commit_of, repository_of

_WHO = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")
DEV, PROD = "Pulumi.dev.yaml", "Pulumi.prod.yaml"
PROJECT = "name: fleet\nruntime: python\n"


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *_WHO, "-C", str(folder), *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository of the test's own."""

    folder: Path

    def commit(self, files: Mapping[str, str | None], message: str = "change") -> str:
        """Write files, or delete those that are None, and commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        _git(self.folder, "add", "--all")
        _git(self.folder, "commit", "--quiet", "--message", message)
        return _git(self.folder, "rev-parse", "HEAD")

    def worktrees(self) -> int:
        """How many there are, with the first."""
        return _git(self.folder, "worktree", "list").count("\n") + 1


@pytest.fixture(autouse=True)
def _no_git_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One with a stack and a second commit that changes it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    made = Repository(folder=folder)
    made.commit({"Pulumi.yaml": PROJECT, "__main__.py": "", DEV: "first\n"})
    made.commit({DEV: "second\n"})
    return made


@pytest.fixture
def previewed(monkeypatch: pytest.MonkeyPatch) -> Sequence[Asking]:
    """Every preview that was asked for; each state is what its stack's file says."""
    asked: list[Asking] = []

    def fake(asking: Sequence[Asking]) -> Mapping[Asking, StackState]:
        asked.extend(asking)
        return {each: _state(each) for each in asking}

    monkeypatch.setattr(module, "previewed", fake)
    return asked


def _state(asking: Asking) -> StackState:
    text = asking.file.read_text(encoding="utf-8")
    if text.startswith("broken"):
        return broken(text, stack=asking.stack)
    return state([resource("vpc", inputs={"cidrBlock": text})], stack=asking.stack)


def _compared(
    folder: Path, base: str, head: str | None = None, *stacks: str, since: bool = False
) -> Review:
    asked = Asked(
        project=folder,
        base=base,
        head=head,
        stacks=stacks,
        since_merge_base=since,
        same_environment=True,
    )
    return compared(asked, lambda _: None).review


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "nowhere: no such revision in repository"),
        ("--help", "--help: no such revision in repository"),
        ("-c", "-c: no such revision in repository"),
        ("HEAD~9", "HEAD~9: no such revision in repository"),
        ("HEAD:Pulumi.yaml", "HEAD:Pulumi.yaml: no such revision in repository"),
        ("", "no such revision"),
    ],
)
@pytest.mark.parametrize("since", [False, True])
def test_a_revision_that_is_not_there_is_named(
    repository: Repository, name: str, said: str, *, since: bool
) -> None:
    with pytest.raises(RevisionError) as caught:
        _compared(repository.folder, name, since=since)
    assert said in caught.value.lines[0]
    assert "git fetch origin" in caught.value.lines[1]
    assert repository.worktrees() == 1


def test_a_shallow_clone_says_what_to_fetch(repository: Repository, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    _git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository.folder}", str(clone))
    with pytest.raises(RevisionError, match="the clone is shallow: git fetch --unshallow"):
        _compared(clone, "HEAD~1")


@pytest.mark.usefixtures("previewed")
def test_a_dirty_tree_is_what_is_reviewed(repository: Repository) -> None:
    (repository.folder / DEV).write_text("third\n", encoding="utf-8")
    (repository.folder / PROD).write_text("new\n", encoding="utf-8")
    found = {each.stack: each for each in _compared(repository.folder, "HEAD").stacks}
    assert found["prod"].state == "new"
    change = found["dev"].changes[0].properties[0]
    assert (change.before, change.after) == ("second\n", "third\n")
    assert _git(repository.folder, "status", "--porcelain") == f"M {DEV}\n?? {PROD}"


@pytest.mark.usefixtures("previewed")
def test_a_project_may_lie_in_a_subfolder(repository: Repository) -> None:
    own = {"fleets/own/Pulumi.yaml": PROJECT, "fleets/own/__main__.py": ""}
    repository.commit({**own, "fleets/own/Pulumi.one.yaml": "a\n"})
    repository.commit({"fleets/own/Pulumi.one.yaml": "b\n"})
    found = _compared(repository.folder / "fleets" / "own", "HEAD~1", "HEAD")
    assert [(each.stack, each.state) for each in found.stacks] == [("one", "changed")]
    first = _compared(repository.folder / "fleets" / "own", "HEAD~2", "HEAD")
    assert [(each.stack, each.state) for each in first.stacks] == [("one", "new")]


@pytest.mark.usefixtures("previewed")
def test_stack_files_may_move_into_a_folder_of_their_own(repository: Repository) -> None:
    moved = {"Pulumi.yaml": f"{PROJECT}stackConfigDir: forms\n", DEV: None}
    repository.commit({**moved, f"forms/{DEV}": "third\n", f"forms/{PROD}": "a\n"})
    found = _compared(repository.folder, "HEAD~1", "HEAD")
    assert {each.stack: each.state for each in found.stacks} == {"dev": "changed", "prod": "new"}
    assert not found.renamed


@pytest.mark.usefixtures("previewed")
@pytest.mark.parametrize("broken_at", [0, 1])
def test_a_project_file_that_cannot_be_read_is_named_with_its_revision(
    repository: Repository, broken_at: int
) -> None:
    files = [PROJECT, PROJECT]
    files[broken_at] = "name: fleet\nruntime: go\n"
    for number, file in enumerate(files):
        repository.commit({"Pulumi.yaml": file, DEV: str(number)})
    with pytest.raises(
        RevisionError, match=rf"HEAD{'~1' * (1 - broken_at)}: Pulumi.yaml:2: runtime"
    ):
        _compared(repository.folder, "HEAD~1", "HEAD")
    assert repository.worktrees() == 1


def test_a_stack_that_no_file_of_the_change_concerns_is_previewed_once(
    repository: Repository, previewed: Sequence[Asking]
) -> None:
    repository.commit({PROD: "a\n", "README.md": "a\n"})
    repository.commit({PROD: "b\n", "README.md": "b\n"})
    found = {
        each.stack: each.state for each in _compared(repository.folder, "HEAD~1", "HEAD").stacks
    }
    assert found == {"dev": "unchanged", "prod": "changed"}
    assert sorted(each.stack for each in previewed) == ["dev", "prod", "prod"]


def test_a_program_that_is_moved_into_prose_concerns_every_stack(
    repository: Repository, previewed: Sequence[Asking]
) -> None:
    text = "the same\n" * 20
    repository.commit({"parts.py": text})
    repository.commit({"parts.py": None, "parts.md": text})
    _compared(repository.folder, "HEAD~1", "HEAD")
    assert len(previewed) == 2


@pytest.mark.usefixtures("previewed")
def test_hooks_of_the_repository_are_not_run(repository: Repository, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = repository.folder / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\necho {name} >> {ran}\n", encoding="utf-8")
        hook.chmod(0o755)
    _git(repository.folder, "checkout", "--quiet", "HEAD~0")
    assert ran.read_text(encoding="utf-8"), "hooks of this git do not run at all"
    ran.unlink()
    assert _compared(repository.folder, "HEAD~1").stacks
    assert not ran.exists()


@pytest.mark.usefixtures("previewed")
def test_nothing_stays_behind(repository: Repository) -> None:
    _compared(repository.folder, "HEAD~1", "HEAD")
    assert repository.worktrees() == 1


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_stays_behind_an_error(repository: Repository, error: type[BaseException]) -> None:
    folders: list[Path] = []

    def fail_inside() -> None:
        with checked_out(repository.folder, "HEAD~1") as revision:
            folders.append(revision.folder)
            assert (revision.folder / DEV).read_text(encoding="utf-8") == "first\n"
            raise error

    with pytest.raises(error):
        fail_inside()
    assert not folders[0].exists()
    assert repository.worktrees() == 1


@pytest.mark.usefixtures("previewed")
def test_commits_that_the_head_lacks_are_counted_or_left_out(repository: Repository) -> None:
    _git(repository.folder, "checkout", "--quiet", "-b", "topic")
    repository.commit({PROD: "topic\n"})
    _git(repository.folder, "checkout", "--quiet", "main")
    repository.commit({DEV: "third\n"})
    plain = _compared(repository.folder, "main", "topic")
    assert plain.parted == 1
    assert {each.stack: each.state for each in plain.stacks} == {"dev": "changed", "prod": "new"}
    since = _compared(repository.folder, "main", "topic", since=True)
    assert since.parted == 0
    assert {each.stack: each.state for each in since.stacks} == {"dev": "unchanged", "prod": "new"}


def test_histories_with_nothing_in_common_have_no_merge_base(repository: Repository) -> None:
    _git(repository.folder, "checkout", "--quiet", "--orphan", "other")
    repository.commit({DEV: "other\n"})
    with pytest.raises(RevisionError, match="no commit in common"):
        _compared(repository.folder, "main", "other", since=True)


@pytest.mark.usefixtures("previewed")
def test_no_common_stack_is_one_gone_and_one_new(repository: Repository) -> None:
    repository.commit({DEV: None, PROD: "quite another form\n" * 9})
    found = _compared(repository.folder, "HEAD~1", "HEAD")
    assert {each.stack: each.state for each in found.stacks} == {"dev": "gone", "prod": "new"}
    assert not found.renamed


@pytest.mark.usefixtures("previewed")
def test_a_stack_under_another_name_is_said_to_be_renamed(repository: Repository) -> None:
    form = "config:\n  fleet:region: us-east-1\n" * 5
    repository.commit({DEV: form})
    repository.commit({DEV: None, "Pulumi.test.yaml": f"{form}# edited\n"})
    assert _compared(repository.folder, "HEAD~1", "HEAD").renamed == {"dev": "test"}


@pytest.mark.usefixtures("previewed")
def test_both_revisions_broken_are_both_told(repository: Repository) -> None:
    repository.commit({DEV: "broken here"})
    repository.commit({DEV: "broken there"})
    (found,) = _compared(repository.folder, "HEAD~1", "HEAD").stacks
    assert (found.problems.before, found.problems.after) == (("broken here",), ("broken there",))


@pytest.mark.parametrize(
    ("stacks", "said"),
    [
        (["stage"], "--stack stage: neither revision has Pulumi.stage.yaml"),
        ([], "neither revision has a"),
    ],
)
def test_a_stack_or_a_project_that_is_nowhere_is_named(
    repository: Repository, stacks: Sequence[str], said: str
) -> None:
    (repository.folder / "empty").mkdir()
    with pytest.raises(RevisionError, match=said):
        _compared(repository.folder / "empty", "HEAD~1", "HEAD", *stacks)
    assert repository.worktrees() == 1


def test_what_an_outer_git_sets_does_not_count(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _git(other, "init", "--quiet")
    commit = _git(repository.folder, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert repository_of(repository.folder) == repository.folder
    assert commit_of(repository.folder, "HEAD") == commit


def test_a_folder_outside_of_any_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match="not a git repository"):
        repository_of(tmp_path)


def test_a_machine_without_git_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RevisionError, match="git is not installed"):
        repository_of(tmp_path)
