"""Custom resource definitions, from the very modules whose controllers serve them."""

from pathlib import Path
from typing import cast

import yaml

from tests.cluster.api import Api, Object, eventually


def install_definitions(api: Api, folder: Path) -> None:
    """Apply every definition in ``folder`` and wait until the API server serves them."""
    found = [
        cast("Object", document)
        for path in sorted(folder.glob("*.yaml"))
        for document in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    ]
    definitions = [entry for entry in found if entry.get("kind") == "CustomResourceDefinition"]
    for name in [api.apply(definition)["metadata"]["name"] for definition in definitions]:
        eventually(lambda name=name: _is_served(api, name))


def _is_served(api: Api, name: str) -> bool:
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    conditions: list[Object] = api.get(path).get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
