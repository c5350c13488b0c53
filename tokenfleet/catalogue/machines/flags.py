"""The flags that a release of vLLM takes."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, cast

from tokenfleet.catalogue.facts import data_file

FlagKind = Literal["switch", "value"]


@cache
def engine_flags(version: str) -> Mapping[str, FlagKind]:
    """What may follow ``vllm serve``, without the leading dashes, and whether it takes a value."""
    lines = data_file(f"vllm-{version}-flags.txt").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {name: cast("FlagKind", kind) for name, kind in rows}
