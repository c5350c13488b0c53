"""ASGI middleware as vLLM imports it where a pod mounts it: each file of userdata/ by itself."""

import importlib.util
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "userdata"


def middleware(name: str) -> Any:  # noqa: ANN401 - a module that no checker can see
    """The module ``name``, new each time."""
    spec = importlib.util.spec_from_file_location(name, _FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
