"""Says how large vllm makes models, by building each without its weights.

Run by the engine's own interpreter. A line of JSON on stdin is one model: ``name``, ``path`` (of
a folder with config.json), ``ranks`` (tensor parallel sizes), ``keepQuantisation``, ``maxModelLen``,
``maxNumBatchedTokens``. A line on stdout is what vllm says of it, or its refusal.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import gc
import json
import re
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import gpu_stand_in as gpu  # first: sets the environment
import own_code
import torch
from built_model import layers, parameters, request_bytes
from pydantic import ValidationError
from vllm.config import VllmConfig, set_current_vllm_config
from vllm.engine.arg_utils import EngineArgs
from vllm.model_executor.model_loader.utils import initialize_model
from vllm.platforms import current_platform
from vllm.utils.torch_utils import set_default_torch_dtype


def main() -> None:
    """Answer line by line."""
    gpu.stand_in()
    own_code.register()
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            _copy(Path(asked["path"]), Path(folder), keep=asked["keepQuantisation"])
            answer = _answer(asked, folder)
        print(json.dumps({"name": asked["name"], **answer}), flush=True)  # noqa: T201 - the answer
        gc.collect()


def _answer(asked: dict[str, Any], folder: str) -> dict[str, Any]:
    gpu.forget()
    try:
        config, model = _built(asked, folder, 1)
        with set_current_vllm_config(config):
            row = {
                "architecture": config.model_config.architecture,
                **parameters(model),
                "maxModelLen": config.model_config.max_model_len,
                "layers": layers(config),
                **request_bytes(config),
            }
    except Exception as error:  # noqa: BLE001 - whatever vllm raises is its answer
        return {"refused": _one_line(error), **_lifted()}
    row["ranks"] = {str(count): _rank(asked, folder, count) for count in asked["ranks"]}
    return {**row, **_lifted()}


def _rank(asked: dict[str, Any], folder: str, count: int) -> dict[str, Any] | str:
    try:
        config, model = _built(asked, folder, count)
        with set_current_vllm_config(config):
            found = layers(config)
            return {
                "bytes": parameters(model)["bytes"],
                "kvBytesPerToken": sum(n["count"] * n.get("bytesPerToken", 0) for n in found),
                "stateBytes": sum(n["count"] * n.get("bytesPerSequence", 0) for n in found),
            }
    except Exception as error:  # noqa: BLE001 - whatever vllm raises is its answer
        return _one_line(error)


def _built(asked: dict[str, Any], folder: str, count: int) -> tuple[VllmConfig, torch.nn.Module]:
    """The model as the first of ``count`` ranks builds it, its tensors without storage."""
    given = {"tensor_parallel_size": count, "max_num_batched_tokens": asked["maxNumBatchedTokens"]}
    try:
        config = _config(folder, **given)
    except ValidationError:
        # An encoder takes a request in one piece, and may know a few positions more.
        config = _config(folder, **{**given, "max_num_batched_tokens": None})
    if config.model_config.max_model_len > asked["maxModelLen"]:
        config = _config(folder, max_model_len=asked["maxModelLen"], **given)
    # The CPU's MLA takes a request in one piece; a GPU's in chunks, as all else.
    config.scheduler_config.max_num_batched_tokens = asked["maxNumBatchedTokens"]
    # A GPU schedules a batch while the last one runs, unless nothing is generated.
    config.scheduler_config.async_scheduling = config.model_config.runner_type != "pooling"
    with set_current_vllm_config(config):
        gpu.ranks(count)
        with set_default_torch_dtype(torch.bfloat16), torch.device("meta"):
            model = initialize_model(config)
        current_platform.update_block_size_for_backend(config)
    return config, model


def _config(folder: str, **given: int | None) -> VllmConfig:
    return EngineArgs(
        model=folder,
        load_format="dummy",
        skip_tokenizer_init=True,
        enforce_eager=True,
        dtype="bfloat16",
        block_size=gpu.BLOCK_TOKENS,
        enable_prefix_caching=False,
        distributed_executor_backend="mp",
        **given,
    ).create_engine_config()


def _copy(source: Path, folder: Path, *, keep: bool) -> None:
    keys = json.loads((source / "config.json").read_text(encoding="utf-8"))
    if keep:
        for file in source.glob("hf_quant_config.json"):
            shutil.copy(file, folder)
    else:
        _strip(keys)
    (folder / "config.json").write_text(json.dumps(keys), encoding="utf-8")
    # What says that a model embeds.
    for file in (*source.glob("modules.json"), *source.glob("*_Pooling/config.json")):
        (folder / file.relative_to(source)).parent.mkdir(exist_ok=True)
        shutil.copy(file, folder / file.relative_to(source))


def _strip(keys: object) -> None:
    if isinstance(keys, dict):
        keys.pop("quantization_config", None)
        for value in keys.values():
            _strip(value)


def _lifted() -> dict[str, list[str]]:
    return {"lifted": sorted(gpu.LIFTED)} if gpu.LIFTED else {}


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        text = "; ".join(
            one["msg"].removeprefix("Value error, ") for one in error.errors(include_input=False)
        )
    elif str(error):
        text = str(error)
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} in {Path(place.filename).name}: {place.line}"
    return re.sub(rf"{re.escape(tempfile.gettempdir())}/\w+", "the folder", " ".join(text.split()))[
        :300
    ]


if __name__ == "__main__":
    main()
