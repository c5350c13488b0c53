"""Reading stack files: what cannot be read is refused with its place, secrets stay shut."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tokenfleet.settings.project_file import ProjectFile, read_project
from tokenfleet.settings.stack_file import (
    StackFile,
    read_stack_file,
    unsendable_secret,
)
from tokenfleet.settings.yaml_file import FileError

UNREADABLE: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "holds no settings"),
    "only a comment": (b"# nothing\n", "holds no settings"),
    "no config": (b"encryptionsalt: v1:abc\n", "holds no settings"),
    "config is a list": (b"config: [a]\n", "holds no settings"),
    "a list": (b"- a\n", "holds no settings"),
    "text": (b"hello\n", "holds no settings"),
    "unclosed": (b"config:\n  tokenfleet:network: {zones: [a\n", ".yaml:3: is not YAML"),
    "tab": (b"config:\n\ttokenfleet:region: x\n", ".yaml:2: is not YAML"),
    "bad date": (b"config:\n  tokenfleet:region: 2026-13-45\n", "is not a stack file"),
    "unknown tag": (b"config:\n  tokenfleet:region: !!python/object:x {}\n", "is not a stack file"),
    "mapping as a key": (b"config:\n  ? {a: b}\n  : c\n", "is not a stack file"),
    "anchor in itself": (b"config:\n  tokenfleet:pools: &a {x: *a}\n", "contains itself"),
    "not UTF-8": (b"config: \xff\xfe\n", "cannot be read"),
    "nested out of sight": (b"config: " + b"[" * 5000, "YAML"),
}


def project_in(folder: Path) -> ProjectFile:
    """A project of that name whose program is not looked at."""
    return ProjectFile(folder=folder, name="tokenfleet", program=folder, stack_folder=folder)


def _read(folder: Path, text: bytes) -> StackFile:
    (folder / "Pulumi.x.yaml").write_bytes(text)
    return read_stack_file(project_in(folder), "x")


@pytest.mark.parametrize(("text", "part"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_file_that_cannot_be_read_says_why(text: bytes, part: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"Pulumi\.x\.yaml") as raised:
        _read(tmp_path, text)
    assert part in str(raised.value)


def test_a_missing_file_names_the_stacks_there_are(root: Path) -> None:
    with pytest.raises(FileError, match=r"Did you mean 'prod'.* dev, prod"):
        read_stack_file(read_project(root), "prd")


def test_json_text_is_read_as_the_engine_reads_it(tmp_path: Path) -> None:
    found = _read(tmp_path, b'config:\n  tokenfleet:network: \'{"cidr": "10.0.0.0/16"}\'\n')
    assert found.keys == {"network": {"cidr": "10.0.0.0/16"}}


@pytest.mark.parametrize("key", ["apiKey", "previousApiKey"])
def test_a_plaintext_secret_is_refused_and_not_repeated(key: str, tmp_path: Path) -> None:
    found = _read(tmp_path, f"config:\n  tokenfleet:{key}: hunter2\n".encode())
    mistake, *_ = found.mistakes
    assert "must be encrypted" in mistake.problem
    assert "hunter2" not in f"{mistake}{found.keys}"


@pytest.mark.parametrize("text", ["", " ", "two words", "line\n", "sch\u00f6n", "nul\0"])
def test_a_key_that_no_client_could_send_is_refused_and_not_repeated(text: str) -> None:
    mistake = unsendable_secret("apiKey", text)
    assert mistake is not None
    assert "pulumi config set --secret apiKey" in mistake.problem
    assert not text.strip() or text.strip() not in str(mistake)


def test_a_key_of_visible_characters_is_sendable() -> None:
    assert unsendable_secret("apiKey", "sk-Az09_+/=~!") is None


def test_an_encrypted_secret_is_known_by_name_only(tmp_path: Path) -> None:
    found = _read(tmp_path, b"config:\n  tokenfleet:apiKey: {secure: v1:abc}\n")
    assert (found.secrets, dict(found.keys), found.mistakes) == ({"apiKey"}, {}, [])


def test_a_previous_key_without_a_new_one_is_refused_with_the_way_out(tmp_path: Path) -> None:
    encrypted = "{secure: v1:abc}"
    (mistake,) = _read(
        tmp_path, f"config:\n  tokenfleet:previousApiKey: {encrypted}\n".encode()
    ).mistakes
    assert mistake.path == "previousApiKey"
    assert "pulumi config set --secret apiKey" in mistake.problem
    both = f"config:\n  tokenfleet:previousApiKey: {encrypted}\n  tokenfleet:apiKey: {encrypted}\n"
    assert not _read(tmp_path, both.encode()).mistakes


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("tokenflet:region", "'tokenfleet:region'"),
        ("region", "'tokenfleet:region'"),
    ],
)
def test_a_key_that_lost_its_namespace_is_refused(key: str, part: str, tmp_path: Path) -> None:
    (mistake,) = _read(tmp_path, f"config:\n  {key}: us-east-1\n".encode()).mistakes
    assert mistake.path == key
    assert part in mistake.problem


@pytest.mark.parametrize(
    ("key", "others"), [("pulumi:tags", {}), ("aws:region", {"aws:region": "x"})]
)
def test_keys_of_others_are_left_to_them(
    key: str, others: Mapping[str, object], tmp_path: Path
) -> None:
    found = _read(tmp_path, f"config:\n  {key}: x\n".encode())
    assert (found.mistakes, found.others) == ([], others)


def test_a_key_written_twice_is_reported_with_its_first_line(tmp_path: Path) -> None:
    text = b"config:\n  tokenfleet:pools:\n    a: {}\n    a: {}\n"
    (mistake,) = _read(tmp_path, text).mistakes
    assert mistake.path == "pools.a"
    assert "line 3" in mistake.problem


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("region", 2),
        ("network.zones", 4),
        ("network.zones[1]", 6),
        ("network.zones[7]", 4),
        ("network.cidr", 3),
        ("cluster.serviceCidr", None),
    ],
)
def test_a_path_is_found_on_its_line_or_that_of_what_holds_it(
    path: str, line: int | None, tmp_path: Path
) -> None:
    text = (
        b"config:\n  tokenfleet:region: us-east-1\n  tokenfleet:network:\n    zones:\n"
        b"      - us-east-1a\n      - us-east-1b\n"
    )
    assert _read(tmp_path, text).line_of(path) == line
