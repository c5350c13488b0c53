"""The real API server takes every object of scaling, and its pods are as restricted as they say."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from tests.cluster.api import Api, Object, Refused
from tests.cluster.fleet import FleetOf
from tests.own_stacks import STACKS
from tokenfleet.plan.scaling.installation import ScalingPlan, plan_scaling_of
from tokenfleet.plan.stack import Plan


def _published(plan: Plan) -> ScalingPlan:
    models = [replace(model, published=True) for model in plan.models]
    (found,) = plan_scaling_of(models, {}, capacity=True)
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_of_scaling_is_accepted(
    stack: str, fleet_of: FleetOf, api: Api, install_crds: Callable[[str, str], None]
) -> None:
    install_crds("keda-operator", "config/crd/bases")
    fleet = fleet_of(stack)
    fleet.prepare()
    scaling = _published(fleet.plan)
    (capacity,) = fleet.plan.capacity
    for namespace in (scaling.namespace, capacity.namespace):
        api.apply(namespace)
    for manifest in scaling.manifests:
        assert api.apply(manifest, dry_run=True)["kind"] == manifest["kind"]
    for manifest in scaling.scaled_objects:
        found: Object = dict(manifest)
        found["metadata"] = {**found["metadata"], "namespace": fleet.namespace}
        assert api.apply(found, dry_run=True)["spec"] == manifest["spec"]
        found["spec"] = {**found["spec"], "minReplicas": 1}
        with pytest.raises(Refused, match="minReplicas"):
            api.apply(found, dry_run=True)


def test_prometheus_is_restricted(plans: Mapping[str, Plan], api: Api) -> None:
    scaling = _published(plans["dev"])
    namespace: Object = dict(scaling.namespace)
    api.apply(namespace)
    deployment: Object = dict(next(m for m in scaling.manifests if m["kind"] == "Deployment"))
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "prometheus", "namespace": namespace["metadata"]["name"]},
        "spec": deployment["spec"]["template"]["spec"],
    }
    assert api.create(pod, dry_run=True)
    del pod["spec"]["securityContext"]
    with pytest.raises(Refused, match="violates PodSecurity"):
        api.create(pod, dry_run=True)
