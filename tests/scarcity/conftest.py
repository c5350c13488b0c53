"""Fixtures: one stand-in a session, as new for each test, with the groups of a pool."""

from collections.abc import Mapping

import pytest

from tests.cluster.conftest import api, control_plane, fleet_of, plans, tools
from tests.scarcity.clients import Clients
from tests.scarcity.fixtures import scarcity, scarcity_server
from tests.scarcity.groups import make_groups
from tests.scarcity.scarcity import Scarcity
from tokenfleet.plan.stack import Plan

__all__ = ["api", "control_plane", "fleet_of", "plans", "scarcity", "scarcity_server", "tools"]


@pytest.fixture
def aws(scarcity: Scarcity, plans: Mapping[str, Plan]) -> Clients:
    """Clients of a region that has the groups of the pool graviton4."""
    make_groups(scarcity.aws, plans["prod"].node_groups_by_pool["graviton4"])
    return scarcity.aws
