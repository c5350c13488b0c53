"""The Job that compiles a model ahead of time and publishes the result beside its revision."""

import math

from tokenfleet.catalogue.cold_start import cold_start_facts
from tokenfleet.plan.iam import COMPILER
from tokenfleet.plan.manifests.containers import (
    CONFINED,
    LOADER_MOUNT,
    Manifest,
    engine_mounts,
    literal,
    loader_container,
    loader_environment,
    resources_of,
    started_in,
)
from tokenfleet.plan.manifests.pod import pod_base
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.serving.engine import CACHE_PATH, PORT, compile_command
from tokenfleet.plan.serving.model import ModelPlan

COMPILE = "compile-artifacts"
"""The name of the script that compiles and publishes, and of the container that runs it."""
# Long enough for whoever follows its log to see the end, and well short of the ten minutes that
# `pulumi destroy` waits for the claim it names (pulumi-kubernetes await.go, Deletion): the pod of a
# finished Job still counts as a user of the claim (Kubernetes pvc_protection_controller.go,
# podUsesPVC), so a Job that stayed would keep it beyond that wait.
_FINISHED_SECONDS = 300
# Half as long again as the slowest compilation the figures know of: cut off, it begins anew.
_MARGIN = 1.5


def compile_seconds(model: ModelPlan) -> int:
    """How long a compilation may take: the slowest load, compilation and warm-up, and half more.

    Figures: ``catalogue/data/cold_start.yaml``, seconds for each 10^9 bytes of weights.
    """
    times, start = cold_start_facts().engines[model.engine], model.cold_start
    growing = times.compile_per_gb.high * model.weights_gb if times.compile_per_gb else 0.0
    starting = start.load.seconds.high + start.warm_up.seconds.high
    return math.ceil(_MARGIN * (starting + times.compile.high + growing) / 60) * 60


def compile_job(model: ModelPlan, pool: PoolPlan) -> Manifest:
    """The Job: a pod like a replica's, whose engine compiles and ends instead of serving.

    Raises:
        ValueError: when the model needs no artifacts.
    """
    weights, *_ = model.snapshots
    (artifacts,) = model.artifacts
    seconds = compile_seconds(model)
    labels = {"app.kubernetes.io/name": COMPILE, f"{LABEL_PREFIX}/model": model.name}
    settings = {
        **{variable.name: variable.value for variable in model.environment},
        "NEURON_COMPILED_ARTIFACTS": f"{CACHE_PATH}/artifacts",
        "ENGINE_PORT": str(PORT),
        "COMPILE_SECONDS": str(seconds),
    }
    container: Manifest = {
        "name": COMPILE,
        "image": model.image,
        # The artifacts are not there to be locked: the weights alone are.
        "command": ["bash", f"/loader/{COMPILE}", artifacts, *compile_command(weights)],
        "args": [literal(word) for word in model.argument_words],
        **started_in(model),
        "env": [
            *loader_environment(),
            *({"name": name, "value": literal(value)} for name, value in settings.items()),
        ],
        "resources": resources_of(model, devices=True),
        "securityContext": CONFINED,
        "volumeMounts": [*engine_mounts(model), LOADER_MOUNT],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"compile-{model.name}",
            "namespace": COMPILER.namespace,
            "labels": labels,
        },
        "spec": {
            "backoffLimit": 1,
            # Two tries, each on a node that first has to start.
            "activeDeadlineSeconds": 2 * (seconds + model.deadlines.rollout_seconds),
            "ttlSecondsAfterFinished": _FINISHED_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "restartPolicy": "Never",
                    "serviceAccountName": COMPILER.service_account,
                    **pod_base(model, pool),
                    "initContainers": [loader_container(model, weights, "load-weights")],
                    "containers": [container],
                },
            },
        },
    }
