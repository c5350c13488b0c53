"""The table against the program, the pins and the SDKs: what is missing, misspelt or out of date."""

import re
from importlib.metadata import version
from pathlib import Path

import pulumi
import pulumi_aws
import pulumi_kubernetes
import pytest

from tests.own_stacks import STACKS, own_stack
from tests.review.sdk_arguments import arguments_of, takes
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.recording.recorded import RecordedResource
from tokenfleet.review.force_new import known_types
from tokenfleet.review.force_new_table import Row, force_new_table

_SDKS = {"aws": pulumi_aws, "kubernetes": pulumi_kubernetes}
_NAMES = re.compile(r"\b(?:aws|kubernetes)(?:\.\w+)+")
TYPES = sorted(known_types())


@pytest.fixture(scope="module")
def recorded() -> list[RecordedResource]:
    """Everything but components that the tests' stacks ask for."""
    stacks = [preview_stack(own_stack(name), TODAY).recording for name in STACKS]
    return [each for stack in stacks for each in stack.resources if not each.is_component]


def _rows(type_token: str) -> list[Row]:
    return list(force_new_table().types[type_token].replaces)


def _used_in_code(root: Path) -> set[str]:
    """The type tokens of the classes that components name, asked for by some stack or by none."""
    found = set[str]()
    for file in (root / "components").glob("*.py"):
        for name in _NAMES.findall(file.read_text(encoding="utf-8")):
            package, *parts = name.split(".")
            named: object = _SDKS[package]
            for part in parts:
                named = getattr(named, part, None)
            if isinstance(named, type) and issubclass(named, pulumi.ProviderResource):
                found.add(f"pulumi:providers:{package}")
            elif isinstance(named, type) and issubclass(named, pulumi.CustomResource):
                # A custom resource of a chart has no type until it says its kind.
                found |= {str(token) for token in [vars(named).get("pulumi_type")] if token}
    return found


def test_every_type_that_the_stacks_use_is_in_the_table(recorded: list[RecordedResource]) -> None:
    assert sorted({each.type for each in recorded} - known_types()) == []


def test_every_type_that_components_may_use_is_in_the_table(root: Path) -> None:
    used = _used_in_code(root)
    assert {"aws:ecr/repository:Repository", "pulumi:providers:aws"} <= used, "no class was found"
    assert sorted(used - known_types()) == []


def test_the_table_has_no_type_that_nothing_uses(
    root: Path, recorded: list[RecordedResource]
) -> None:
    assert sorted(known_types() - _used_in_code(root) - {each.type for each in recorded}) == []


def test_the_table_was_read_for_the_pinned_providers() -> None:
    packages = force_new_table().packages
    assert packages == {package: version(package) for package in packages}


@pytest.mark.parametrize("type_token", TYPES)
def test_every_row_names_a_property_of_the_sdk(type_token: str) -> None:
    paths = [row.path for row in _rows(type_token)]
    assert [path for path in paths if not takes(type_token, path)] == []


@pytest.mark.parametrize("type_token", TYPES)
def test_every_property_of_the_sdk_is_judged_once(type_token: str) -> None:
    rows = force_new_table().types[type_token]
    whole = {row.path for row in rows.replaces}
    assert sorted(whole & set(rows.updates)) == []
    if not rows.others_update:
        judged = {path for path in whole if "." not in path} | set(rows.updates)
        assert judged == set(arguments_of(type_token))


@pytest.mark.parametrize("type_token", TYPES)
def test_every_row_says_where_it_was_read(type_token: str) -> None:
    rows = force_new_table().types[type_token]
    sources = [rows.source, *(row.source for row in rows.replaces if row.source)]
    assert [source for source in sources if not re.match(r"[\w-]+/[\w-]+[ #]\S+", source)] == []


@pytest.mark.parametrize("type_token", TYPES)
def test_what_may_be_unset_beside_a_row_is_a_property_too(type_token: str) -> None:
    beside = {row.unless_set for row in _rows(type_token) if row.unless_set}
    rule = force_new_table().types[type_token].deletes_first
    named = beside | set(rule.by if rule else ())
    assert [path for path in named if not takes(type_token, path)] == []


def test_no_provider_of_the_stacks_makes_config_maps_or_secrets_mutable(
    recorded: list[RecordedResource],
) -> None:
    """Their rows take the default for granted."""
    given = {key for each in recorded if each.is_provider for key in each.inputs}
    assert "clusterIdentifier" in given
    assert given.isdisjoint({"enableConfigMapMutable", "enableSecretMutable"})


@pytest.mark.parametrize(
    ("type_token", "path"),
    [
        ("aws:ec2/vpc:Vpc", "cidrBlok"),
        ("aws:eks/cluster:Cluster", "vpcConfig.subnetId"),
        ("aws:eks/cluster:Cluster", "encryptionConfig.provider.keyArm"),
        ("kubernetes:apps/v1:Deployment", "spec.selectors"),
        ("kubernetes:core/v1:ConfigMap", "metadata.nam"),
        ("kubernetes:core/v1:Service", "spec.clusterIp"),
    ],
)
def test_a_misspelt_property_is_found(type_token: str, path: str) -> None:
    assert not takes(type_token, path)
