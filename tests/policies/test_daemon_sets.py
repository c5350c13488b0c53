"""Mistakes that keep DaemonSets off the nodes they are meant for."""

from collections.abc import Mapping

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    assert_reported_alone,
    changed,
    pick,
    removed,
    reported,
)
from tests.policies.test_nodes import TEMPLATE, in_user_data
from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.recorded import Recording

MONITORING = ":Addon::*-eks-node-monitoring-agent"
CNI = ":Addon::*-vpc-cni"
NEURON_PLUGIN, NVIDIA_PLUGIN = ":Release::*-neuron-helm-chart", ":Release::*-nvidia-device-plugin"
OURS = ":DaemonSet::*-startup-taint-inferentia2"
POD = ("spec", "template", "spec")
STARTUP = '{"key": "startup-taint.cluster-autoscaler.kubernetes.io/neuron", "value": "pending", "effect": "NoSchedule"}'
ON_NEURON = '{"tolerations": [{"key": "aws.amazon.com/neuron", "operator": "Exists"}]}'
ONE_VALUE = [{"key": "nvidia.com/gpu", "operator": "Equal", "value": "a"}]
ANOTHER_EFFECT = [{"operator": "Exists", "effect": "NoExecute"}]


def kept_off(plant: Plant, on: str, says: str) -> Planted:
    """A DaemonSet that a taint keeps off."""
    return Planted(plant=plant, rule="daemon-sets-tolerate", on=on, says=says)


def waiting(plant: Plant, says: str) -> Planted:
    """A node that waits for nobody, or for ever."""
    return Planted(plant=plant, rule="startup-taints-go", on=TEMPLATE, says=says)


MISTAKES: Mapping[str, Planted] = {
    "GPU monitor as it comes": kept_off(
        changed(MONITORING, "configurationValues", to=...),
        MONITORING,
        "dcgmAgent.tolerations does not tolerate nvidia.com/gpu",
    ),
    "GPU monitor that tolerates another taint": kept_off(
        changed(MONITORING, "configurationValues", to=f'{{"dcgmAgent": {ON_NEURON}}}'),
        MONITORING,
        "dcgmAgent.tolerations does not tolerate nvidia.com/gpu",
    ),
    "GPU plug-in that tolerates nothing": kept_off(
        changed(NVIDIA_PLUGIN, "values", "tolerations", to=[]),
        NVIDIA_PLUGIN,
        "does not tolerate nvidia.com/gpu",
    ),
    "Neuron plug-in as it comes": kept_off(
        changed(NEURON_PLUGIN, "values", "devicePlugin", to=...),
        NEURON_PLUGIN,
        "does not tolerate startup-taint.",
    ),
    "GPU plug-in for one value": kept_off(
        changed(NVIDIA_PLUGIN, "values", "tolerations", to=ONE_VALUE),
        NVIDIA_PLUGIN,
        "does not tolerate nvidia.com/gpu",
    ),
    "GPU plug-in for another effect": kept_off(
        changed(NVIDIA_PLUGIN, "values", "tolerations", to=ANOTHER_EFFECT),
        NVIDIA_PLUGIN,
        "does not tolerate nvidia.com/gpu",
    ),
    "remover without the startup taint": kept_off(
        changed(OURS, *POD, "tolerations", 1, to={"key": "other", "operator": "Exists"}),
        OURS,
        "does not tolerate startup-taint.",
    ),
    "add-on that nobody looked at": kept_off(
        changed(CNI, "addonName", to="aws-efa-device-plugin"), CNI, "say in policies/daemon_sets.py"
    ),
    "node that waits for no device": waiting(
        in_user_data(f", {STARTUP}", ""), "the autoscaler buys another node"
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "GPU monitor that tolerates GPUs": changed(
        MONITORING,
        "configurationValues",
        to='{"dcgmAgent": {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]}}',
    ),
    "no GPU plug-in at all": removed(NVIDIA_PLUGIN),
    "remover that tolerates everything": changed(
        OURS, *POD, "tolerations", to=[{"operator": "Exists"}]
    ),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_a_daemon_set_that_stays_away_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_daemon_sets_that_reach_their_nodes_are_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []


@pytest.mark.parametrize(
    "plant",
    [
        removed(OURS),
        changed(
            OURS, *POD, "containers", 0, "command", to=["python3", "startup_taint.py", "other"]
        ),
        changed(OURS, *POD, "nodeSelector", to={"tokenfleet.io/pool": "graviton4"}),
    ],
    ids=["none", "for another taint", "elsewhere"],
)
def test_every_node_that_would_wait_for_ever_is_reported(plant: Plant, prod: Recording) -> None:
    found = [f for f in findings(plant(prod)) if f.rule == "startup-taints-go"]
    assert len(found) == 2
    assert all("no DaemonSet on its nodes takes" in finding.problem for finding in found)


@pytest.mark.parametrize("path", [OURS, ":ClusterRole::*-startup-taint"])
def test_a_stack_without_neuron_has_nothing_for_it(path: str, dev: Recording) -> None:
    with pytest.raises(AssertionError, match="nothing in the recording"):
        pick(dev, path)
