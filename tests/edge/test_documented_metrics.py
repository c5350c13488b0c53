"""The metrics that docs/edge.md names are those of the real Envoy."""

import asyncio
import re
from pathlib import Path

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.envoy import KEYS


def test_every_metric_on_the_page_is_exposed(edges: Edges, root: Path) -> None:
    envoy = edges.envoy(served([edges.engine()]))
    answer = asyncio.run(Client(envoy.port, KEYS["alice"][0]).complete())
    assert answer.status == 200
    envoy.all_logged()
    page = (root / "docs" / "edge.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]*`envoy_[^|]*)\|", page, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(envoy_\w+)`", cell)}
    exposed = {line.split("{")[0].split(" ")[0] for line in envoy.metrics().splitlines()}
    assert named
    assert named <= exposed
