"""The capacity controller in a whole program: what is there, in which order, and what it may do."""

import base64
import fnmatch
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.policies.order import later_than
from tokenfleet.policies.values import parsed, pod_spec
from tokenfleet.recording.recorded import Mode, RecordedResource, Recording

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
MODULES = Path(__file__).parents[3] / "tokenfleet" / "capacity"


@pytest.fixture(scope="module")
def prod(stack_files: Mapping[str, Any], recording_of: Record) -> Recording:
    """The prod stack of the tests."""
    return recording_of(stack_files["prod"].keys, "deployment")


def one(recording: Recording, pattern: str) -> RecordedResource:
    """The one resource whose URN ends so."""
    (found,) = (r for r in recording.resources if fnmatch.fnmatchcase(r.urn, f"*{pattern}"))
    return found


def inputs_of(recording: Recording, pattern: str) -> Keys:
    """The inputs of the one resource whose URN ends so."""
    return dict(one(recording, pattern).inputs)


def mounted(recording: Recording, volume: str, folder: Path) -> None:
    """Write a volume of the controller's pod as the kubelet does."""
    pod: Any = pod_spec(one(recording, ":Deployment::*-capacity-controller").inputs)
    (found,) = (v["configMap"] for v in pod["volumes"] if v["name"] == volume)
    config_map = inputs_of(recording, f":ConfigMap::*-configmap-{found['name']}")
    contents = {key: text.encode() for key, text in config_map.get("data", {}).items()}
    encoded = config_map.get("binaryData", {}).items()
    contents |= {key: base64.b64decode(text) for key, text in encoded}
    for item in found["items"]:
        path = folder / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents.pop(item["key"]))
    assert not contents, "in the ConfigMap, and mounted nowhere"


def test_all_that_the_controller_imports_of_ours_is_mounted(
    prod: Recording, tmp_path: Path
) -> None:
    mounted(prod, "code", tmp_path)
    rooms = [room for room in (MODULES / "controller", MODULES / "policy") if room.is_dir()]
    names = [
        ".".join(["tokenfleet.capacity", room.name, module.stem])
        for room in rooms
        for module in sorted(room.glob("*.py"))
        if module.stem not in ("__init__", "__main__")
    ]
    assert "tokenfleet.capacity.policy.decide" in names
    # The checkout is on no path: -I leaves out the working folder and PYTHONPATH, and an editable
    # install would show as a module from elsewhere.
    program = f"""
import importlib, sys
sys.path.insert(0, {str(tmp_path)!r})
for name in {names!r}:
    importlib.import_module(name)
print({{m.__file__.startswith({str(tmp_path)!r}) for n, m in sys.modules.items() if n.split(".")[0] == "tokenfleet"}})
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{True}\n", "")


def test_the_api_model_is_found_where_botocore_looks_and_knows_the_call(
    prod: Recording, tmp_path: Path
) -> None:
    mounted(prod, "api-model", tmp_path)
    model = tmp_path / "autoscaling" / "2011-01-01" / "service-2.json.gz"
    assert "LaunchInstances" in json.loads(gzip.decompress(model.read_bytes()))["operations"]


@pytest.mark.parametrize("volume", ["code", "api-model"])
def test_a_config_map_is_smaller_than_the_api_server_takes(
    volume: str, prod: Recording, tmp_path: Path
) -> None:
    mounted(prod, volume, tmp_path)
    sizes = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(sizes) < 2**20


def test_another_setting_starts_the_controller_anew(
    prod: Recording, keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    keys["pools"]["graviton4"]["care"] = 2
    after = recording_of(keys, "deployment")
    before, now = (inputs_of(r, ":Deployment::*-capacity-controller") for r in (prod, after))
    content = "tokenfleet.io/content"
    annotations = [i["spec"]["template"]["metadata"]["annotations"] for i in (before, now)]
    assert annotations[0][content] != annotations[1][content]


# id: what comes later on the way up and goes sooner on the way down, what before it
ORDER: Mapping[str, tuple[str, str]] = {
    "notices before nodes": (":Group::*-system-group-group", ":EventTarget::*-interruption"),
    "its groups before the controller": (
        ":Deployment::*-capacity-controller",
        ":Group::*-graviton4-spot-group",
    ),
    "on-demand groups before the controller": (
        ":Deployment::*-capacity-controller",
        ":Group::*-graviton4-on-demand-group",
    ),
    "the identity before the controller": (
        ":Deployment::*-capacity-controller",
        ":PodIdentityAssociation::*-capacity-association",
    ),
    "the queue before the controller": (
        ":Deployment::*-capacity-controller",
        ":Queue::*-notices-queue",
    ),
    "rights before the controller": (
        ":Deployment::*-capacity-controller",
        ":RoleBinding::*-rolebinding-capacity-controller",
    ),
    "the controller before models": (
        ":Deployment::*-vllm-qwen3-8b",
        ":Deployment::*-capacity-controller",
    ),
    "who may send before what is sent": (
        ":EventTarget::*-interruption",
        ":QueuePolicy::*-notices-access",
    ),
}


@pytest.mark.parametrize(("later", "before"), ORDER.values(), ids=list(ORDER))
def test_the_order_up_and_down(later: str, before: str, prod: Recording) -> None:
    assert one(prod, before).urn in later_than(prod, one(prod, later).urn)


def test_only_rules_of_the_stack_may_send_and_each_does(prod: Recording) -> None:
    rules = prod.of_type("aws:cloudwatch/eventRule:EventRule")
    targets = prod.of_type("aws:cloudwatch/eventTarget:EventTarget")
    queue = "arn:aws:sqs:us-east-1:111122223333:tokenfleet-dev-notices-queue"
    assert {target.inputs["arn"] for target in targets} == {queue}
    assert len(targets) == len(rules) == 4
    policy: Any = parsed(one(prod, ":QueuePolicy::*").inputs["policy"])
    (sending,) = (s for s in policy["Statement"] if s["Effect"] == "Allow")
    assert sending["Principal"] == {"Service": "events.amazonaws.com"}
    assert (sending["Action"], sending["Resource"]) == ("sqs:SendMessage", queue)
    senders = sending["Condition"]["ArnEquals"]["aws:SourceArn"]
    region = "arn:aws:events:us-east-1:111122223333:rule"
    assert sorted(senders) == sorted(f"{region}/{rule.name}" for rule in rules)


# id: an event, the rule that lets it through (none: nobody needs to hear it)
EVENTS: Mapping[str, tuple[Keys, str | None]] = {
    "notice": (
        {"source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning"},
        "interruption",
    ),
    "rebalance": (
        {"source": "aws.ec2", "detail-type": "EC2 Instance Rebalance Recommendation"},
        "rebalance",
    ),
    "an instance goes": (
        {
            "source": "aws.ec2",
            "detail-type": "EC2 Instance State-change Notification",
            "detail": {"state": "shutting-down"},
        },
        "state",
    ),
    "an instance comes": (
        {
            "source": "aws.ec2",
            "detail-type": "EC2 Instance State-change Notification",
            "detail": {"state": "running"},
        },
        None,
    ),
    "maintenance": (
        {
            "source": "aws.health",
            "detail-type": "AWS Health Event",
            "detail": {"service": "EC2", "eventTypeCategory": "scheduledChange"},
        },
        "health",
    ),
    "maintenance of something else": (
        {
            "source": "aws.health",
            "detail-type": "AWS Health Event",
            "detail": {"service": "RDS", "eventTypeCategory": "scheduledChange"},
        },
        None,
    ),
}


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """As EventBridge matches: every field named, with one of its values."""
    leaves = [key for key, wanted in pattern.items() if isinstance(wanted, list)]
    fields: dict[str, list[str]] = {key: pattern[key] for key in leaves}
    below: dict[str, Keys] = {key: pattern[key] for key in pattern.keys() - fields.keys()}
    return all(event.get(key) in wanted for key, wanted in fields.items()) and all(
        matches(wanted, event.get(key, {})) for key, wanted in below.items()
    )


@pytest.mark.parametrize(("event", "heard"), EVENTS.values(), ids=list(EVENTS))
def test_what_says_that_a_node_goes_is_heard(
    event: Keys, heard: str | None, prod: Recording
) -> None:
    rules = prod.of_type("aws:cloudwatch/eventRule:EventRule")
    through = [r.name for r in rules if matches(parsed(r.inputs["eventPattern"]), event)]
    assert through == ([f"tokenfleet-dev-notices-{heard}"] if heard else [])


def test_a_stack_without_spot_has_nothing_of_it(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    for pool in keys["pools"].values():
        pool["tiers"] = {"on-demand": {"max": 10}}
    recording = recording_of(keys, "deployment")
    signs = ("capacity-controller", "tokenfleet.io/capacity", "-notices", "scale-up-delay")
    found = {r.name for r in recording.resources for s in signs if s in f"{r.name} {r.inputs}"}
    assert not found
    assert not any("protectFromScaleIn': True" in f"{r.inputs}" for r in recording.resources)


def test_pods_leave_the_first_try_to_the_controller_where_there_is_one(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    keys["pools"]["h100"]["tiers"] = {"on-demand": {"max": 4}}
    recording = recording_of(keys, "deployment")
    assert _delay(one(recording, ":Deployment::*-vllm-qwen3-8b")) == "90s"
    assert _delay(one(recording, ":Deployment::*-vllm-gpt-oss-120b")) is None


def _delay(deployment: RecordedResource) -> object:
    inputs: Any = deployment.inputs
    annotations = inputs["spec"]["template"]["metadata"]["annotations"]
    return annotations.get("cluster-autoscaler.kubernetes.io/pod-scale-up-delay")
