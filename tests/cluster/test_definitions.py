"""CRDs of the pinned controllers can be had, and refuse what they should."""

from collections.abc import Callable

import pytest

from tests.cluster.api import Api, Object, Refused


def _scaled_object(**spec: object) -> Object:
    trigger = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "50"}}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "probe", "namespace": "default"},
        "spec": {"scaleTargetRef": {"name": "vllm"}, "triggers": [trigger], **spec},
    }


def test_a_definition_is_that_of_the_pinned_controller(
    install_crds: Callable[[str, str], None], api: Api
) -> None:
    install_crds("keda-operator", "config/crd/bases")
    assert api.create(_scaled_object(minReplicaCount=1), dry_run=True)
    with pytest.raises(Refused, match="minReplicas"):
        api.create(_scaled_object(minReplicas=1), dry_run=True)
