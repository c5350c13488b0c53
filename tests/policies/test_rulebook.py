"""The rulebook as a whole: the stacks obey it, and no rule in it is dead."""

import pytest

from tests.policies import (
    test_access,
    test_capacity,
    test_daemon_sets,
    test_edge,
    test_endpoints,
    test_nodes,
    test_order,
    test_shape,
    test_storage,
)
from tests.policies.planting import changed, reported
from tokenfleet.policies.finding import Rule
from tokenfleet.policies.rulebook import RULES, findings
from tokenfleet.recording.recorded import Recording

TABLES = (
    test_access.MISTAKES,
    test_capacity.MISTAKES,
    test_daemon_sets.MISTAKES,
    test_edge.MISTAKES,
    test_endpoints.MISTAKES,
    test_nodes.MISTAKES,
    test_order.MISTAKES,
    test_shape.MISTAKES,
    test_storage.MISTAKES,
)


def test_the_dev_stack_breaks_no_rule(dev: Recording) -> None:
    assert findings(dev) == []


def test_the_prod_stack_breaks_no_rule(prod: Recording) -> None:
    assert findings(prod) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_reports_a_mistake_that_no_other_rule_sees(prod: Recording, rule: Rule) -> None:
    recordings = (planted.plant(prod) for table in TABLES for planted in table.values())
    assert any(
        list(rule(recording))
        and not any(list(other(recording)) for other in RULES if other != rule)
        for recording in recordings
    )


def test_mistakes_are_reported_together_in_order(prod: Recording) -> None:
    recording = changed(":Vpc::*", "tags", "Name", to="Calling __str__ on an Output")(prod)
    recording = changed(":Subnet::*", "mapPublicIpOnLaunch", to=True)(recording)
    found = reported(recording)
    assert [rule for rule, _ in found] == ["no-output-as-text", "no-public-ingress"]
