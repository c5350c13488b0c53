"""Requests as they come over the wire, made plain."""

import base64
from collections.abc import Mapping
from typing import cast

from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

from tokenfleet.recording.recorded import SECRET, UNKNOWN, RecordedResource

# How Pulumi marks a special value on the wire (pulumi/pulumi sdk/go/common/resource/sig/sig.go).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, public


def recorded(request: resource_pb2.RegisterResourceRequest, urn: str) -> RecordedResource:
    """A registration, with plain values."""
    return RecordedResource(
        urn=urn,
        type=request.type,
        name=request.name,
        is_component=not request.custom,
        is_remote=request.remote,
        parent=request.parent,
        inputs=plain_mapping(request.object),
        # "urn::id"; the id says nothing here.
        provider=request.provider.rpartition("::")[0],
        dependencies=sorted(request.dependencies),
        property_dependencies={
            name: sorted(dependencies.urns)
            for name, dependencies in sorted(request.propertyDependencies.items())
        },
        ignore_changes=sorted(request.ignoreChanges),
        protect=request.protect,
        delete_before_replace=request.deleteBeforeReplace,
        retain_on_delete=request.retainOnDelete,
    )


def plain_mapping(struct: struct_pb2.Struct) -> Mapping[str, object]:
    """A struct of the wire as plain values."""
    return cast("dict[str, object]", _plain(MessageToDict(struct)))


def as_stored(secret: struct_pb2.Struct) -> Mapping[str, object]:
    """What the API server adds to a Secret that it is given as text: the same in base64."""
    given: object = MessageToDict(secret).get("stringData")
    marked = cast("dict[str, object]", given) if isinstance(given, dict) else {}
    is_hidden = _SIGNATURE in marked
    texts = cast("dict[str, object]", marked["value"] if is_hidden else marked)
    data = {
        key: base64.b64encode(text.encode()).decode()
        for key, text in texts.items()
        if isinstance(text, str)
    }
    return {"data": {**marked, "value": data} if is_hidden else data}


def _plain(value: object) -> object:
    """Wire form to plain values: secrets and unknowns named, whole numbers as ``int``."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        if entries.get(_SIGNATURE) == _SECRET_SIGNATURE:
            return SECRET
        return {key: _plain(entries[key]) for key in sorted(entries)}
    if isinstance(value, list):
        return [_plain(entry) for entry in cast("list[object]", value)]
    if value == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
