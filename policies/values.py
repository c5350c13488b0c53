"""Reading recorded inputs, whose shape only the provider's schema knows."""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import cast


def mapping(value: object) -> Mapping[str, object]:
    """``value`` if it is a mapping, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[object]:
    """``value`` if it is a list, else an empty one."""
    return cast("Sequence[object]", value) if isinstance(value, list) else []


def mappings(value: object) -> Iterator[Mapping[str, object]]:
    """The mappings in a list."""
    return (mapping(entry) for entry in items(value))


def texts(value: object) -> Sequence[str]:
    """A policy's one text or list of texts as a list."""
    return [value] if isinstance(value, str) else [str(entry) for entry in items(value)]


def pod_spec(workload: Mapping[str, object]) -> Mapping[str, object]:
    """What the pods of a Deployment, DaemonSet or Job are to be, from its inputs."""
    return mapping(mapping(mapping(workload.get("spec")).get("template")).get("spec"))


def parsed(text: object) -> Mapping[str, object]:
    """A JSON document, or an empty mapping when it is not known or not JSON."""
    try:
        return mapping(json.loads(text)) if isinstance(text, str) else {}
    except ValueError:
        return {}


def decoded(text: object) -> str:
    """What base64 and gzip hide, or nothing when it is not known or neither."""
    try:
        content = base64.b64decode(str(text or ""), validate=True)
        return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    except (binascii.Error, UnicodeDecodeError, OSError, EOFError, zlib.error):
        return ""
