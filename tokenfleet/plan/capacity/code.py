"""What the controller's pod gets as files: its own code, and an API model newer than its image's."""

import base64
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

# Rooms of tokenfleet/capacity that run in the cluster: of Python and boto3 alone.
_ROOMS = ("controller", "policy")
# The boto3 of a stock image is older than LaunchInstances (2025-11); botocore reads a newer model
# from below AWS_DATA_PATH.
_MODEL = "autoscaling/2011-01-01/service-2.json.gz"


@cache
def code() -> Mapping[str, str]:
    """Every module that the controller imports of ours, by its path below the folder of packages."""
    root = files("tokenfleet")
    rooms = [room for room in (root / "capacity").iterdir() if room.name in _ROOMS]
    found = [
        (f"tokenfleet/capacity/{room.name}/{module.name}", module)
        for room in rooms
        for module in _modules(room)
    ]
    found += [("tokenfleet/__init__.py", root / "__init__.py")]
    found += [("tokenfleet/capacity/__init__.py", root / "capacity" / "__init__.py")]
    return {path: module.read_text(encoding="utf-8") for path, module in sorted(found)}


@cache
def api_model() -> Mapping[str, str]:
    """The model of the installed, locked botocore (base64), by its path below ``AWS_DATA_PATH``.

    Raises:
        LookupError: when no botocore is installed.
    """
    # Found, not imported: what plans makes no call.
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        msg = "botocore is not installed: make setup"
        raise LookupError(msg)
    content = (Path(spec.origin).parent / "data" / _MODEL).read_bytes()
    return {_MODEL: base64.b64encode(content).decode()}


def key_of(path: str) -> str:
    """The key of a file in a ConfigMap, which may hold no slash."""
    return path.replace("/", ".")


def _modules(room: Traversable) -> Iterator[Traversable]:
    return (module for module in room.iterdir() if module.name.endswith(".py"))
