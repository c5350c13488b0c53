"""Which files of a commit are published, and when nothing has to be downloaded."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tokenfleet.weights.download import check_download
from tokenfleet.weights.hub import HubFile, is_same, needed
from tokenfleet.weights.load_format import LoadFormat
from tokenfleet.weights.manifest import Manifest, ManifestFile
from tokenfleet.weights.refusal import SnapshotError


def hub_files(*paths: str) -> Sequence[HubFile]:
    return [HubFile(path=path, size_bytes=1, sha256=None, git_id="") for path in paths]


FORMATS: Sequence[LoadFormat] = ("auto", "mistral")
TEXTS = ("LICENSE", "README.md", "config.json", "tokenizer.json")


@pytest.mark.parametrize(
    ("weights", "left_out"),
    [
        (["model.safetensors"], []),
        (["model.safetensors"], ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"]),
        (["model.safetensors"], ["pytorch_model.bin.index.json", "training_args.bin"]),
        (["model.safetensors"], ["model-Q4_K_M.gguf", "onnx/model.onnx", "onnx/config.json"]),
        (["model.safetensors"], ["original/consolidated.00.pth", "original/params.json"]),
        (["model.safetensors"], ["metal/model.bin", "original/model.safetensors"]),
        (["model.safetensors.index.json", "model-1.safetensors"], ["consolidated.safetensors"]),
        (["consolidated.safetensors"], []),
        (["model.safetensors"], [".gitattributes"]),
    ],
)
def test_one_form_of_the_weights_is_published(
    weights: Sequence[str], left_out: Sequence[str]
) -> None:
    files = hub_files(*TEXTS, *weights, *left_out)
    kept = {file.path for file in needed("org/model", files, allow_pickle=False)}
    assert kept == {*TEXTS, *weights}


MISTRAL = ("params.json", "tekken.json", "consolidated-00001-of-00002.safetensors")
BOTH = (*TEXTS, *MISTRAL, "model-00001-of-00002.safetensors", "model.safetensors.index.json")


def test_the_form_that_is_asked_for_is_published_and_not_the_other() -> None:
    files = hub_files(*BOTH, "consolidated.safetensors.index.json")
    kept = {
        form: {f.path for f in needed("org/m", files, allow_pickle=False, load_format=form)}
        for form in FORMATS
    }
    assert kept["mistral"] == {*TEXTS, *MISTRAL, "consolidated.safetensors.index.json"}
    assert kept["auto"] == {*BOTH} - {MISTRAL[-1]}


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("params.json", "has no params.json"),
        ("tekken.json", r"has no tekken\.json or tokenizer\.model\.v\*"),
        (MISTRAL[-1], r"has no consolidated\*\.safetensors"),
    ],
)
def test_what_the_form_needs_is_missed_before_the_download(without: str, said: str) -> None:
    files = hub_files(*(path for path in BOTH if path != without))
    with pytest.raises(SnapshotError, match=said):
        needed("org/m", files, allow_pickle=False, load_format="mistral")


def test_pickles_are_published_only_when_there_is_nothing_else_and_they_are_allowed() -> None:
    files = hub_files(*TEXTS, "pytorch_model.bin", "model.gguf")
    with pytest.raises(SnapshotError, match="--allow-pickle"):
        needed("org/model", files, allow_pickle=False)
    kept = {file.path for file in needed("org/model", files, allow_pickle=True)}
    assert kept == {*TEXTS, "pytorch_model.bin"}
    both = hub_files(*TEXTS, "pytorch_model.bin", "model.safetensors")
    kept = {file.path for file in needed("org/model", both, allow_pickle=True)}
    assert kept == {*TEXTS, "model.safetensors"}


def test_a_name_that_cannot_be_published_is_refused_before_the_download() -> None:
    files = hub_files(*TEXTS, "model.safetensors", "my notes.txt")
    with pytest.raises(SnapshotError, match=r"'my notes\.txt': has ' ' in its name"):
        needed("org/model", files, allow_pickle=False)


CONTENT: Mapping[str, bytes] = {"config.json": b"{}", "model.safetensors": b"weights"}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _on_hub(content: Mapping[str, bytes]) -> Sequence[HubFile]:
    """As the Hub lists files: those in large file storage by SHA-256, others by their Git id."""
    return [
        HubFile(
            path=path,
            size_bytes=len(data),
            sha256=_digest(data) if path.endswith(".safetensors") else None,
            git_id=hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest(),  # noqa: S324 - as Git does
        )
        for path, data in content.items()
    ]


def _published(content: Mapping[str, bytes]) -> Manifest:
    files = [
        ManifestFile(path=path, size_bytes=len(data), sha256=_digest(data))
        for path, data in sorted(content.items())
    ]
    return Manifest(snapshot="org/model/revision", tool="test 1", files=files)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"config.json": b"[]"}, False),
        ({"config.json": b"{ }"}, False),
        ({"model.safetensors": b"WEIGHTS"}, False),
        ({"more.json": b"{}"}, False),
    ],
)
def test_what_is_published_of_this_commit_is_known_without_a_download(
    changed: Mapping[str, bytes],
    *,
    same: bool,
) -> None:
    there = {**CONTENT, **changed}
    assert is_same(_on_hub(CONTENT), _published(there), there.get) is same


def test_a_download_that_is_not_what_the_hub_has_is_refused() -> None:
    files = _on_hub(CONTENT)
    check_download(files, _published(CONTENT).files, Path("at"))
    damaged = {**CONTENT, "model.safetensors": b"WEIGHTS", "config.json": b"{"}
    with pytest.raises(SnapshotError) as refusal:
        check_download(files, _published(damaged).files, Path("at"))
    assert len(refusal.value.lines) == 3
