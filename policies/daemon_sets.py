"""DaemonSets: each reaches every node that it is meant for, whatever the node is tainted with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.nodes import (
    NEURON,
    NVIDIA,
    STARTUP_TAINT,
    node_config,
    node_labels,
    node_taints,
)
from tokenfleet.policies.values import mapping, mappings, parsed, pod_spec, texts
from tokenfleet.recording.recorded import RecordedResource, Recording

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
Toleration = Mapping[str, object]
_ALL: Sequence[Toleration] = ({"operator": "Exists"},)


@dataclass(frozen=True, kw_only=True)
class _DaemonSet:
    """A DaemonSet of an add-on or a chart.

    ``path`` leads to its tolerations in the configuration, ``default`` is what it has without;
    ``beside`` is the taint of the nodes it is meant for, where it is not meant for all.
    """

    path: Sequence[str]
    default: Sequence[Toleration] = _ALL
    beside: str = ""


# Defaults by the sources of the charts, 2026: aws/amazon-vpc-cni-k8s, aws/eks-pod-identity-agent,
# aws/eks-node-monitoring-agent, aws-neuron/neuron-helm-charts 1.0.0, NVIDIA/k8s-device-plugin.
# That of kube-proxy is general knowledge. Nothing: no DaemonSet in it (kedacore/charts keda: Deployments).
_BY_NAME: Mapping[str, Sequence[_DaemonSet]] = {
    "cluster-autoscaler": (),
    "coredns": (),
    "eks-node-monitoring-agent": (
        _DaemonSet(path=("nodeAgent", "tolerations")),
        _DaemonSet(path=("dcgmAgent", "tolerations"), default=(), beside=NVIDIA),
    ),
    "eks-pod-identity-agent": (_DaemonSet(path=("tolerations",)),),
    "keda": (),
    "kube-proxy": (_DaemonSet(path=("tolerations",)),),
    "metrics-server": (),
    "neuron-helm-chart": (
        _DaemonSet(
            path=("devicePlugin", "tolerations"),
            default=({"key": NEURON, "operator": "Exists", "effect": "NoSchedule"},),
            beside=NEURON,
        ),
    ),
    "nvidia-device-plugin": (
        _DaemonSet(
            path=("tolerations",),
            default=({"key": NVIDIA, "operator": "Exists", "effect": "NoSchedule"},),
            beside=NVIDIA,
        ),
    ),
    "vpc-cni": (_DaemonSet(path=("tolerations",)),),
}


def daemon_sets_tolerate(recording: Recording) -> Iterator[Finding]:
    """A device plug-in or a monitor that a taint keeps off its nodes is missed by nobody."""
    nodes = [node_config(template) for template in recording.of_type(_TEMPLATE)]
    for resource, name, configuration in _installed(recording):
        if name not in _BY_NAME:
            problem = f"{name}: say in policies/daemon_sets.py which DaemonSets it has"
            yield Finding(rule="daemon-sets-tolerate", resource=resource.urn, problem=problem)
        for known in _BY_NAME.get(name, ()):
            meant = [n for n in nodes if not known.beside or known.beside in node_taints(n)]
            given = _at(configuration, known.path)
            tolerations = known.default if given is None else [*mappings(given)]
            where = f"{name} {'.'.join(known.path)}"
            yield from _kept_off(resource, where, tolerations, meant)
    for resource in recording.of_type(_DAEMON_SET):
        pod = pod_spec(resource.inputs)
        wanted = mapping(pod.get("nodeSelector")).items()
        meant = [node for node in nodes if wanted <= node_labels(node).items()]
        yield from _kept_off(
            resource, "spec.tolerations", [*mappings(pod.get("tolerations"))], meant
        )


def startup_taints_go(recording: Recording) -> Iterator[Finding]:
    """Neuron nodes wait for their devices, and whatever waits is let go by a DaemonSet there."""
    for template in recording.of_type(_TEMPLATE):
        node = node_config(template)
        taints = node_taints(node)
        awaited = [key for key in taints if key.startswith(STARTUP_TAINT)]
        if NEURON in taints and not awaited:
            yield Finding(
                rule="startup-taints-go",
                resource=template.urn,
                problem=f"lacks a taint {STARTUP_TAINT}*: until its devices are registered the"
                " autoscaler buys another node",
            )
        for key in awaited:
            if not any(_removes(key, node, found) for found in recording.of_type(_DAEMON_SET)):
                problem = f"no DaemonSet on its nodes takes {key} away"
                yield Finding(rule="startup-taints-go", resource=template.urn, problem=problem)


def _removes(key: str, node: Mapping[str, object], daemon_set: RecordedResource) -> bool:
    pod = pod_spec(daemon_set.inputs)
    selected = mapping(pod.get("nodeSelector")).items() <= node_labels(node).items()
    commands = (texts(container.get("command")) for container in mappings(pod.get("containers")))
    return selected and any(key in command for command in commands)


def _installed(
    recording: Recording,
) -> Iterator[tuple[RecordedResource, str, Mapping[str, object]]]:
    """Add-ons of EKS and Helm releases, with their configuration."""
    for addon in recording.of_type("aws:eks/addon:Addon"):
        yield (
            addon,
            str(addon.inputs.get("addonName")),
            parsed(addon.inputs.get("configurationValues")),
        )
    for release in recording.of_type("kubernetes:helm.sh/v3:Release"):
        yield release, str(release.inputs.get("name")), mapping(release.inputs.get("values"))


def _at(configuration: Mapping[str, object], path: Sequence[str]) -> object:
    *sections, last = path
    for section in sections:
        configuration = mapping(configuration.get(section))
    return configuration.get(last)


def _kept_off(
    resource: RecordedResource,
    where: str,
    tolerations: Sequence[Toleration],
    nodes: Sequence[Mapping[str, object]],
) -> Iterator[Finding]:
    keys = {
        key
        for node in nodes
        for key, taint in node_taints(node).items()
        if not any(_tolerates(toleration, taint) for toleration in tolerations)
    }
    for key in sorted(keys):
        problem = f"{where} does not tolerate {key}: it never runs on such nodes"
        yield Finding(rule="daemon-sets-tolerate", resource=resource.urn, problem=problem)


def _tolerates(toleration: Toleration, taint: Mapping[str, object]) -> bool:
    """As the scheduler decides it (k8s.io/api core/v1 toleration.go)."""
    exists = toleration.get("operator") == "Exists"
    return (
        toleration.get("effect") in (None, "", taint.get("effect"))
        and (toleration.get("key") == taint.get("key") or (exists and not toleration.get("key")))
        and (exists or toleration.get("value", "") == taint.get("value", ""))
    )
