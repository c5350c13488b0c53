"""States of a stack, as previews of a revision hand them to a review: no process, no git."""

import copy
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tests.edits import Edit, put
from tests.own_stacks import FOLDER, own_stack
from tests.today import TODAY
from tokenfleet.json_document import Schema, json_document
from tokenfleet.plan.decide import decide
from tokenfleet.preview.run import preview_stack
from tokenfleet.review.previews import StackState


def moved(path: str, to: str) -> Edit:
    """An edit: what stands at a path stands at another."""

    def edit(keys: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        inner: Any = keys
        for parent in parents:
            inner = inner[parent]
        put(to, inner.pop(last))(keys)

    return edit


def of_resource(name: str, *edits: Edit) -> Edit:
    """An edit of a recording: of the inputs of resources whose type and name end so, one or more."""
    type_end, _, name_end = name.partition(" ")

    def edit(document: dict[str, Any]) -> None:
        found = [
            each
            for each in document["resources"]
            if each["type"].endswith(f":{type_end}") and each["name"].endswith(name_end)
        ]
        assert found, f"nothing is named {name}"
        for each in found:
            for inner in edits:
                inner(each["inputs"])

    return edit


def dropped(name: str) -> Edit:
    """An edit of a recording: without the one resource whose type and name end so."""
    type_end, _, name_end = name.partition(" ")

    def edit(document: dict[str, Any]) -> None:
        every = document["resources"]
        kept = [
            each
            for each in every
            if not (each["type"].endswith(f":{type_end}") and each["name"].endswith(name_end))
        ]
        assert len(kept) == len(every) - 1, name
        document["resources"] = kept

    return edit


def state_of(
    stack: str,
    edits: Sequence[Edit] = (),
    *,
    patches: Sequence[Edit] = (),
    preview_patches: Sequence[Edit] = (),
    secrets: Mapping[str, str] | None = None,
) -> StackState:
    """A stack of the tests with edited keys; patches edit what was recorded, and its report."""
    keys: dict[str, Any] = copy.deepcopy(dict(own_stack(stack).keys))
    for edit in edits:
        edit(keys)
    # The weights of each model are in the bucket, so that replicas run.
    for model in decide(keys, stack, FOLDER).models:
        keys["models"][model.name]["published"] = model.mark
    # A stack file has clientKeys; a review tells each key of it by its place.
    written = frozenset(re.split(r"[.[]", name)[0] for name in secrets or ())
    texts = _recorded(stack, json.dumps(keys), written)
    preview, resources = (json.loads(text) for text in texts)
    for document, changes in ((preview, preview_patches), (resources, patches)):
        for change in changes:
            change(document)
    return StackState(stack=stack, preview=preview, resources=resources, secrets=secrets or {})


@cache
def _recorded(stack: str, keys: str, secrets: frozenset[str]) -> tuple[str, str]:
    form = dataclasses.replace(own_stack(stack), keys=json.loads(keys), secrets=secrets)
    done = preview_stack(form, TODAY)
    return (
        json_document(Schema.PREVIEW, done.report),
        json_document(Schema.RESOURCES, done.recording),
    )
