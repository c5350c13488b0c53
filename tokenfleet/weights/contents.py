"""What may not be published: files that would run code, that are not whole, or that lack others."""

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from tokenfleet.weights.load_format import LoadFormat, lacks

Contents = Literal["safetensors", "any", "compiled"]
"""What a snapshot is expected to hold.

``safetensors``: weights that cannot run code; ``any``: pickled weights too, for those who trust
their source; ``compiled``: an artifact set of a compiler, which has no form we could check.
"""

INDEX_SUFFIX = ".safetensors.index.json"
PICKLED_SUFFIXES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})
# Protocols 2 to 5 begin with PROTO and their number (Python library reference, "pickletools").
_PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_ZIP_START = b"PK\x03\x04"
_LFS_START = b"version https://git-lfs.github.com/spec/"
_LENGTH_BYTES = 8
# The safetensors library refuses longer headers (safetensors 0.6, MAX_HEADER_SIZE).
_LONGEST_HEADER = 100_000_000


def file_problem(name: str, source: Path, size_bytes: int, contents: Contents) -> str | None:
    """Why this file may not be published, with the way out; None when it may.

    Raises:
        OSError: when the file cannot be read.
    """
    with source.open("rb") as file:
        start = file.read(len(_LFS_START))
    if start == _LFS_START:
        return "is a pointer of Git LFS, not the file itself: run git lfs pull"
    if contents == "compiled":
        return None
    if name.endswith(".safetensors"):
        # The header's length may look like the start of a pickle: a sound header comes first.
        problem = _safetensors_problem(source, size_bytes)
        return _PICKLED if problem and contents != "any" and _is_pickle(source, start) else problem
    if contents == "safetensors" and (
        PurePosixPath(name).suffix.lower() in PICKLED_SUFFIXES or _is_pickle(source, start)
    ):
        return _PICKLED
    return None


_PICKLED = (
    "is in a pickle format, which runs code when it is loaded: leave it out, convert it to"
    " safetensors, or give --allow-pickle if you trust who made it"
)


def _is_pickle(source: Path, start: bytes) -> bool:
    if not start.startswith(_ZIP_START):
        return start.startswith(_PICKLE_STARTS)
    try:
        with zipfile.ZipFile(source) as archive:
            return any(PurePosixPath(name).name == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        return False


def _safetensors_problem(source: Path, size_bytes: int) -> str | None:
    """Whether the header (8 bytes of length, JSON, offsets of every tensor) fits the file."""
    with source.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size_bytes < _LENGTH_BYTES + length and length <= _LONGEST_HEADER:
            return "ends within its header: download it again"
        text = file.read(length) if length <= _LONGEST_HEADER else b""
    try:
        header = cast("object", json.loads(text))
        end = max((_end_of(tensor) for tensor in _tensors(header)), default=0)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return "has no safetensors header: it is damaged or of another format, download it again"
    wanted = _LENGTH_BYTES + length + end
    if wanted == size_bytes:
        return None
    return f"has {size_bytes} bytes, its header says {wanted}: download it again"


def _tensors(header: object) -> Iterator[Mapping[str, object]]:
    if not isinstance(header, dict):
        raise TypeError
    entries = cast("dict[str, Mapping[str, object]]", header)
    return (tensor for name, tensor in entries.items() if name != "__metadata__")


def _end_of(tensor: Mapping[str, object]) -> int:
    begin, end = cast("list[object]", tensor["data_offsets"])
    if not isinstance(begin, int) or not isinstance(end, int) or not 0 <= begin <= end:
        raise ValueError
    return end


# A model's, or a LoRA adapter's.
_CONFIGS = ("config.json", "adapter_config.json")


def gaps(
    folder: Path, paths: Collection[str], contents: Contents, load_format: LoadFormat = "auto"
) -> Iterator[str]:
    """What a snapshot lacks: each line names the file and the way out."""
    if not paths:
        yield "holds no files: give the folder of the files themselves"
        return
    if contents == "compiled":
        return
    yield from _config_problems(folder, paths, load_format)
    suffixes = {PurePosixPath(path).suffix for path in paths}
    if ".safetensors" not in suffixes and not (contents == "any" and suffixes & PICKLED_SUFFIXES):
        yield "holds no *.safetensors: these are the weights, download them too"
    for path in paths:
        if path.endswith(INDEX_SUFFIX):
            yield from _missing_shards(folder, path, paths)


def _config_problems(
    folder: Path, paths: Collection[str], load_format: LoadFormat
) -> Iterator[str]:
    if load_format == "mistral":
        for missing in lacks(paths, load_format):
            yield f"holds no {missing}, which load format {load_format} needs: download it too"
        return
    name = next((name for name in _CONFIGS if name in paths), None)
    if name is None:
        yield "holds no config.json: give the folder that has it, or download it too"
    elif not isinstance(_json(folder / name), dict):
        yield f"{name}: is not a JSON object: download it again"


def _missing_shards(folder: Path, index: str, paths: Collection[str]) -> Iterator[str]:
    found = _json(folder / index)
    weights = cast("dict[str, object]", found).get("weight_map") if isinstance(found, dict) else 0
    if not isinstance(weights, dict) or not weights:
        yield f"{index}: is not an index of weights with a weight_map: download it again"
        return
    beside = PurePosixPath(index).parent
    shards = {str(shard) for shard in cast("dict[str, object]", weights).values()}
    for shard in sorted(shards):
        if str(beside / shard) not in paths:
            yield f"{beside / shard}: is missing, {index} names it: download it"


def _json(path: Path) -> object:
    """What the file holds, or None when it cannot be read as JSON."""
    try:
        return cast("object", json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None
