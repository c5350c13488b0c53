"""Reading stack files: what cannot be read is refused with its place, secrets stay shut."""

import itertools
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from tokenfleet.settings.keys import unsendable_secret
from tokenfleet.settings.project_file import ProjectFile, read_project
from tokenfleet.settings.stack_file import StackFile, read_stack_file
from tokenfleet.settings.yaml_file import FileError

NAMES = "abcdefghijklmnopqrstuvwxyz"
BOMB = ("config:\n  a: &a [x]\n" + "".join(
    f"  {name}: &{name} [{', '.join([f'*{before}'] * 12)}]\n"
    for before, name in itertools.pairwise(NAMES)
)).encode()  # fmt: skip
CHAIN = ("config:\n  a0: &a0 [x]\n" + "".join(
    f"  a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100)
)).encode()  # fmt: skip

UNREADABLE: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "holds no settings"),
    "only a comment": (b"# nothing\n", "holds no settings"),
    "no config": (b"encryptionsalt: v1:abc\n", "holds no settings"),
    "config is a list": (b"config: [a]\n", "holds no settings"),
    "a list": (b"- a\n", "holds no settings"),
    "text": (b"hello\n", "holds no settings"),
    "unclosed": (b"config:\n  tokenfleet:network: {zones: [a\n", ":3: is not YAML"),
    "tab": (b"config:\n\ttokenfleet:region: x\n", ":2: is not YAML"),
    "bad date": (b"config:\n  tokenfleet:region: 2026-13-45\n", ":2: holds a value that cannot"),
    "endless number": (b"config:\n  tokenfleet:region: " + b"9" * 5000, ":2: holds a value that"),
    "unknown tag": (b"config:\n  tokenfleet:region: !!python/object:x {}\n", ":2: the tag tag:"),
    "mapping as a key": (b"config:\n  ? {a: b}\n  : c\n", ":2: is not YAML"),
    "anchor in itself": (b"config:\n  tokenfleet:pools: &a {x: *a}\n", ":2: the anchor a contains"),
    "alias bomb": (BOMB, ":6: holds more than 10,000 entries, aliases written out"),
    "aliases ever deeper": (CHAIN, "is nested too deeply"),
    "more entries than there can be": (b"config:\n" + b"  - a\n" * 10_000, "10,000 entries"),
    "larger than any stack file": (b"#" * 2**20 + b"\nconfig: {}\n", "larger than 1 MiB"),
    "two documents": (b"config: {}\n---\nconfig: {}\n", ":2: is not YAML"),
    "escape sequence": (b'config:\n  x: "\\e[31m"\n', ":2: holds the control character U+001B"),
    "NUL": (b"config: \0\n", "control characters are not allowed"),
    "not UTF-8": (b"a: b\nconfig: \xff\xfe\n", "is not UTF-8 text (line 2)"),
    "nested deeply": (b"config: " + b"[" * 900 + b"]" * 900, ":1: is nested too deeply"),
    "nested out of sight": (b"config: " + b"[" * 500_000, ":1: is nested too deeply"),
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


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (os.mkfifo, "is no regular file"),
        (partial(os.symlink, "/dev/zero"), "is no regular file"),
        (os.mkdir, "Is a directory"),
        (partial(os.symlink, "Pulumi.x.yaml"), "Too many levels of symbolic links"),
    ],
    ids=["pipe", "device", "folder", "link to itself"],
)
def test_what_is_no_file_is_refused_at_once(
    make: Callable[[Path], object], part: str, tmp_path: Path
) -> None:
    make(tmp_path / "Pulumi.x.yaml")
    with pytest.raises(FileError, match=r"Pulumi\.x\.yaml") as raised:
        read_stack_file(project_in(tmp_path), "x")
    assert part in str(raised.value)


# As YAML 1.1 and YAML 1.2 read it; None where both read the same.
READINGS: Mapping[str, str | None] = {
    "020000": "YAML 1.1 reads 8192 and YAML 1.2 20000",
    "2:16:32": 'YAML 1.1 reads 8192 and YAML 1.2 "2:16:32"',
    "8_192": 'YAML 1.1 reads 8192 and YAML 1.2 "8_192"',
    "yes": 'YAML 1.1 reads true and YAML 1.2 "yes"',
    "Off": 'YAML 1.1 reads false and YAML 1.2 "Off"',
    "1e3": 'YAML 1.1 reads "1e3" and YAML 1.2 1000',
    "012345678912": 'YAML 1.1 reads "012345678912" and YAML 1.2 12345678912',
    "0o17": 'YAML 1.1 reads "0o17" and YAML 1.2 15',
    "2026-11-01": 'write "2026-11-01", in quotes',
    '"020000"': None,
    "!!str yes": None,
    "8192": None,
    "0x2000": None,
    "1.5": None,
    "true": None,
    "~": None,
    "us-east-1": None,
}


@pytest.mark.parametrize(("written", "part"), READINGS.items(), ids=list(READINGS))
def test_a_value_that_two_readers_read_differently_is_refused(
    written: str, part: str | None, tmp_path: Path
) -> None:
    found = _read(tmp_path, f"config:\n  tokenfleet:network:\n    cidr: {written}\n".encode())
    assert found.line_of("network.cidr") == 3
    assert [mistake.path for mistake in found.mistakes] == ["network.cidr"] * (part is not None)
    assert all(part in mistake.problem for mistake in found.mistakes if part)


def test_a_key_that_two_readers_read_differently_is_refused(tmp_path: Path) -> None:
    (mistake,) = _read(tmp_path, b"config:\n  tokenfleet:cost: {tags: {on: call}}\n").mistakes
    assert (mistake.path, mistake.value) == ("cost.tags.on", "on")


def test_what_is_merged_is_not_written_twice(tmp_path: Path) -> None:
    text = b"config:\n  tokenfleet:pools:\n    a: &a {x: 1}\n    b: {<<: *a, x: 2}\n"
    found = _read(tmp_path, text)
    assert (found.mistakes, found.keys["pools"]) == ([], {"a": {"x": 1}, "b": {"x": 2}})


def test_json_text_that_is_nested_too_deeply_stays_text(tmp_path: Path) -> None:
    deep = "[" * 60 + "]" * 60
    assert (
        _read(tmp_path, f"config:\n  tokenfleet:pools: '{deep}'\n".encode()).keys["pools"] == deep
    )


def test_a_missing_file_names_the_stacks_there_are(own_project: Path) -> None:
    with pytest.raises(FileError, match=r"Did you mean 'prod'.* dev, prod"):
        read_stack_file(read_project(own_project), "prd")


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


ENCRYPTED = "{secure: v1:abc}"
# what stands below clientKeys: the paths of what is wrong with it, beside what edge.clients lists
CLIENT_KEYS: Mapping[str, tuple[str, str, list[str]]] = {
    "all of it encrypted": (ENCRYPTED, "{alice: {}}", []),
    "key by key": (f"{{alice: {ENCRYPTED}, bob: [{ENCRYPTED}, {ENCRYPTED}]}}", "{alice: {}}", []),
    "a client called secure": (f"{{secure: {ENCRYPTED}}}", "{}", []),
    "a listed client without one": (f"{{alice: {ENCRYPTED}}}", "{bob: {}}", ["edge.clients.bob"]),
    "one in clear": (f"{{alice: hunter2, bob: {ENCRYPTED}}}", "{}", ["clientKeys.alice"]),
    "one of two in clear": (f"{{alice: [{ENCRYPTED}, hunter2]}}", "{}", ["clientKeys.alice"]),
    "all in clear": ("hunter2", "{}", ["clientKeys"]),
    "JSON in clear": ('\'{"alice": "hunter2"}\'', "{}", ["clientKeys.alice"]),
    "a list": (f"[{ENCRYPTED}]", "{}", ["clientKeys"]),
    "nobody": ("{}", "{}", ["clientKeys"]),
    "no key": ("{alice: []}", "{}", ["clientKeys.alice"]),
    "a name no client can have": (f"{{Alice: {ENCRYPTED}}}", "{}", ["clientKeys.Alice"]),
}


@pytest.mark.parametrize("row", list(CLIENT_KEYS))
def test_keys_of_clients_are_encrypted_one_by_one_or_together(row: str, tmp_path: Path) -> None:
    written, clients, wrong = CLIENT_KEYS[row]
    text = (
        f"config:\n  tokenfleet:clientKeys: {written}\n  tokenfleet:edge: {{clients: {clients}}}\n"
    )
    found = _read(tmp_path, text.encode())
    assert [mistake.path for mistake in found.mistakes] == wrong
    assert found.secrets == {"clientKeys"}
    assert "hunter2" not in f"{found.mistakes}{found.keys}"


def test_a_listed_client_is_the_default_one_or_has_a_key(tmp_path: Path) -> None:
    clients = "config:\n  tokenfleet:edge: {clients: {default: {}, alice: {}}}\n"
    (mistake,) = _read(tmp_path, clients.encode()).mistakes
    assert mistake.path == "edge.clients.alice"
    assert "config set --secret --path 'clientKeys.alice[0]'" in mistake.problem


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
