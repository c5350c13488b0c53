"""Files that look like a model's, as small or as large as a test wants them."""

import json
import random
from collections.abc import Mapping
from pathlib import Path

MEBIBYTE = 2**20


def safetensors(data: bytes = b"12345678", **metadata: str) -> bytes:
    """A whole safetensors file that holds these bytes."""
    return _header(len(data), metadata) + data


def index(*shards: str) -> bytes:
    """An index that names these shards."""
    weights = {f"w{number}": shard for number, shard in enumerate(shards)}
    return json.dumps({"weight_map": weights}).encode()


def write_model(
    folder: Path, weights_bytes: int, changed: Mapping[str, bytes] | None = None
) -> Path:
    """A small model: texts, an empty file, and weights in which every part differs."""
    files = {
        "config.json": b'{"model_type": "test"}',
        "LICENSE": b"",
        "tokenizer/vocab+merges=1.json": b"{}",
        **(changed or {}),
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    write_weights(folder / "model.safetensors", weights_bytes)
    return folder


def write_weights(path: Path, size_bytes: int, seed: int = 0) -> None:
    """A safetensors file with so many bytes of weights; every part of it differs."""
    block = random.Random(seed).randbytes(MEBIBYTE)  # noqa: S311 - any bytes will do
    with path.open("wb") as file:
        file.write(_header(size_bytes, {}))
        for start in range(0, size_bytes, MEBIBYTE):
            content = start.to_bytes(8, "little") + block[8:]
            file.write(content[: min(MEBIBYTE, size_bytes - start)])


def _header(size_bytes: int, metadata: Mapping[str, str]) -> bytes:
    tensor = {"dtype": "U8", "shape": [size_bytes], "data_offsets": [0, size_bytes]}
    header = json.dumps({"__metadata__": metadata, "w": tensor}).encode()
    return len(header).to_bytes(8, "little") + header
