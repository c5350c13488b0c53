"""Deletions and Services, judged by what stands behind them: harmless only where that is seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.review.synthetic import resource, state
from tokenfleet.review.danger import Danger
from tokenfleet.review.review import stack_review

DEPLOYMENT, DAEMON_SET = "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:DaemonSet"
RELEASE, SERVICE = "kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:Service"
GROUP = "aws:autoscaling/group:Group"
OUTAGE, SETTINGS = Danger.OUTAGE, Danger.SETTINGS
POOL = "tokenfleet.io/pool"
NODES = "k8s.io/cluster-autoscaler/node-template/label/tokenfleet.io/pool"

Side = Sequence[dict[str, Any]]
Row = tuple[Side, Side, Danger, str]


def _pods(
    name: str = "engine",
    type_token: str = DEPLOYMENT,
    *,
    pool: str = "",
    asks: str = "cpu",
    app: str = "vllm",
    replicas: int = 1,
    ignored: Sequence[str] = (),
) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "a", "resources": {"limits": {asks: "1"}}}]}
    if pool:
        spec["nodeSelector"] = {POOL: pool}
    template = {"metadata": {"labels": {"app": app, "part": "serving"}}, "spec": spec}
    inputs = {
        "metadata": {"name": name, "namespace": "serving"},
        "spec": {"template": template, "replicas": replicas},
    }
    return resource(name, type_token, inputs, ignoreChanges=list(ignored))


def _group(pool: str) -> dict[str, Any]:
    return resource(f"group-{pool}", GROUP, {"tags": [{"key": NODES, "value": pool}]})


def _chart(chart: str, namespace: str = "kube-system") -> dict[str, Any]:
    return resource("chart", RELEASE, {"chart": chart, "namespace": namespace})


def _service(name: str = "address", **spec: object) -> dict[str, Any]:
    given = {"selector": {"app": "vllm"}, "ports": [{"port": 80}, {"port": 443}], **spec}
    metadata = {"name": name, "namespace": "serving"}
    return resource(name, SERVICE, {"metadata": metadata, "spec": given})


IDLE = _pods(replicas=0)
SCALED = resource(
    "scaled",
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
    {"spec": {"scaleTargetRef": {"name": "engine"}}},
)
TAINTS = _pods("taints", DAEMON_SET, pool="inf")
EVERYWHERE = _pods("everywhere", DAEMON_SET)
GPU, NEURON = "nvidia.com/gpu", "aws.amazon.com/neuron"
PLUGIN = "nvidia-device-plugin"
OCI = "oci://public.ecr.aws/neuron/neuron-helm-chart"
# What is there, what is there after, how dangerous the one deletion is, and why.
DELETED: Mapping[str, Row] = {
    "replicas": ([_pods()], [], OUTAGE, "every replica"),
    "no replica": ([IDLE], [], SETTINGS, "runs no replica"),
    "none for now, as something scales it": ([IDLE, SCALED], [SCALED], OUTAGE, "every replica"),
    "none by its order form, which Pulumi leaves": (
        [_pods(replicas=0, ignored=["spec.replicas"])],
        [],
        OUTAGE,
        "every replica",
    ),
    "pods on every node": ([EVERYWHERE], [], OUTAGE, "on every node is not seen here"),
    "pods on nodes that go": ([TAINTS, _group("inf")], [], SETTINGS, "no node of inf is left"),
    "pods on nodes that nobody sees": (
        [TAINTS, _pods(pool="inf")],
        [_pods(pool="inf")],
        OUTAGE,
        "for engine on nodes of inf is not seen",
    ),
    "pods on nodes of a model": (
        [TAINTS, _group("inf"), _pods(pool="inf")],
        [_group("inf"), _pods(pool="inf")],
        OUTAGE,
        "for engine on nodes of inf is not seen",
    ),
    "pods on nodes where one may be": (
        [TAINTS, _group("inf"), _pods()],
        [_group("inf"), _pods()],
        OUTAGE,
        "for engine on nodes of inf is not seen",
    ),
    "pods on nodes without a model": (
        [TAINTS, _group("inf"), _pods(pool="cpu")],
        [_group("inf"), _pods(pool="cpu")],
        SETTINGS,
        "no pod is left that it serves",
    ),
    "a plugin that is needed": (
        [_chart(PLUGIN), _pods(asks=GPU)],
        [_pods(asks=GPU)],
        OUTAGE,
        "engine: replicas that run go on; a new one finds no nvidia.com",
    ),
    "a plugin that nobody needs": (
        [_chart(PLUGIN), _pods(asks=NEURON)],
        [_pods(asks=NEURON)],
        SETTINGS,
        "no pod is left that asks for nvidia.com",
    ),
    "a plugin from a registry": (
        [_chart(OCI), _pods(asks=NEURON)],
        [_pods(asks=NEURON)],
        OUTAGE,
        "a new one finds no aws.amazon.com/neuron",
    ),
    "a plugin whose models go": ([_chart(OCI), _pods(asks=NEURON)], [], SETTINGS, "no pod is left"),
    "an autoscaler of groups that stay": (
        [_chart("cluster-autoscaler"), _group("cpu")],
        [_group("cpu")],
        OUTAGE,
        "a new one without a node gets none",
    ),
    "an autoscaler of groups that go": (
        [_chart("cluster-autoscaler"), _group("cpu")],
        [],
        SETTINGS,
        "no group is left",
    ),
    "an autoscaler of groups that nobody sees": (
        [_chart("cluster-autoscaler")],
        [],
        OUTAGE,
        "a new one without a node gets none",
    ),
    "a chart that nobody knows": ([_chart("cert-manager")], [], OUTAGE, "cert-manager"),
    "an address of a model": ([_service(), _pods()], [_pods()], OUTAGE, "who calls engine by it"),
    "an address and its model": ([_service(), _pods()], [], OUTAGE, "the address of a model"),
    "an address with another beside it": (
        [_service(), _service("new"), _pods()],
        [_service("new"), _pods()],
        OUTAGE,
        "engine answers at new, not at this name",
    ),
    "an address of nothing": (
        [_service(), _pods(app="other")],
        [_pods(app="other")],
        SETTINGS,
        "no pod is behind it",
    ),
    "an address of no replica": ([_service(), IDLE], [IDLE], SETTINGS, "no pod is behind it"),
    "an address of what a chart may run": (
        [_service(), _chart("x", "serving")],
        [_chart("x", "serving")],
        OUTAGE,
        "may have pods behind it",
    ),
    "an address without a selector": ([_service(selector={})], [], OUTAGE, "it selects no pods"),
}
TYPES = {DEPLOYMENT, DAEMON_SET, RELEASE, SERVICE}


@pytest.mark.parametrize(("before", "after", "danger", "why"), DELETED.values(), ids=list(DELETED))
def test_a_deletion_is_as_dangerous_as_what_is_left_behind_it(
    before: Side, after: Side, danger: Danger, why: str
) -> None:
    (change, *_) = (
        each
        for each in stack_review(state(before), state(after)).changes
        if each.urn == before[0]["urn"]
    )
    assert (change.action, change.danger) == ("delete", danger)
    assert why in "; ".join(change.because)
    assert ("with it goes" in "; ".join(change.because)) == (danger is OUTAGE)


LEADS: Mapping[str, Row] = {
    "to the same pods by more labels": (
        [_service(), _pods()],
        [_service(selector={"app": "vllm", "part": "serving"}), _pods()],
        SETTINGS,
        "",
    ),
    "to no pod": (
        [_service(), _pods()],
        [_service(selector={"app": "none"}), _pods()],
        OUTAGE,
        "it leads to no pod, not to engine",
    ),
    "to other pods": (
        [_service(), _pods(), _pods("other", app="other")],
        [_service(selector={"app": "other"}), _pods(), _pods("other", app="other")],
        OUTAGE,
        "it leads to other, not to engine",
    ),
    "to pods that moved with it": (
        [_service(), _pods()],
        [_service(selector={"app": "new"}), _pods(app="new")],
        SETTINGS,
        "",
    ),
    "by a port less": (
        [_service(), _pods()],
        [_service(ports=[{"port": 443}]), _pods()],
        OUTAGE,
        "nothing answers at port 80 of it any more",
    ),
    "by a port more": (
        [_service(ports=[{"port": 443}]), _pods()],
        [_service(), _pods()],
        SETTINGS,
        "",
    ),
    "without its load balancer": (
        [_service(type="LoadBalancer"), _pods()],
        [_service(type="ClusterIP"), _pods()],
        OUTAGE,
        "its load balancer goes",
    ),
}


@pytest.mark.parametrize(("before", "after", "danger", "why"), LEADS.values(), ids=list(LEADS))
def test_an_address_that_leads_elsewhere_is_an_outage(
    before: Side, after: Side, danger: Danger, why: str
) -> None:
    changes = stack_review(state(before), state(after)).changes
    (change,) = (each for each in changes if each.type == SERVICE)
    assert (change.action, change.danger) == ("update", danger)
    assert why in "; ".join(change.because)


def test_every_kind_that_is_judged_is_among_the_rows() -> None:
    assert {row[0][0]["type"] for row in DELETED.values()} == TYPES
