"""In which of two forms a revision is published: as transformers names its files, or as Mistral does.

Many repositories of Mistral hold the same weights twice. vLLM loads Mistral's as soon as it sees them,
whatever lies beside (vllm/model_executor/model_loader/default_loader.py), so one form is published.
"""

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal

LoadFormat = Literal["auto", "mistral"]
"""``auto``: the files of transformers where there are any. The words are those of vLLM's flag."""

_PARAMS, _CONSOLIDATED = "params.json", "consolidated*.safetensors"
_INDEX_BY_FORMAT: Mapping[LoadFormat, str] = {
    "auto": "model.safetensors.index.json",
    "mistral": "consolidated.safetensors.index.json",
}
_TOKENIZERS = ("tekken.json", "tokenizer.model.v*")
_TRANSFORMERS = ("model.safetensors", "model-*.safetensors", _INDEX_BY_FORMAT["auto"])


def without_other_form(paths: Collection[str], load_format: LoadFormat) -> frozenset[str]:
    """The paths without the weights of the form that is not asked for, where both are there."""
    mistral = {path for path in paths if _is(path, _CONSOLIDATED, _INDEX_BY_FORMAT["mistral"])}
    transformers = {path for path in paths if _is(path, *_TRANSFORMERS)}
    if load_format == "mistral":
        return frozenset(paths) - transformers
    return frozenset(paths) - (mistral if transformers else frozenset())


def lacks(paths: Collection[str], load_format: LoadFormat) -> Iterator[str]:
    """What an engine that is told that format would not find, each such as ``params.json``."""
    if load_format == "mistral":
        wanted = ((_PARAMS,), (_CONSOLIDATED,), _TOKENIZERS)
        for patterns in wanted:
            if not any(_is(path, *patterns) for path in paths):
                yield " or ".join(patterns)


def index_name(load_format: LoadFormat) -> str:
    """What the index of the weights is called."""
    return _INDEX_BY_FORMAT[load_format]


def _is(path: str, *patterns: str) -> bool:
    """Whether it is one of these, at the top: what is below is of something else."""
    pure = PurePosixPath(path)
    return len(pure.parts) == 1 and any(fnmatchcase(path, pattern) for pattern in patterns)
