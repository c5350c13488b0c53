"""Order forms as users edit them: whatever a preview accepts is as any stack must be."""

import copy
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.edits import put
from tests.order_forms.any_stack import check
from tests.own_stacks import STACKS, own_stack
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import stack_names
from tokenfleet.weights.layout import snapshot_of
from tokenfleet.weights.mark import mark_of

Keys = dict[str, Any]
CONFIG = Path(__file__).parents[1] / "catalogue" / "small-decoder.config.json"
COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca"
ACCOUNT = "111122223333"
CREDENTIALS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
RESERVATION = {"capacityReservationId": "cr-0123456789abcdef0", "zone": "us-east-1b"}
SAID = {"source": "an offer", "date": "2026-11-01"}
AUTOSCALER = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/01234567-89ab-cdef-0123-456789abcdef"
INTERNAL = {"exposure": "internal", "allowedCidrs": ["198.51.100.0/24"]}
L4 = {"hardware": "l4", "instanceTypes": ["g6.4xlarge"], "tiers": {"spot": {"max": 4}}}
SMALL = {
    "huggingFaceId": "Qwen/Qwen3-0.6B",
    "revision": COMMIT,
    "pool": "graviton4",
    "contextLength": 4096,
    "replicas": {"max": 1},
}


class Forms(dict[str, Keys]):
    """The order forms of a project by stack, and what lies beside them."""

    def __init__(self, stacks: Mapping[str, Keys]) -> None:
        super().__init__(stacks)
        self.project = "tokenfleet"
        self.others: Keys = {}
        """Keys of other packages, in each."""

    def write(self, folder: Path) -> None:
        """As a project in a folder."""
        named = f"name: {self.project}\nruntime: python\n"
        (folder / "Pulumi.yaml").write_text(named, encoding="utf-8")
        for stack, keys in self.items():
            config = {f"{self.project}:{key}": value for key, value in keys.items()} | self.others
            text = yaml.safe_dump({"config": config}, sort_keys=False)
            (folder / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")


Edit = Callable[[Forms], None]


def copied(stack: str, name: str) -> Edit:
    """An edit: another stack like one that is there."""
    return lambda forms: forms.update({name: copy.deepcopy(forms[stack])})


def renamed(project: str) -> Edit:
    """An edit: another name of the project, and so of all keys."""
    return lambda forms: setattr(forms, "project", project)


def as_pulumi_writes(forms: Forms) -> None:
    """An edit: sections as JSON text, keys of other packages beside them."""
    forms["dev"]["network"] = json.dumps(forms["dev"]["network"])
    forms.others["aws:region"] = "us-east-1"


def is_published(forms: Forms) -> None:
    """An edit: what a model says once its weights are in the bucket."""
    model = forms["dev"]["models"]["qwen3-4b"]
    weights = snapshot_of(model["huggingFaceId"], model["revision"])
    model["published"] = mark_of("tokenfleet-dev in us-east-1", [weights])


def placed_in(region: str) -> Sequence[Edit]:
    """Edits: the dev stack in another region."""
    zones = [f"{region}a", f"{region}b"]
    return [put("dev.region", region), put("dev.network.zones", zones)]


POOL, MODEL = "dev.pools.graviton4", "dev.models.qwen3-4b"
EDITS: Mapping[str, Sequence[Edit]] = {
    "another region": placed_in("eu-central-1"),
    "a region without prices": placed_in("ap-southeast-7"),
    "prices of one's own": [
        *placed_in("ap-southeast-7"),
        put("dev.cost.prices", {"c8gd.4xlarge": {"usd": 0.9, "spotUsd": 0.4, **SAID}}),
    ],
    "another range, zones with their ids": [
        put("dev.network.cidr", "10.99.0.0/18"),
        put("dev.network.zones", ["us-east-1d", "us-east-1a", "us-east-1c"]),
        put("dev.network.zoneIds.us-east-1a", "use1-az1"),
        put("dev.network.zoneIds.us-east-1c", "use1-az2"),
        put("dev.network.zoneIds.us-east-1d", "use1-az4"),
    ],
    "endpoints and flow logs": [
        put("dev.network.interfaceEndpoints", ["ecr.api", "ecr.dkr", "sts"]),
        put("dev.network.flowLogs", value=True),
    ],
    "nothing but what is required": [
        put("dev.observability"),
        put("dev.cost"),
        put("dev.cluster", {"adminPrincipals": {"me": f"arn:aws:iam::{ACCOUNT}:role/Me"}}),
        put(f"{MODEL}.objective"),
        put(f"{MODEL}.traffic"),
    ],
    "the next Kubernetes, a shell on nodes": [
        put("dev.cluster.kubernetesVersion", "1.36"),
        put("dev.cluster.nodeAccess", "ssm"),
    ],
    "images by way of the account": [
        put("prod.account", ACCOUNT),
        put("prod.cluster.imageCache", {"enabled": True, "dockerHubSecretArn": CREDENTIALS}),
    ],
    "images of one's own": [
        put("dev.cluster.systemNodes.imageId", "ami-0123456789abcdef0"),
        put(f"{POOL}.imageId", "ami-01234567"),
        put("dev.cluster.digests", {AUTOSCALER: f"sha256:{'1' * 64}"}),
    ],
    "other hardware": [put("dev.pools", {"gpu": L4}), put(f"{MODEL}.pool", "gpu")],
    "nodes that are reserved, none on spot": [
        put(f"{POOL}.tiers.spot"),
        put(f"{POOL}.tiers.reserved", {"max": 1, "reservation": RESERVATION}),
    ],
    **{
        f"without {model} and its pool": [put(f"prod.models.{model}"), put(f"prod.pools.{pool}")]
        for model, pool in {
            "qwen3-8b": "graviton4",
            "qwen25-7b": "inferentia2",
            "gpt-oss-120b": "h100",
        }.items()
    },
    "a second model on a pool": [put("dev.models.small", SMALL)],
    "a model that the catalogue does not know": [
        put("dev.models.own", SMALL | {"huggingFaceId": "acme/own", "configJson": "own.json"})
    ],
    "adapters and arguments": [
        put(f"{MODEL}.adapters", {"a": {"huggingFaceId": "a/b", "revision": COMMIT, "rank": 16}}),
        put(f"{MODEL}.engineArguments.enable-auto-tool-choice", value=True),
        put(f"{MODEL}.engineArguments.tool-call-parser", "hermes"),
    ],
    "one replica and its node, always": [
        put(f"{MODEL}.replicas", {"min": 1, "max": 1}),
        put(f"{POOL}.tiers", {"on-demand": {"min": 1, "max": 1}}),
    ],
    "more load than it can carry": [put(f"{MODEL}.traffic.requestsPerSecond", 500)],
    "weights that are published": [is_published],
    "load balancers": [put("dev.edge", INTERNAL)],
    "load balancers with TLS": [put("dev.edge", INTERNAL | {"certificateArn": CERTIFICATE})],
    "a door to the internet": [
        put("dev.edge", INTERNAL | {"exposure": "public", "certificateArn": CERTIFICATE})
    ],
    "keys of one's own": [
        put("dev.apiKey", {"secure": "v1:abc"}),
        put("dev.previousApiKey", {"secure": "v1:def"}),
    ],
    "clients with keys and limits": [
        put("dev.clientKeys", {"alice": {"secure": "v1:abc"}, "bob": [{"secure": "v1:def"}]}),
        put("dev.edge", {"clients": {"alice": {"requestsPerMinute": 60, "priority": "batch"}}}),
    ],
    "a name that two entries share": [
        put("dev.models.second", SMALL | {"servedAs": "small"}),
        put("dev.models.third", SMALL | {"servedAs": "small", "fallback": 1}),
    ],
    "other tags, another budget": [
        put("dev.cost", {"monthlyBudgetUsd": 9, "tags": {"team": "a", "cost-centre": "b c"}})
    ],
    "a third stack": [copied("dev", "staging"), put("staging.network.cidr", "10.60.0.0/16")],
    "one stack, under another name": [copied("dev", "team-a"), put("dev"), put("prod")],
    "a project of another name": [put("prod"), renamed("acme")],
    "as pulumi config set writes it": [as_pulumi_writes],
}


@pytest.mark.parametrize("edits", EDITS.values(), ids=list(EDITS))
def test_an_edited_order_form_is_as_any_must_be(
    edits: Sequence[Edit], own_project: Path, tmp_path: Path
) -> None:
    before = {stack: dict(own_stack(stack).keys) for stack in STACKS}
    forms = Forms(copy.deepcopy(before))
    for edit in edits:
        edit(forms)
    shutil.copy(own_project / "__main__.py", tmp_path)
    shutil.copy(CONFIG, tmp_path / "own.json")
    forms.write(tmp_path)
    assert stack_names(read_project(tmp_path)) == sorted(forms)
    renewed = forms.project != Forms({}).project
    edited = [name for name, keys in forms.items() if renewed or keys != before.get(name)]
    assert edited
    for stack in edited:
        check(tmp_path, stack)
