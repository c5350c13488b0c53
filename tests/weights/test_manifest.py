"""The manifest: what is written is read back, and nothing else is believed."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.weights.manifest import (
    Manifest,
    ManifestError,
    ManifestFile,
    parse,
    part_sizes,
    path_problem,
    render,
)

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
SEGMENTS = st.text("azAZ09._+=-", min_size=1, max_size=8).filter(lambda s: s not in {".", ".."})
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    part_bytes = draw(st.integers(1, 100))
    files: list[ManifestFile] = []
    for path in sorted(draw(st.sets(PATHS, max_size=5))):
        size = draw(st.one_of(st.just(0), st.integers(0, 350)))
        parts = [draw(DIGESTS) for _ in part_sizes(size, part_bytes)]
        files.append(
            ManifestFile(path=path, size_bytes=size, sha256=draw(DIGESTS), parts=tuple(parts))
        )
    return Manifest(
        snapshot=f"{draw(SEGMENTS)}/{draw(SEGMENTS)}/{'b' * 40}".replace("+", "p").replace(
            "=", "e"
        ),
        tool="tokenfleet 0.1.0",
        files=tuple(files),
        part_bytes=part_bytes,
    )


@given(manifests())
def test_what_is_rendered_is_parsed_back(manifest: Manifest) -> None:
    assert parse(render(manifest)) == manifest


@given(manifests(), st.data())
def test_a_changed_byte_is_refused(manifest: Manifest, data: st.DataObject) -> None:
    text = bytearray(render(manifest).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[place]))
    with pytest.raises(ManifestError, match=r"^line \d+: "):
        parse(text.decode(errors="replace"))


@given(manifests(), st.data())
def test_missing_bytes_are_refused(manifest: Manifest, data: st.DataObject) -> None:
    text = render(manifest)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.one_of(st.just(start + 1), st.just(len(text)), st.integers(start + 1)))
    with pytest.raises(ManifestError, match=r"^line \d+: "):
        parse(text[:start] + text[end:])


@given(st.integers(0, 10**4), st.integers(1, 500))
def test_the_parts_of_a_file_add_up(size_bytes: int, part_bytes: int) -> None:
    sizes = part_sizes(size_bytes, part_bytes)
    assert not sizes or sum(sizes) == size_bytes
    assert bool(sizes) == (size_bytes > part_bytes)
    assert all(size == part_bytes for size in sizes[:-1])
    assert all(0 < size <= part_bytes for size in sizes)


def _signed(*lines: str) -> str:
    body = "".join(f"{line}\n" for line in lines)
    return f"{body}sha256 {hashlib.sha256(body.encode()).hexdigest()}\n"


HEAD = ("tokenfleet-manifest 1", "snapshot a/b/c", "tool t 1", "part-bytes 10")
D = "0" * 64


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: is no manifest"),
        ("<html>", "line 1: is no manifest"),
        (_signed("tokenfleet-manifest 2"), "line 1: version '2' is not known"),
        (_signed(*HEAD, "end 0 0").rstrip("\n"), "line 6: is cut short"),
        ("\n".join(HEAD) + "\n", "line 4: is cut short"),
        (_signed(*HEAD), "line 4: 'end ...' is missing"),
        (_signed(HEAD[0], *HEAD[2:], "end 0 0"), "line 2: must be 'snapshot ...'"),
        (_signed(*HEAD[:3], "part-bytes 0", "end 0 0"), "line 4: part-bytes must be above 0"),
        (_signed(*HEAD[:3], "part-bytes 010", "end 0 0"), "line 4: must be 'part-bytes ...'"),
        (_signed(*HEAD, "dir a", "end 0 0"), "line 5: must be 'end ...'"),
        (_signed(*HEAD, f"file 5 {D} ../a", "end 1 5"), "line 5: ../a is not a plain relative"),
        (_signed(*HEAD, f"file 5 {D} /a", "end 1 5"), "line 5: /a is not a plain relative"),
        (_signed(*HEAD, f"file 5 {D} ä", "end 1 5"), "line 5: ä has 'ä' in its name"),
        (_signed(*HEAD, f"file 5 {D}  a", "end 1 5"), "line 5: must be 'file ...'"),
        (_signed(*HEAD, f"file -5 {D} a", "end 1 5"), "line 5: the size must be a whole number"),
        (_signed(*HEAD, f"file 5 {D[1:]} a", "end 1 5"), "line 5: must be a SHA-256 digest"),
        (_signed(*HEAD, f"file 5 {'A' * 64} a", "end 1 5"), "line 5: must be a SHA-256 digest"),
        (_signed(*HEAD, f"file 11 {D} a", f"part {D}", "end 1 11"), "line 5: a needs 2 lines"),
        (_signed(*HEAD, f"file 10 {D} a", f"part {D}", "end 1 10"), "line 5: a needs 0 lines"),
        (_signed(*HEAD, f"part {D}", "end 0 0"), "line 5: must be 'end ...'"),
        (_signed(*HEAD, f"file 1 {D} b", f"file 1 {D} a", "end 2 2"), "line 6: a is not in order"),
        (_signed(*HEAD, f"file 1 {D} a", f"file 1 {D} a", "end 2 2"), "line 6: a is not in order"),
        (_signed(*HEAD, f"file 1 {D} a", "end 1 2"), "line 6: says 'end 1 2' after 1 files of 1"),
        (_signed(*HEAD, "end 0 0", "end 0 0"), "line 6: nothing may follow"),
    ],
)
def test_a_manifest_that_does_not_add_up_names_the_line(text: str, problem: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        parse(text)
    assert str(refusal.value).startswith(problem)


@pytest.mark.parametrize(
    "path", ["config.json", "a/b/c.safetensors", "vocab+x=1_-.json", "...", "-rf", "a..b"]
)
def test_a_plain_path_may_be_published(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a b", "a\nb", "a\x00", "é", "a*", "a\\b"]
)
def test_a_path_that_bash_or_a_key_might_misread_is_refused(path: str) -> None:
    assert "rename it" in (path_problem(path) or "")


def test_coreutils_find_the_same_digest(tmp_path: Path) -> None:
    """The loader checks the last line with ``head`` and a digest of the rest."""
    file = ManifestFile(path="a", size_bytes=1, sha256=D)
    text = render(Manifest(snapshot="a/b/c", tool="t 1", files=(file,)))
    path = tmp_path / "manifest"
    path.write_text(text, encoding="ascii")
    done = subprocess.run(
        ["bash", "-c", "head -n -1 manifest | sha256sum | cut -c 1-64; tail -n 1 manifest"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    computed, last = done.stdout.splitlines()
    assert last == f"sha256 {computed}"
