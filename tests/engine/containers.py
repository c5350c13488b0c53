"""The engine containers that plans render: those of the tests' stacks, and of other hardware."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.plan.stack import Plan
from tokenfleet.recording.recorded import Recording
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]
Container = Mapping[str, Any]

# What those stacks do not have: hardware, instance type, model.
OTHERS: Mapping[str, tuple[str, str, str]] = {
    "fp8 on one L40S": ("l40s", "g6e.4xlarge", "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8"),
    "fp8 over eight H100": ("h100", "p5.48xlarge", "RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic"),
    "fp8 over eight H200": ("h200", "p5en.48xlarge", "Qwen/Qwen3-32B-FP8"),
    "bfloat16 over four L4": ("l4", "g6.12xlarge", "Qwen/Qwen3-14B"),
    "bfloat16 over eight A100": ("a100", "p4d.24xlarge", "meta-llama/Llama-3.3-70B-Instruct"),
    "mxfp4 on B200": ("b200", "p6-b200.48xlarge", "openai/gpt-oss-120b"),
    "two NUMA nodes of Graviton4": ("graviton4", "m8g.48xlarge", "Qwen/Qwen3-14B"),
}


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What a kubelet is told of a replica.

    ``files`` are those of ConfigMaps by its volumes, ``secrets`` the names of Secrets by theirs.
    """

    container: Container
    grace_seconds: int
    files: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, str]


def stack_with(keys: Keys, hardware: str, instance_type: str, model: str) -> Keys:
    """A copy of a stack that serves one model on one kind of hardware."""
    pool = {"hardware": hardware, "instanceTypes": [instance_type], "tiers": {"spot": {"max": 1}}}
    facts = model_facts(model)
    served = {
        "huggingFaceId": model,
        "revision": facts.revision,
        "pool": "pool",
        "contextLength": 8192,
        "replicas": {"max": 1},
    }
    return keys | {"pools": {"pool": pool}, "models": {"model": served}}


def unhurried(stack_file: StackFile) -> StackFile:
    """The same with a minute for requests of a replica that ends: a busy machine is slow."""
    keys: Keys = copy.deepcopy(dict(stack_file.keys))
    keys["edge"] = {"exposure": "cluster"}
    for model in keys["models"].values():
        model["longestRequestSeconds"] = 60
    return replace(stack_file, keys=keys)


def engine_containers(plan: Plan) -> Mapping[str, Container]:
    """The container of every model, by the model's name."""
    manifests = cast("Sequence[Mapping[str, Any]]", plan.serving.manifests)
    return {
        manifest["metadata"]["name"].removeprefix("vllm-"): _engine(_pod(manifest))
        for manifest in manifests
        if manifest["kind"] == "Deployment"
    }


def pod_of(recording: Recording, deployment: str) -> Pod:
    """The pod of a Deployment, with what it mounts."""
    objects = {
        (resource.inputs["kind"], resource.inputs["metadata"]["name"]): resource.inputs
        for resource in cast("Sequence[Any]", recording.resources)
        if resource.type.startswith("kubernetes:") and "kind" in resource.inputs
    }
    spec = _pod(objects["Deployment", deployment])
    return Pod(
        container=_engine(spec),
        grace_seconds=spec["terminationGracePeriodSeconds"],
        files={
            volume["name"]: objects["ConfigMap", volume["configMap"]["name"]]["data"]
            for volume in spec["volumes"]
            if "configMap" in volume
        },
        secrets={
            volume["name"]: volume["secret"]["secretName"]
            for volume in spec["volumes"]
            if "secret" in volume
        },
    )


def _pod(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    return deployment["spec"]["template"]["spec"]


def _engine(spec: Mapping[str, Any]) -> Container:
    (found,) = (container for container in spec["containers"] if container["name"] == "vllm")
    return found
