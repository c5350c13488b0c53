"""The policy pack judges as a preview does, as far as the engine tells it what to judge."""

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from tests.policies.planting import Plant, changed, edited, pick, replaced
from tests.policies.test_rulebook import TABLES
from tokenfleet.policies.finding import Finding
from tokenfleet.policies.pack.certain import judge
from tokenfleet.policies.pack.given import JUDGED_IN_PART, NOT_JUDGED, recording_of
from tokenfleet.policies.rulebook import RULES, findings, name_of
from tokenfleet.recording.recorded import RecordedResource, Recording

MISTAKES = {
    f"{planted.rule}: {name}": planted for table in TABLES for name, planted in table.items()
}


def _told(recording: Recording) -> Sequence[RecordedResource]:
    """What the engine tells: every resource, the stack itself and a default provider."""
    model = pick(recording, ":Vpc::*")
    stack = dataclasses.replace(
        model, urn=recording.stack_urn, type="pulumi:pulumi:Stack", inputs=recording.outputs
    )
    return [stack, _default_provider(recording), *recording.resources]


def _default_provider(recording: Recording) -> RecordedResource:
    kind, name = "pulumi:providers:aws", "default_7_51_1"
    project = recording.stack_urn.split("::")[1]
    urn = f"urn:pulumi:{recording.stack}::{project}::{kind}::{name}"
    model = pick(recording, ":Vpc::*")
    return dataclasses.replace(model, urn=urn, type=kind, name=name, inputs={}, provider="")


def _certain(recording: Recording) -> Sequence[Finding]:
    given = recording_of(_told(recording), recording.mode)
    judged = [rule for rule in RULES if name_of(rule) not in NOT_JUDGED]
    return sorted(finding for rule in judged for finding in judge(rule, given).findings)


def _expected(recording: Recording) -> Sequence[Finding]:
    """What a preview finds, but for what the pack says that it does not judge."""
    lookups = {lookup.token for lookup in recording.lookups}
    return [
        finding
        for finding in findings(recording)
        if finding.rule not in NOT_JUDGED
        and not (finding.rule in JUDGED_IN_PART and finding.resource in lookups)
    ]


def test_the_pack_sees_the_same_resources_and_outputs(dev: Recording, prod: Recording) -> None:
    for recording in (dev, prod):
        given = recording_of(_told(recording), recording.mode)
        assert given == dataclasses.replace(recording, lookups=[], component_outputs={})


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_pack_finds_what_a_preview_finds(mistake: str, prod: Recording) -> None:
    broken = MISTAKES[mistake].plant(prod)
    assert _certain(broken) == _expected(broken)


def test_mistakes_that_the_pack_cannot_see_are_of_rules_that_it_names(prod: Recording) -> None:
    missed = {planted.rule for planted in MISTAKES.values() if not _expected(planted.plant(prod))}
    assert missed == {*NOT_JUDGED}


def test_a_look_up_that_the_pack_is_not_shown_is_of_a_rule_that_it_names(prod: Recording) -> None:
    lookups = [dataclasses.replace(lookup, provider="") for lookup in prod.lookups]
    broken = dataclasses.replace(prod, lookups=lookups)
    assert {finding.rule for finding in findings(broken)} == {*JUDGED_IN_PART}
    assert _certain(broken) == []


def test_a_default_provider_of_the_engine_is_no_explicit_one(prod: Recording) -> None:
    urn = _default_provider(prod).urn
    broken = replaced(":Vpc::*", provider=urn)(prod)
    found = [(finding.rule, finding.resource) for finding in _certain(broken)]
    assert found == [("explicit-providers", pick(prod, ":Vpc::*").urn)]


def test_what_is_not_known_yet_is_no_mistake_and_no_pass(preview: Recording) -> None:
    misled = {finding.rule for finding in findings(preview)}
    assert misled, "nothing that the bare rules take for a mistake"
    given = recording_of(_told(preview), "preview")
    unknown = {name_of(rule) for rule in RULES if judge(rule, given).unknown}
    assert misled <= unknown
    assert _certain(preview) == []


IN_A_PREVIEW: Mapping[str, tuple[Plant, str, str]] = {
    "an input beside one that is unknown": (
        changed(":Subnet::*", "mapPublicIpOnLaunch", to=True),
        "no-public-ingress",
        ":Subnet::*",
    ),
    "an edge to something with unknown inputs": (
        replaced(":providers:kubernetes::*", dependencies=[]),
        "foundations-first",
        ":providers:kubernetes::*",
    ),
    "an input inside of one that is known in part": (
        edited(":LaunchTemplate::*", ["metadataOptions", "httpTokens"], lambda _: "optional"),
        "imds-v2",
        ":LaunchTemplate::*",
    ),
}


@pytest.mark.parametrize(
    ("plant", "rule", "on"), [pytest.param(*row, id=name) for name, row in IN_A_PREVIEW.items()]
)
def test_a_mistake_that_is_certain_shows_before_anything_is_deployed(
    plant: Plant, rule: str, on: str, preview: Recording
) -> None:
    found = _certain(plant(preview))
    assert [(finding.rule, finding.resource) for finding in found] == [
        (rule, pick(preview, on).urn)
    ]


def test_the_pack_has_the_version_of_the_package(root: Path) -> None:
    pack = yaml.safe_load((root / "policies" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    with (root / "pyproject.toml").open("rb") as file:
        assert pack["version"] == tomllib.load(file)["project"]["version"]


@pytest.mark.parametrize("reasons", [NOT_JUDGED, JUDGED_IN_PART], ids=["not", "in part"])
def test_the_page_lists_what_the_pack_does_not_judge(
    reasons: Mapping[str, str], root: Path
) -> None:
    page = (root / "docs" / "policies.md").read_text(encoding="utf-8")
    assert not [rule for rule, reason in reasons.items() if f"| `{rule}` | {reason} |" not in page]
    assert {*reasons} <= {name_of(rule) for rule in RULES}
