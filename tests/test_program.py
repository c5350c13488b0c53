"""The whole program under the recorder: it builds, it is stable, and growing it moves nothing."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tokenfleet.policies.nodes import group_tags
from tokenfleet.policies.order import later_than
from tokenfleet.policies.rulebook import findings
from tokenfleet.policies.values import mapping
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import SECRET, UNKNOWN, Mode, Recording
from tokenfleet.recording.recorder import record
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
MODES: tuple[Mode, ...] = ("preview", "deployment")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_stack_obeys_every_rule(
    stack: str, stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    assert not findings(recording_of(stack_files[stack].keys, "deployment"))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_preview_asks_for_the_same_resources_as_a_deployment(
    stack: str, stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    preview, deployment = (recording_of(stack_files[stack].keys, mode) for mode in MODES)
    assert [r.urn for r in preview.resources] == [r.urn for r in deployment.resources]
    assert preview.outputs.keys() == deployment.outputs.keys()
    assert preview.outputs["modelBucket"] == UNKNOWN


@pytest.mark.parametrize("mode", MODES)
def test_two_runs_of_one_stack_are_equal(
    mode: Mode, stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    keys = stack_files["prod"].keys
    assert recording_of(keys, mode) == recording_of(keys, mode)


def _another_zone(keys: Keys) -> None:
    keys["network"]["zones"] = ["us-east-1d", *keys["network"]["zones"]]


def _another_pool(keys: Keys) -> None:
    keys["pools"]["aaa"] = {
        "hardware": "l4",
        "instanceTypes": ["g6.4xlarge"],
        "tiers": {"on-demand": {"max": 2}},
    }
    _another_model(keys)
    keys["models"]["aaa"]["pool"] = "aaa"


def _another_tier(keys: Keys) -> None:
    reservation = {"capacityReservationId": "cr-0123456789abcdef0", "zone": "us-east-1b"}
    keys["pools"]["graviton4"]["tiers"]["reserved"] = {"max": 1, "reservation": reservation}


def _another_model(keys: Keys) -> None:
    keys["models"]["aaa"] = {
        "huggingFaceId": "Qwen/Qwen3-0.6B",
        "revision": "c1899de289a04d12100db370d81485cdf75e47ca",
        "pool": "graviton4",
        "contextLength": 4096,
        "replicas": {"max": 1},
    }


def _another_type(keys: Keys) -> None:
    keys["pools"]["graviton4"]["instanceTypes"] += ["r8gd.8xlarge"]


# The capacity controller knows the pools with a spot tier, and starts anew with other settings.
CONTROLLER = "what the capacity controller is told"
TOLD = ("-configmap-capacity-settings", "-deployment-capacity-controller")
# The edge knows every replica by name, and starts anew with others.
EDGE = "what the edge is told"
TOLD_EDGE = ("-configmap-edge", "-deployment-edge")


# What may know of its new sibling; everything else must not change by a byte.
GROWTHS: Mapping[str, tuple[Callable[[Keys], None], set[str]]] = {
    "zone": (
        _another_zone,
        {
            "aws:eks/cluster:Cluster",
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            "aws:autoscaling/group:Group",
            CONTROLLER,
        },
    ),
    "pool": (_another_pool, {"kubernetes:helm.sh/v3:Release", EDGE}),
    # Replicas weigh the tiers of their pool.
    "tier": (_another_tier, {"kubernetes:apps/v1:Deployment", CONTROLLER}),
    # New nodes fetch it at boot too; a wider pool of models takes a larger cache.
    "model": (_another_model, {"aws:ec2/launchTemplate:LaunchTemplate", CONTROLLER, EDGE}),
}


@pytest.mark.parametrize("stack", ["dev", "prod"])
@pytest.mark.parametrize(("grow", "may_change"), GROWTHS.values(), ids=list(GROWTHS))
def test_adding_one_keeps_all_the_others(
    grow: Callable[[Keys], None],
    may_change: set[str],
    stack: str,
    keys_of: Callable[[str], Keys],
    recording_of: Record,
) -> None:
    keys = keys_of(stack)
    before = recording_of(keys, "deployment")
    grow(keys)
    after = {r.urn: r for r in recording_of(keys, "deployment").resources}
    assert len(after) > len(before.resources)
    assert {r.urn for r in before.resources} <= after.keys()
    changed = {
        CONTROLLER if r.name.endswith(TOLD) else EDGE if r.name.endswith(TOLD_EDGE) else r.type
        for r in before.resources
        if after[r.urn].inputs != r.inputs
    }
    assert changed <= may_change
    assert "aws:ec2/subnet:Subnet" not in changed


@pytest.mark.parametrize("grow", [_another_tier, _another_type])
def test_another_tier_or_type_touches_its_own_pool_alone(
    grow: Callable[[Keys], None], keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    before = recording_of(keys, "deployment").resources
    grow(keys)
    after = {r.urn: r for r in recording_of(keys, "deployment").resources}
    changed = [r.name for r in before if after[r.urn].inputs != r.inputs]
    elsewhere = [name for name in changed if "graviton4" not in name and "qwen3-8b" not in name]
    assert changed
    assert all(name.endswith(TOLD) for name in elsewhere)


def test_the_order_of_a_stack_file_means_nothing(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    turned = {key: keys[key] for key in reversed(keys)}
    for key in ("pools", "models"):
        turned[key] = {name: keys[key][name] for name in reversed(keys[key])}
    turned["network"] = {**keys["network"], "zones": [*reversed(keys["network"]["zones"])]}
    assert recording_of(turned, "deployment") == recording_of(keys, "deployment")


def test_nodes_are_told_what_their_groups_promise_for_every_tier(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    _another_tier(keys)
    recording = recording_of(keys, "deployment")
    assert not findings(recording)
    groups = recording.of_type("aws:autoscaling/group:Group")
    tiers = {group_tags(group).get("Name", "").rpartition("-")[2] for group in groups}
    assert tiers == {"system", "spot", "demand", "reserved"}


def test_a_bad_configuration_stops_the_program_with_every_mistake(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("dev") | {"region": "nowhere", "edge": {"exposure": "everyone"}}
    with pytest.raises(pulumi.RunError, match=r"(?s)edge\.exposure.*region"):
        recording_of(keys, "preview")


KEYS = {"clientKeys": '{"alice": "key-of-alice-000001", "bob": ["key-of-bob-00000001"]}'}


@pytest.mark.parametrize("secrets", [["apiKey"], ["apiKey", "previousApiKey"], KEYS])
def test_secrets_reach_kubernetes_secrets_and_nothing_else(
    secrets: list[str] | dict[str, str], stack_files: Mapping[str, StackFile], root: Path
) -> None:
    configured = Configured(PROJECT, stack_files["dev"].keys, secrets)
    recording = record(root, PROJECT, "dev", configured, "deployment")
    holders = [r for r in recording.resources if SECRET in str(r.inputs)]
    assert {(r.type, r.inputs["stringData"]) for r in holders} == {
        ("kubernetes:core/v1:Secret", SECRET)
    }
    # Routes follow the configured keys; a key made here must not be made anew on every run.
    assert {r.name: list(r.ignore_changes) for r in holders} == {
        "tokenfleet-dev-edge-edge-routes": [],
        "tokenfleet-dev-serving-vllm-api-key": ["stringData.value"],
        "tokenfleet-dev-serving-vllm-metrics-key": ["stringData.value"],
    }


@pytest.mark.parametrize(
    ("secrets", "accepted"),
    [
        ({}, {"default": 1}),
        ({"apiKey": "first"}, {"default": 1}),
        ({"apiKey": "first", "previousApiKey": "before"}, {"default": 2}),
        (KEYS, {"alice": 1, "bob": 1}),
        ({**KEYS, "apiKey": "first"}, {"alice": 1, "bob": 1, "default": 1}),
    ],
)
def test_the_edge_takes_every_key_that_is_set_and_replicas_another(
    secrets: dict[str, str],
    accepted: dict[str, int],
    stack_files: Mapping[str, StackFile],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if nothing were marked as secret, so that the recorder shows what it would hide.
    monkeypatch.setattr("tokenfleet.recording.wire._SECRET_SIGNATURE", "")
    configured = Configured(PROJECT, stack_files["dev"].keys, secrets)
    recording = record(root, PROJECT, "dev", configured, "deployment")
    held = {
        str(mapping(secret.inputs.get("metadata")).get("name")): mapping(
            mapping(secret.inputs.get("stringData")).get("value")
        )
        for secret in recording.of_type("kubernetes:core/v1:Secret")
    }
    # One is what Envoy watches, the other what it is asked about before.
    assert held["edge-routes"].keys() == {"rds.json", "check"}
    (resource,) = json.loads(str(held["edge-routes"]["rds.json"]))["resources"]
    (host,) = resource["virtual_hosts"]
    given = host["typed_per_filter_config"]["envoy.filters.http.api_key_auth"]["credentials"]
    assert dict(Counter(entry["client"] for entry in given)) == accepted
    engine_key = held["vllm-api-key"]["value"]
    assert str(engine_key) in str(host["routes"])
    assert engine_key not in [entry["key"] for entry in given]
    made = held.get("edge-api-key", {}).get("value")
    assert (made in [entry["key"] for entry in given]) is (not secrets)


def test_a_previous_key_alone_stops_the_program(
    stack_files: Mapping[str, StackFile], root: Path
) -> None:
    configured = Configured(PROJECT, stack_files["dev"].keys, ["previousApiKey"])
    with pytest.raises(pulumi.RunError, match=r"previousApiKey.*config set --secret apiKey"):
        record(root, PROJECT, "dev", configured, "preview")


def test_an_empty_key_stops_the_program(stack_files: Mapping[str, StackFile], root: Path) -> None:
    configured = Configured(PROJECT, stack_files["dev"].keys, ["apiKey"])
    configured.values["tokenfleet:apiKey"] = ""
    with pytest.raises(pulumi.RunError, match=r"apiKey: must be visible ASCII"):
        record(root, PROJECT, "dev", configured, "preview")


def test_without_a_configured_key_one_is_made_and_kept(
    stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    recording = recording_of(stack_files["dev"].keys, "deployment")
    secrets = recording.of_type("kubernetes:core/v1:Secret")
    kept = {
        s.name.partition("-dev-")[2] for s in secrets if s.ignore_changes == ["stringData.value"]
    }
    assert kept == {
        "edge-edge-api-key",
        "serving-vllm-api-key",
        "serving-vllm-metrics-key",
    }
    assert {secret.inputs["stringData"] for secret in secrets} == {SECRET}


BAD_KEYS: Mapping[str, tuple[str, str]] = {
    "no mapping": ("just-one-long-key-000", "clientKeys: must map names of clients"),
    "a name no client can have": (
        '{"Alice": "key-of-alice-000001"}',
        "clientKeys.Alice: must be 1",
    ),
    "too short": ('{"alice": "hunter2"}', "clientKeys.alice: must be 16 or more"),
    "not for a header": ('{"alice": "with spaces in it 1"}', "clientKeys.alice: must be 16"),
    "no key": ('{"alice": []}', "clientKeys.alice: needs a key"),
    "one for two": (
        '{"alice": "key-of-alice-000001", "bob": "key-of-alice-000001"}',
        "clientKeys.bob: is a key of alice already",
    ),
    "that of a listed client missing": (KEYS["clientKeys"], "edge.clients.carol: has no key"),
}


@pytest.mark.parametrize("row", list(BAD_KEYS))
def test_keys_that_nobody_could_use_stop_the_program_without_being_repeated(
    row: str, stack_files: Mapping[str, StackFile], root: Path
) -> None:
    text, said = BAD_KEYS[row]
    nobody: Keys = {}
    keys = {**stack_files["dev"].keys, "edge": {"clients": {"carol": nobody}}}
    with pytest.raises(pulumi.RunError, match=re.escape(said)) as raised:
        record(root, PROJECT, "dev", Configured(PROJECT, keys, {"clientKeys": text}), "preview")
    assert not [
        word for word in ("hunter2", "key-of-alice-", "with spaces") if word in str(raised.value)
    ]


def test_a_key_stands_for_one_client_whichever_secret_it_is_in(
    stack_files: Mapping[str, StackFile], root: Path
) -> None:
    secrets = {**KEYS, "apiKey": "key-of-bob-00000001"}
    configured = Configured(PROJECT, stack_files["dev"].keys, secrets)
    with pytest.raises(pulumi.RunError, match=r"clientKeys\.bob: is apiKey or previousApiKey, too"):
        record(root, PROJECT, "dev", configured, "preview")


def test_a_plaintext_secret_stops_the_program_without_repeating_it(
    stack_files: Mapping[str, StackFile], root: Path
) -> None:
    configured = Configured(PROJECT, {**stack_files["dev"].keys, "apiKey": "hunter2"}, [])
    with pytest.raises(pulumi.RunError, match="must be encrypted") as raised:
        record(root, PROJECT, "dev", configured, "preview")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("first_to_go", "must_outlive_it"),
    [
        # A load balancer is deleted by the cloud controller, pods are drained by their nodes.
        ("kubernetes:core/v1:Service", "aws:eks/cluster:Cluster"),
        ("kubernetes:apps/v1:Deployment", "aws:autoscaling/group:Group"),
        # What acts inside the cluster needs a way out of the VPC until it is gone.
        *(
            (above, below)
            for above in (
                "kubernetes:apps/v1:Deployment",
                "kubernetes:core/v1:Service",
                "kubernetes:helm.sh/v3:Release",
                "aws:autoscaling/group:Group",
                "aws:eks/addon:Addon",
                "aws:eks/cluster:Cluster",
            )
            for below in (
                "aws:ec2/internetGateway:InternetGateway",
                "aws:ec2/natGateway:NatGateway",
                "aws:ec2/eip:Eip",
                "aws:ec2/routeTableAssociation:RouteTableAssociation",
                "aws:ec2/vpcEndpoint:VpcEndpoint",
            )
        ),
        # The autoscaler would bring back the nodes that are being deleted.
        ("kubernetes:helm.sh/v3:Release", "aws:autoscaling/group:Group"),
        ("kubernetes:helm.sh/v3:Release", "aws:eks/podIdentityAssociation:PodIdentityAssociation"),
        # Nodes need the network plug-in and its permissions until they are gone.
        ("aws:autoscaling/group:Group", "aws:eks/addon:Addon"),
        ("aws:autoscaling/group:Group", "aws:eks/accessEntry:AccessEntry"),
        ("aws:eks/cluster:Cluster", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"),
    ],
)
def test_what_is_still_needed_is_destroyed_later(
    first_to_go: str,
    must_outlive_it: str,
    stack_files: Mapping[str, StackFile],
    recording_of: Record,
) -> None:
    recording = recording_of(stack_files["prod"].keys, "deployment")
    types = {resource.urn: resource.type for resource in recording.resources}
    assert recording.of_type(first_to_go)
    for resource in recording.of_type(first_to_go):
        later = {types.get(urn) for urn in later_than(recording, resource.urn)}
        assert must_outlive_it in later, resource.name


def test_the_edge_is_gone_before_the_replicas_are(
    stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    recording = recording_of(stack_files["prod"].keys, "deployment")
    deployments = {r.name: r.urn for r in recording.of_type("kubernetes:apps/v1:Deployment")}
    replicas = {urn for name, urn in deployments.items() if "-deployment-vllm-" in name}
    services = {r.urn for r in recording.of_type("kubernetes:core/v1:Service") if "vllm-" in r.name}
    (edge,) = (urn for name, urn in deployments.items() if name.endswith("-deployment-edge"))
    later = later_than(recording, edge)
    assert replicas
    assert replicas | services <= later
    # Its own files must be there before it starts, and until it has ended.
    names = " ".join(urn.rpartition("::")[2] for urn in later)
    assert "-edge-edge-routes" in names
    assert "-edge-configmap-edge" in names


def test_images_are_looked_up_once_for_every_group_and_not_when_they_are_given(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    asked = [r.arguments["name"] for r in recording_of(keys, "preview").lookups]
    assert len(asked) == len(recording_of(keys, "preview").of_type("aws:autoscaling/group:Group"))
    assert not [name for name in asked if "/recommended/" in str(name)]
    given = {name: f"ami-0123456{place}" for place, name in enumerate([*keys["pools"], "system"])}
    keys["cluster"]["systemNodes"]["imageId"] = given["system"]
    for name, pool in keys["pools"].items():
        pool["imageId"] = given[name]
    recording = recording_of(keys, "preview")
    assert not recording.lookups
    templates = recording.of_type("aws:ec2/launchTemplate:LaunchTemplate")
    assert {template.inputs["imageId"] for template in templates} == {*given.values()}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_an_image_is_an_id_and_no_secret(
    stack: str, stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    # EC2 takes only parameters of data type aws:ec2:image by name, and those of EKS are text.
    templates = recording_of(stack_files[stack].keys, "preview").of_type(
        "aws:ec2/launchTemplate:LaunchTemplate"
    )
    images = [str(template.inputs["imageId"]) for template in templates]
    assert images
    assert not [image for image in images if not re.fullmatch(r"ami-[0-9a-f]{17}", image)]


def test_an_administrator_who_deploys_has_one_access_entry(
    stack_files: Mapping[str, StackFile], recording_of: Record
) -> None:
    recording = recording_of(stack_files["dev"].keys, "deployment")
    (cluster,) = recording.of_type("aws:eks/cluster:Cluster")
    access = mapping(cluster.inputs["accessConfig"])
    assert access["bootstrapClusterCreatorAdminPermissions"] is False
    principals = [
        e.inputs["principalArn"] for e in recording.of_type("aws:eks/accessEntry:AccessEntry")
    ]
    assert len(principals) == len(set(map(str, principals)))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_log_group_that_outlives_its_stack_has_its_command_in_the_docs(
    stack: str, stack_files: Mapping[str, StackFile], recording_of: Record, root: Path
) -> None:
    # EKS brings the group of a fixed name back with late lines; others get a name of their own.
    recording = recording_of(stack_files[stack].keys, "deployment")
    page = (root / "docs" / "destroy.md").read_text(encoding="utf-8")
    named = [g for g in recording.of_type("aws:cloudwatch/logGroup:LogGroup") if "name" in g.inputs]
    (group,) = named
    assert not group.retain_on_delete
    as_dev = str(group.inputs["name"]).replace(stack, "dev")
    assert f"--log-group-name {as_dev} " in page
    assert f"pulumi import {group.type} {group.name.replace(stack, 'dev')} {as_dev} " in page
