"""A model revision on the Hugging Face Hub: what it holds, and what of it is published."""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pathlib import PurePosixPath

import httpx2
from huggingface_hub import HfApi, RepoFile, constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tokenfleet.weights.contents import PICKLED_SUFFIXES
from tokenfleet.weights.load_format import LoadFormat, lacks, without_other_form
from tokenfleet.weights.manifest import Manifest, path_problem
from tokenfleet.weights.refusal import PublishError, SnapshotError

# Weights of other engines, which lie beside the ones that are served.
_OTHER_SUFFIXES = frozenset(
    {".gguf", ".h5", ".msgpack", ".onnx", ".onnx_data", ".ot", ".tflite", ".zip"}
)
_OTHER_FOLDERS = frozenset({"coreml", "gguf", "metal", "onnx", "openvino", "original"})
_SAFETENSORS = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a commit: ``sha256`` is known of large files, ``git_id`` tells small ones apart."""

    path: str
    size_bytes: int
    sha256: str | None
    git_id: str


def files_on_hub(model: str, revision: str) -> Sequence[HubFile]:
    """Every file of a commit.

    Raises:
        PublishError: when the Hub does not answer, or not with files.
    """
    with explained(model, revision):
        return [
            HubFile(
                path=entry.path,
                size_bytes=entry.size,
                sha256=entry.lfs.sha256 if entry.lfs else None,
                git_id=entry.blob_id,
            )
            for entry in HfApi().list_repo_tree(model, revision=revision, recursive=True)
            if isinstance(entry, RepoFile)
        ]


def needed(
    model: str,
    files: Sequence[HubFile],
    *,
    allow_pickle: bool,
    load_format: LoadFormat = "auto",
) -> Sequence[HubFile]:
    """The files that serving needs: one form of the weights, and everything that is no weights.

    Raises:
        SnapshotError: when what would be left cannot be published.
    """
    kept = [file for file in files if not _is_other_form(file.path)]
    paths = {file.path for file in kept}
    if any(path.endswith(_SAFETENSORS) for path in paths):
        one_form = without_other_form(paths, load_format)
        kept = [file for file in kept if file.path in one_form and not _is_pickled(file.path)]
    elif not allow_pickle:
        problem = (
            "this revision has no weights in safetensors: choose one that has, or give"
            " --allow-pickle to publish weights that run code when they are loaded"
        )
        raise SnapshotError(model, [problem])
    problems = [f"{f.path!r}: {problem}" for f in kept if (problem := path_problem(f.path))]
    problems += [
        f"has no {missing}, which load format {load_format} needs"
        for missing in lacks(paths, load_format)
    ]
    if problems:
        raise SnapshotError(model, problems)
    return kept


def _is_other_form(path: str) -> bool:
    pure = PurePosixPath(path)
    return (
        pure.suffix.lower() in _OTHER_SUFFIXES
        or pure.parts[0] in _OTHER_FOLDERS
        or pure.name == ".gitattributes"
    )


def _is_pickled(path: str) -> bool:
    name = PurePosixPath(path.removesuffix(".index.json"))
    return name.suffix.lower() in PICKLED_SUFFIXES


def is_same(files: Sequence[HubFile], there: Manifest, read: Callable[[str], bytes | None]) -> bool:
    """Whether a published manifest is of these very files, without fetching them from the Hub.

    ``read`` gives the published bytes of a path: small files have only a Git id to compare.
    """
    published = {file.path: file for file in there.files}
    if published.keys() != {file.path for file in files}:
        return False
    for file in files:
        if file.size_bytes != published[file.path].size_bytes:
            return False
        if file.sha256 not in {None, published[file.path].sha256}:
            return False
        if file.sha256 is None and _git_id(read(file.path) or b"") != file.git_id:
            return False
    return True


def _git_id(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def explained(model: str, revision: str) -> Generator[None]:
    """The Hub's errors as PublishError, in lines for a person."""
    page = f"{constants.ENDPOINT}/{model}"
    token = "HF_TOKEN" if "HF_TOKEN" not in os.environ else "another HF_TOKEN"
    try:
        yield
    except GatedRepoError as error:
        lines = (
            f"{model} is gated: its makers want their licence accepted first",
            f"accept it at {page}, then set {token} to a token of that account",
        )
        raise PublishError(lines) from error
    except RevisionNotFoundError as error:
        lines = (f"{model} has no commit {revision}", f"{page}/commits/main lists them")
        raise PublishError(lines) from error
    except RepositoryNotFoundError as error:
        lines = (f"there is no model {page}, or it is private", f"check the name, or set {token}")
        raise PublishError(lines) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        lines = (f"{page} was answered {status}: {error.server_message or error}",)
        raise PublishError(lines) from error
    except (OfflineModeIsEnabled, LocalEntryNotFoundError, httpx2.HTTPError) as error:
        lines = (
            f"the Hub at {constants.ENDPOINT} cannot be reached: {error}",
            "look at the network, or give the files with --from",
        )
        raise PublishError(lines) from error
    except OSError as error:
        lines = (f"the download failed: {error.strerror or error}: {error.filename or ''}",)
        raise PublishError(lines) from error
