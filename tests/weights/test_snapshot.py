"""What may be published: each mistake a row, all found at once."""

import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.weights.model_files import index, safetensors
from tokenfleet.weights.contents import Contents
from tokenfleet.weights.load_format import LoadFormat
from tokenfleet.weights.refusal import SnapshotError
from tokenfleet.weights.snapshot import digest, inspect

SNAPSHOT = f"org/model/{'a' * 40}"


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"x")
    return buffer.getvalue()


GOOD: dict[str, bytes | None] = {
    "config.json": b"{}",
    "model-1.safetensors": safetensors(),
    "model.safetensors.index.json": index("model-1.safetensors"),
}
Lay = Callable[[Mapping[str, bytes | None]], Path]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Lays out a good snapshot with some files changed, and those that are None left out."""

    def lay(changed: Mapping[str, bytes | None]) -> Path:
        for path, content in {**GOOD, **changed}.items():
            if content is not None:
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_bytes(content)
        return tmp_path

    return lay


def problems(folder: Path, contents: Contents = "safetensors") -> str:
    with pytest.raises(SnapshotError) as refusal:
        inspect(folder, SNAPSHOT, contents)
    return str(refusal.value)


LENGTH_LIKE_A_PICKLE = b"\x80\x02"
PICKLED = "is in a pickle format"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"config.json": None}, "holds no config.json"),
        ({"config.json": b"{"}, "config.json: is not a JSON object"),
        ({"config.json": None, "adapter_config.json": b"["}, "adapter_config.json: is not a JSON"),
        ({"x.safetensors.index.json": index("gone")}, "gone: is missing, x.safetensors.index"),
        ({"x.safetensors.index.json": b"{}"}, "x.safetensors.index.json: is not an index"),
        ({"x.safetensors.index.json": b"\xff"}, "x.safetensors.index.json: is not an index"),
        ({"x.safetensors.index.json": b'{"weight_map":[]}'}, "x.safetensors.index.json: is not an"),
        ({"sub/x.safetensors.index.json": index("y")}, "sub/y: is missing"),
        ({"pytorch_model.bin": b"zeros"}, f"pytorch_model.bin: {PICKLED}"),
        ({"sub/model.PT": b"zeros"}, f"sub/model.PT: {PICKLED}"),
        ({"args.pkl": b""}, f"args.pkl: {PICKLED}"),
        ({"innocent.json": pickle.dumps({}, 2)}, f"innocent.json: {PICKLED}"),
        ({"innocent": pickle.dumps({}, 5)}, f"innocent: {PICKLED}"),
        ({"innocent": zipped("archive/data.pkl")}, f"innocent: {PICKLED}"),
        ({"a.safetensors": pickle.dumps({}, 4)}, f"a.safetensors: {PICKLED}"),
        ({"a.safetensors": b""}, "a.safetensors: ends within its header"),
        ({"a.safetensors": safetensors()[:20]}, "a.safetensors: ends within its header"),
        ({"a.safetensors": safetensors()[:-1]}, "a.safetensors: has 95 bytes, its header says 96"),
        ({"a.safetensors": safetensors() + b"x"}, "a.safetensors: has 97 bytes, its header says"),
        ({"a.safetensors": b"<html>not found</html>"}, "a.safetensors: has no safetensors header"),
        ({"a.safetensors": b"\x02" + bytes(7) + b"[]"}, "a.safetensors: has no safetensors header"),
        ({"a.safetensors": b"\x09" + bytes(7) + b'{"w":"x"}'}, "a.safetensors: has no safetensors"),
        ({"tokenizer.model": b"version https://git-lfs.github.com/spec/v1\noid"}, "run git lfs"),
        ({"my file.json": b""}, "my file.json: has ' ' in its name"),
        ({"naïve.json": b""}, "naïve.json: has 'ï' in its name"),
        ({"two\nlines": b""}, "'two\\nlines': has '\\n' in its name"),
        (
            {"d" * 200 + "/" + "e" * 200 + f"/{'f' * 200}/{'g' * 200}/{'h' * 200}": b""},
            "longer than",
        ),
    ],
)
def test_a_mistake_names_the_file_and_the_way_out(
    changed: Mapping[str, bytes | None], problem: str, lay: Lay
) -> None:
    found = problems(lay(changed))
    assert problem in found
    assert "1 problem\n" in found


def test_all_mistakes_are_reported_at_once(lay: Lay) -> None:
    found = problems(
        lay({"config.json": None, "a.bin": b"", "b c": b"", "model-1.safetensors": b""})
    )
    assert "4 problems" in found.splitlines()[0]
    assert len(found.splitlines()) == 5


def test_a_folder_without_weights_is_refused(lay: Lay) -> None:
    nothing = {"model-1.safetensors": None, "model.safetensors.index.json": None}
    assert "holds no *.safetensors" in problems(lay(nothing))


def test_what_is_no_folder_or_empty_is_refused(tmp_path: Path) -> None:
    assert "is not a folder" in problems(tmp_path / "gone")
    assert "holds no files" in problems(tmp_path, "compiled")


def test_links_are_followed_to_files_and_nowhere_else(lay: Lay, tmp_path: Path) -> None:
    folder = lay({"model-1.safetensors": None})
    blob = tmp_path / ".cache" / "blob"
    blob.parent.mkdir()
    blob.write_bytes(safetensors())
    (folder / "model-1.safetensors").symlink_to(blob)
    paths = [file.path for file in inspect(folder, SNAPSHOT, "safetensors")]
    assert paths == ["config.json", "model-1.safetensors", "model.safetensors.index.json"]
    (folder / "gone").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    found = problems(folder)
    assert "gone: is a link that leads nowhere" in found
    assert "loop: is a link to a folder" in found
    assert "pipe: is not a regular file" in found


def test_what_tools_leave_behind_is_left_out(lay: Lay) -> None:
    folder = lay(
        {".git/HEAD": b"", ".cache/x.lock": b"", ".gitattributes": b"", "a/.DS_Store": b""}
    )
    assert len(inspect(folder, SNAPSHOT, "safetensors")) == len(GOOD)


@pytest.mark.parametrize(
    ("changed", "contents"),
    [
        ({"pytorch_model.bin": b"", "training.json": pickle.dumps({})}, "any"),
        ({"model-1.safetensors": None, "model.safetensors.index.json": None, "a.pt": b""}, "any"),
        ({**dict.fromkeys(GOOD), "graph.neff": b"", "model.pt": pickle.dumps({})}, "compiled"),
        ({"innocent.zip": zipped("readme.txt")}, "safetensors"),
        ({"truncated.zip": b"PK\x03\x04"}, "safetensors"),
        ({"empty.txt": b"", "vocab+x=1.json": b"{}"}, "safetensors"),
    ],
)
def test_what_is_allowed_passes(
    changed: Mapping[str, bytes | None], contents: Contents, lay: Lay
) -> None:
    assert inspect(lay(changed), SNAPSHOT, contents)


def test_a_header_as_long_as_a_pickle_begins_is_no_pickle(lay: Lay) -> None:
    """One shard in about two thousand has such a header: 0x0280 bytes, for one."""
    short = len(safetensors(note="")) - 8 - 8
    shard = safetensors(note="x" * (0x0280 - short))
    assert shard.startswith(LENGTH_LIKE_A_PICKLE)
    assert inspect(lay({"model-1.safetensors": shard}), SNAPSHOT, "safetensors")


def test_only_the_files_that_were_asked_for_are_looked_at(lay: Lay) -> None:
    folder = lay({"pytorch_model.bin": b""})
    files = inspect(folder, SNAPSHOT, "safetensors", GOOD)
    assert [file.path for file in files] == sorted(GOOD)
    with pytest.raises(SnapshotError, match=r"gone\.json: is missing"):
        inspect(folder, SNAPSHOT, "safetensors", {*GOOD, "gone.json"})


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 250])
def test_every_byte_is_in_one_part_and_in_the_whole(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenfleet.weights.snapshot.PART_BYTES", 100)
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    heard: list[int] = []
    (file,) = digest(tmp_path, inspect(tmp_path, SNAPSHOT, "compiled"), heard.append)
    assert (file.size_bytes, sum(heard)) == (size, size)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    parts = [content[start : start + 100] for start in range(0, size, 100)] if size > 100 else []
    assert list(file.parts) == [hashlib.sha256(part).hexdigest() for part in parts]


def test_a_file_that_grows_while_it_is_read_is_refused(lay: Lay) -> None:
    folder = lay({})
    files = inspect(folder, SNAPSHOT, "safetensors")
    with (folder / "config.json").open("ab") as file:
        file.write(b" ")
    with pytest.raises(SnapshotError, match=r"config\.json: changes while it is read"):
        digest(folder, files, lambda _: None)


def test_a_file_that_vanishes_is_a_sentence(lay: Lay) -> None:
    folder = lay({})
    files = inspect(folder, SNAPSHOT, "safetensors")
    (folder / "config.json").unlink()
    with pytest.raises(SnapshotError, match=r"config\.json: cannot be read: No such file"):
        digest(folder, files, lambda _: None)


def test_an_adapter_is_a_snapshot_too(lay: Lay) -> None:
    folder = lay({"config.json": None, "adapter_config.json": b'{"r": 16}'})
    assert "adapter_config.json" in {file.path for file in inspect(folder, SNAPSHOT, "safetensors")}


MISTRAL: Mapping[str, bytes | None] = {
    "params.json": b"{}",
    "tekken.json": b"{}",
    "consolidated.safetensors": safetensors(),
}


@pytest.mark.parametrize(
    ("load_format", "left_out"),
    [
        ("auto", {"consolidated.safetensors"}),
        ("mistral", {"model-1.safetensors", "model.safetensors.index.json"}),
    ],
)
def test_of_a_folder_with_both_forms_of_the_weights_one_is_published(
    load_format: LoadFormat, left_out: set[str], lay: Lay
) -> None:
    folder = lay(MISTRAL)
    found = {f.path for f in inspect(folder, SNAPSHOT, "safetensors", load_format=load_format)}
    assert found == {*GOOD, *MISTRAL} - left_out


@pytest.mark.parametrize("name", MISTRAL)
def test_a_folder_that_lacks_what_the_form_needs_is_refused(name: str, lay: Lay) -> None:
    folder = lay({**MISTRAL, name: None})
    with pytest.raises(SnapshotError, match=f"holds no {name[:6]}.*load format mistral needs"):
        inspect(folder, SNAPSHOT, "safetensors", load_format="mistral")
