"""The format of a checkpoint, as ``config.json`` or the file of ModelOpt beside it describes it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.checkpoint.format import BITS_BY_DTYPE, CheckpointFormat, WeightsDtype
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text

SECOND_FILE = "hf_quant_config.json"
"""Where ModelOpt writes the format, beside config.json."""

_KEY = "quantization_config"
_GROUPED: Mapping[int, WeightsDtype] = {4: "int4", 8: "int8"}
_MX_GROUP = 32
_MX: Mapping[WeightsDtype, WeightsDtype] = {"nvfp4": "mxfp4", "fp8": "mxfp8"}
_COMPRESSED: Mapping[tuple[str, int], WeightsDtype] = {
    ("float", 4): "nvfp4",
    ("float", 8): "fp8",
    ("int", 8): "int8",
    ("int", 4): "int4",
}
# Without activations of their own, they stay in 16 bits.
_WEIGHTS_ALONE: Mapping[WeightsDtype, WeightsDtype] = {"fp8": "fp8_a16", "nvfp4": "nvfp4_a16"}
_MODELOPT: Mapping[str, WeightsDtype] = {
    "FP8": "fp8",
    "FP8_PER_CHANNEL_PER_TOKEN": "fp8",
    "FP8_PB_WO": "fp8",
    "MXFP8": "mxfp8",
    "NVFP4": "nvfp4",
    "W4A16_NVFP4": "nvfp4_a16",
    "MXFP4": "mxfp4",
}
_KNOWN = "fp8, mxfp4, awq and gptq of 4 or 8 bits, compressed-tensors, modelopt"


def checkpoint_format(config: Mapping[str, object], folder: Path) -> CheckpointFormat:
    """The format of the checkpoint in a folder, by its ``config.json`` and the file beside it.

    Raises:
        ShapeError: it is none that can be sized, or its description is damaged.
        CatalogueError: the file beside it is damaged.
    """
    keys = Keys(config)
    text = keys.below("text_config") or Keys({})
    given = keys.below(_KEY) or text.below(_KEY) or _second(folder / SECOND_FILE)
    if given is None or not given.names():
        stored = keys.word("dtype", "torch_dtype") or text.word("dtype", "torch_dtype")
        # A checkpoint in float32 is cast by every engine here; bfloat16 is what is loaded.
        return CheckpointFormat(
            dtype="float16" if stored == "float16" else "bfloat16", is_wide=stored == "float32"
        )
    method = given.word("quant_method") or ("modelopt" if given.given("quant_algo") else None)
    if method is None:
        msg = f"{_KEY}.quant_method is missing"
        raise ShapeError(msg)
    if given.word("quant_algo") == "MIXED_PRECISION":
        method = "mixed"
    found = _READERS[method](given) if method in _READERS else None
    if found is None:
        said = ", ".join(
            f"{name} {value!s:.40}"
            for name in ("bits", "format", "quant_algo")
            if (value := given.given(name)) is not None
        )
        msg = (
            f"{_KEY} with quant_method '{method[:40]}'{said and f' and {said}'} cannot be sized yet"
            f" (known: {_KNOWN})"
        )
        raise ShapeError(msg)
    if keys.word("expert_dtype") == "fp4" and found.dtype == "fp8":
        found = replace(found, dtype="mxfp4", only_experts=True, rest="fp8")
    return replace(found, method=method)


def _second(path: Path) -> Keys | None:
    """What ModelOpt wrote into a file of its own, or None without one."""
    try:
        found = cast("object", json.loads(given_text(path, GENERATED_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, GivenFileError, ValueError, RecursionError) as error:
        msg = f"cannot read {path}: {error}"
        raise CatalogueError(msg) from error
    inner = (
        Keys(cast("Mapping[str, object]", found)).below("quantization")
        if isinstance(found, Mapping)
        else None
    )
    if inner is None:
        msg = f"{path} has no quantization: it is not what ModelOpt writes"
        raise CatalogueError(msg)
    return inner if inner.given("quant_algo") else None


def _ignored(given: Keys) -> Sequence[str]:
    return (
        given.words("modules_to_not_convert", "ignore", "exclude_modules", "ignored_layers") or ()
    )


def _fp8(given: Keys) -> CheckpointFormat:
    block = given.numbers("weight_block_size")
    return CheckpointFormat(dtype="fp8", ignored=_ignored(given), group=block[0] if block else 0)


def _mxfp4(given: Keys) -> CheckpointFormat:
    del given
    return CheckpointFormat(dtype="mxfp4", only_experts=True)


def _grouped(given: Keys) -> CheckpointFormat | None:
    dtype = _GROUPED.get(given.number("bits", "w_bit", default=4))
    # -1 stands for one scale of a whole column.
    size = given.given("group_size", "q_group_size")
    group = size if isinstance(size, int) and size > 0 else 0
    return CheckpointFormat(dtype=dtype, ignored=_ignored(given), group=group) if dtype else None


def _compressed(given: Keys) -> CheckpointFormat | None:
    groups = given.below("config_groups") or Keys({})
    if len(groups.names()) != 1:
        return None
    own = groups.below(groups.names()[0])
    weights = own.below("weights") if own else None
    if weights is None:
        return None
    size = weights.given("group_size")
    group = size if isinstance(size, int) and size > 0 else 0
    kind = (weights.word("type") or "int", weights.number("num_bits", default=0))
    dtype = _COMPRESSED.get(kind)
    if dtype is None:
        return None
    if group == _MX_GROUP:
        dtype = _MX.get(dtype, dtype)
    has_activations = own is not None and own.below("input_activations") is not None
    if not has_activations:
        dtype = _WEIGHTS_ALONE.get(dtype, dtype)
    elif dtype == "int8" and not group:
        dtype = "int8_channel"
    return CheckpointFormat(dtype=dtype, ignored=_ignored(given), group=group)


def _modelopt(given: Keys) -> CheckpointFormat | None:
    dtype = _MODELOPT.get(given.word("quant_algo") or "")
    return CheckpointFormat(dtype=dtype, ignored=_ignored(given)) if dtype else None


def _mixed(given: Keys) -> CheckpointFormat | None:
    """A format for each module; what is not listed is in the format of the method, or in none."""
    layers = given.below("quantized_layers") or Keys({})
    others: dict[str, WeightsDtype] = {}
    for name in layers.names():
        own = layers.below(name)
        dtype = _MODELOPT.get((own.word("quant_algo") if own else None) or "")
        if dtype:
            others[name] = dtype
    if not others:
        return None
    is_fp8 = given.word("quant_method") == "fp8"
    return CheckpointFormat(
        dtype=min(others.values(), key=lambda dtype: BITS_BY_DTYPE[dtype]),
        # What another method leaves alone is what fp8 is for.
        ignored=() if is_fp8 else _ignored(given),
        others=others,
        rest="fp8" if is_fp8 else "bfloat16",
    )


_READERS: Mapping[str, Callable[[Keys], CheckpointFormat | None]] = {
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "mxfp4": _mxfp4,
    "awq": _grouped,
    "gptq": _grouped,
    "compressed-tensors": _compressed,
    "modelopt": _modelopt,
    "modelopt_fp4": _modelopt,
    "mixed": _mixed,
}
