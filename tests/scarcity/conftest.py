"""Fixtures: one stand-in a session, as new for each test."""

from tests.cluster.conftest import api, control_plane, fleet_of, plans, tools
from tests.scarcity.fixtures import scarcity, scarcity_server

__all__ = ["api", "control_plane", "fleet_of", "plans", "scarcity", "scarcity_server", "tools"]
