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
    for definition in [api.apply(definition) for definition in definitions]:
        eventually(lambda definition=definition: _is_served(api, definition))


def _is_served(api: Api, definition: Object) -> bool:
    """Its objects can be listed: what a definition's status says, the API server does a little later."""
    spec = definition["spec"]
    return all(
        api.answers(f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}")
        for version in spec["versions"]
        if version["served"]
    )
