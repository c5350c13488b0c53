"""Edits of documents that are rows of a test: order forms, recordings, reports."""

import copy
from collections.abc import Callable
from typing import Any

Edit = Callable[[dict[str, Any]], None]


def put(path: str, value: object = ...) -> Edit:
    """An edit: what stands at a path of mappings; ``...`` takes it away."""
    *parents, last = path.split(".")

    def edit(document: dict[str, Any]) -> None:
        inner: Any = document
        for parent in parents:
            inner = inner.setdefault(parent, {})
        if value is ...:
            del inner[last]
        else:
            inner[last] = copy.deepcopy(value)

    return edit
