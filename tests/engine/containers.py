"""The engine containers that plans render: those of committed stacks, and of other hardware."""

from collections.abc import Mapping
from typing import Any, cast

from tokenfleet.catalogue.models import model_facts
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
Container = Mapping[str, Any]

# What the committed stacks do not have: hardware, instance type, model.
OTHERS: Mapping[str, tuple[str, str, str]] = {
    "fp8 on one L40S": ("l40s", "g6e.4xlarge", "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8"),
    "fp8 over eight H100": ("h100", "p5.48xlarge", "RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic"),
    "fp8 over eight H200": ("h200", "p5en.48xlarge", "Qwen/Qwen3-32B-FP8"),
    "bfloat16 over four L4": ("l4", "g6.12xlarge", "Qwen/Qwen3-14B"),
    "bfloat16 over eight A100": ("a100", "p4d.24xlarge", "meta-llama/Llama-3.3-70B-Instruct"),
    "mxfp4 on B200": ("b200", "p6-b200.48xlarge", "openai/gpt-oss-120b"),
    "two NUMA nodes of Graviton4": ("graviton4", "m8g.48xlarge", "Qwen/Qwen3-14B"),
}


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


def engine_containers(plan: Plan) -> Mapping[str, Container]:
    """The container of every model, by the model's name."""
    deployments = [
        cast("Mapping[str, Any]", manifest)
        for manifest in plan.serving.manifests
        if manifest["kind"] == "Deployment"
    ]
    return {
        deployment["metadata"]["name"].removeprefix("vllm-"): container
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
        if container["name"] == "vllm"
    }
