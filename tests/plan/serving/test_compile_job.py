"""The Job that compiles is gone before anything waits for it in vain, and writes where it may."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

# What `pulumi destroy` waits for a claim, whatever its annotations say (pulumi-kubernetes await.go).
PULUMI_WAITS_SECONDS = 600


@pytest.fixture
def pods(
    stack_files: Mapping[str, StackFile], plan_of: Callable[[Mapping[str, object]], Plan]
) -> Mapping[str, Any]:
    """The specifications of the Job and of a Deployment on Inferentia2."""
    serving = plan_of(stack_files["prod"].keys).serving
    manifests: Any = [*serving.compile_jobs.values(), *serving.manifests]
    named = {(found["kind"], found["metadata"]["name"]): found.get("spec") for found in manifests}
    replica = named["Deployment", "vllm-qwen25-7b"]
    return {"job": named["Job", "compile-qwen25-7b"], "replica": replica}


def test_a_finished_job_frees_the_claim_while_destroy_still_waits(pods: Mapping[str, Any]) -> None:
    claims = [v.get("persistentVolumeClaim") for v in pods["job"]["template"]["spec"]["volumes"]]
    assert any(claims)
    assert 60 <= pods["job"]["ttlSecondsAfterFinished"] <= PULUMI_WAITS_SECONDS / 2


@pytest.mark.parametrize("name", ["job", "replica"])
def test_neurons_compiler_writes_into_volumes(name: str, pods: Mapping[str, Any]) -> None:
    (container,) = pods[name]["template"]["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    writable = [
        mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")
    ]
    values = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    for path in (values["NEURON_COMPILE_CACHE_URL"], container["workingDir"]):
        assert any(f"{path}/".startswith(f"{folder}/") for folder in writable), path
