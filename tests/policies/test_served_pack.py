"""The pack itself, in its own environment, asked over gRPC as the engine asks."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.policies.planting import Planted, changed, pick
from tests.policies.served_pack import PYTHON, ServedPack, served_pack
from tests.policies.test_pack import MISTAKES
from tokenfleet.policies.pack.given import JUDGED_IN_PART, NOT_JUDGED
from tokenfleet.policies.rulebook import RULES, findings, name_of
from tokenfleet.recording.recorded import Recording

pytestmark = pytest.mark.e2e

# The last of each rule: half a second each, of which the framework takes most.
ONE_OF_EACH: Mapping[str, Planted] = {
    planted.rule: planted for planted in MISTAKES.values() if planted.rule not in NOT_JUDGED
}
OPEN = changed(":Subnet::*", "mapPublicIpOnLaunch", to=True)


@pytest.fixture(scope="module")
def running() -> Iterator[ServedPack]:
    if not PYTHON.exists():
        pytest.skip("no environment of the policy pack: make policy-pack")
    with served_pack() as pack:
        yield pack


@pytest.fixture
def pack(running: ServedPack) -> ServedPack:
    running.configure({})
    return running


def test_there_is_one_mandatory_policy_a_rule_and_one_that_listens(pack: ServedPack) -> None:
    assert [*pack.policies] == ["inputs", *map(name_of, RULES)]
    described = {name: policy.description for name, policy in pack.policies.items()}
    for rule in RULES:
        assert described[name_of(rule)].startswith((rule.__doc__ or "").splitlines()[0])
    for name, reason in JUDGED_IN_PART.items():
        assert reason in described[name]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_that_obeys_is_reported_by_nobody(
    stack: str, pack: ServedPack, request: pytest.FixtureRequest
) -> None:
    answer = pack.asked(request.getfixturevalue(stack))
    assert (answer.reported, answer.not_applicable) == ([], NOT_JUDGED)


@pytest.mark.parametrize("rule", ONE_OF_EACH)
def test_a_mistake_is_reported_as_a_preview_reports_it(
    rule: str, pack: ServedPack, prod: Recording
) -> None:
    broken = ONE_OF_EACH[rule].plant(prod)
    found = [
        (report.policy, report.urn, report.message.partition("\n")[2], report.level)
        for report in pack.asked(broken).reported
    ]
    expected = [(f.rule, f.resource, f.problem, "mandatory") for f in findings(broken)]
    assert expected
    assert found == expected


LEVELS: Mapping[str, tuple[Mapping[str, str], list[tuple[str, str]]]] = {
    "as it comes": ({}, [("no-public-ingress", "mandatory")]),
    "one advisory": ({"no-public-ingress": "advisory"}, [("no-public-ingress", "advisory")]),
    "one disabled": ({"no-public-ingress": "disabled"}, []),
    "all advisory": ({"all": "advisory"}, [("no-public-ingress", "advisory")]),
    "all advisory but one": (
        {"all": "advisory", "no-public-ingress": "mandatory"},
        [("no-public-ingress", "mandatory")],
    ),
    "all disabled": ({"all": "disabled"}, []),
    "all disabled but one and what it needs": (
        {"all": "disabled", "inputs": "advisory", "no-public-ingress": "mandatory"},
        [("no-public-ingress", "mandatory")],
    ),
}


@pytest.mark.parametrize(
    ("levels", "expected"), [pytest.param(*row, id=name) for name, row in LEVELS.items()]
)
def test_a_rule_counts_as_its_configuration_says(
    levels: Mapping[str, str],
    expected: list[tuple[str, str]],
    pack: ServedPack,
    prod: Recording,
) -> None:
    pack.configure(levels)
    reported = pack.asked(OPEN(prod)).reported
    assert [(report.policy, report.level) for report in reported] == expected


def test_a_rule_without_what_it_needs_does_not_pass(prod: Recording, running: ServedPack) -> None:
    del running  # it skips where there is no environment
    with served_pack() as fresh:
        fresh.configure({"all": "disabled", "tagged": "mandatory"})
        (report,) = fresh.asked(prod).reported
    assert (report.policy, report.level) == ("tagged", "mandatory")
    assert "switch on the policy 'inputs'" in report.message


# What AWS itself writes where the program leaves a policy out.
DEFAULT_POLICY: Mapping[str, Any] = {
    "policy": '{"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}'
}


def test_what_the_cloud_adds_is_no_mistake_of_the_program(
    pack: ServedPack, prod: Recording
) -> None:
    key = pick(prod, ":Key::*")
    assert "policy" not in key.inputs
    assert pack.asked(prod, {key.urn: DEFAULT_POLICY}).reported == []


def test_a_rule_says_what_it_cannot_know_before_a_deployment(
    pack: ServedPack, preview: Recording
) -> None:
    reported = pack.asked(OPEN(preview)).reported
    certain = [report for report in reported if report.level == "mandatory"]
    (found,) = certain
    assert (found.policy, found.urn) == ("no-public-ingress", pick(preview, ":Subnet::*").urn)
    waiting = {report.policy: report.message for report in reported if report not in certain}
    assert {finding.rule for finding in findings(preview)} <= {*waiting}
    assert "template.userData" in waiting["scale-from-zero"]
