"""Fixtures: a region that has the groups of a pool."""

from collections.abc import Mapping

import pytest

from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.groups import make_groups
from tests.cluster.scarcity.scarcity import Scarcity
from tokenfleet.plan.stack import Plan


@pytest.fixture
def aws(scarcity: Scarcity, plans: Mapping[str, Plan]) -> Clients:
    """Clients of a region that has the groups of the pool graviton4."""
    make_groups(scarcity.aws, plans["prod"].node_groups_by_pool["graviton4"])
    return scarcity.aws
