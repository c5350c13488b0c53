"""The frontier has every choice there is, and names what is not worth taking."""

from tests.elasticity.scenes import replica
from tokenfleet.elasticity.frontier import SPARES, TARGETS, choices, frontier
from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.scene import Lengths, Scene
from tokenfleet.plan.scaling.policy import plan_scaling

STARTS = (30.0, 120.0)


def _question() -> Scene:
    return Scene(
        model="any",
        policy=plan_scaling(slots=4, start_seconds=120.0, least=1, most=20),
        replica=replica(),
        lengths=Lengths(input_tokens=100.0, output_tokens=100.0, assumed=()),
        requests_per_second=1.0,
        starts=STARTS,
    )


def _bursts() -> Load:
    """Twenty minutes, each begun with more than a few replicas hold."""
    moments = [60 * minute + 0.4 * n for minute in range(20) for n in range(30 + 5 * (minute % 4))]
    return Load(seconds=1200, moments=moments, answers=[10.0] * len(moments))


def test_every_choice_is_played_once_and_what_is_beaten_is_marked() -> None:
    asked, advanced = _question(), 0

    def advance() -> None:
        nonlocal advanced
        advanced += 1

    found = frontier(asked, _bursts(), advance)
    targets = {*TARGETS, asked.policy.target}
    assert advanced == len(found) == choices(asked) == len(STARTS) * len(targets) * len(SPARES)
    assert {row.start_seconds for row in found if row.planned} == set(STARTS)
    for row in found:
        beaten = any(
            other.outcome.shed <= row.outcome.shed
            and other.outcome.replica_hours < row.outcome.replica_hours
            for other in found
            if other.start_seconds == row.start_seconds
        )
        assert row.dominated >= beaten
    assert len({row.dominated for row in found}) == 2


def test_a_longer_start_costs_requests_and_more_care_costs_hours() -> None:
    found = frontier(_question(), _bursts(), lambda: None)
    outcomes = {(row.start_seconds, row.target, row.spare): row.outcome for row in found}
    soon, late = STARTS
    assert outcomes[late, 1.0, 0].shed > outcomes[soon, 1.0, 0].shed
    assert outcomes[soon, 0.7, 2].shed < outcomes[soon, 1.0, 0].shed
    assert outcomes[soon, 0.7, 2].replica_hours > outcomes[soon, 1.0, 0].replica_hours
