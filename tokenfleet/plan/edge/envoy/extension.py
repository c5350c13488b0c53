"""How Envoy's JSON names the parts that it is put together from."""

from collections.abc import Mapping

Json = Mapping[str, object]


def typed(kind: str, **fields: object) -> Json:
    """A message of that type, such as ``envoy.config.route.v3.RouteConfiguration``."""
    return {"@type": f"type.googleapis.com/{kind}", **fields}


def extension(name: str, kind: str, **fields: object) -> Json:
    """A named part with its configuration."""
    return {"name": name, "typed_config": typed(kind, **fields)}
