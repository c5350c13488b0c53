"""The Job that compiles a model ahead of time and publishes the result beside its revision."""

import math
from collections.abc import Mapping

from tokenfleet.catalogue.cold_start import cold_start_facts
from tokenfleet.plan.iam import COMPILER
from tokenfleet.plan.manifests.containers import (
    CONFINED,
    KEYS_MOUNT,
    KEYS_VOLUME,
    LOADER_MOUNT,
    OWN_KEY,
    Manifest,
    engine_mounts,
    literal,
    loader_environment,
    resources_of,
    started_in,
    warm_up,
)
from tokenfleet.plan.manifests.loaders import needed_to_compile
from tokenfleet.plan.manifests.pod import pod_base, volumes
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.serving.engine.process import CACHE_PATH, COMPILED_PATH, PORT, compile_command
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
        ValueError: when nothing is compiled for the model.
    """
    seconds = compile_seconds(model)
    labels = {"app.kubernetes.io/name": COMPILE, f"{LABEL_PREFIX}/model": model.name}
    code, kept = _what_and_where(model)
    settings = {
        **{variable.name: variable.value for variable in model.environment},
        **kept,
        "ENGINE_PORT": str(PORT),
        "COMPILE_SECONDS": str(seconds),
    }
    loaded = [snapshot for snapshot in model.snapshots if snapshot != code]
    container: Manifest = {
        "name": COMPILE,
        "image": model.image,
        # What it compiles is not there to be locked: the rest alone is.
        "command": ["bash", f"/loader/{COMPILE}", code, *compile_command(loaded)],
        "args": [literal(word) for word in model.argument_words],
        **started_in(model),
        "env": [
            *loader_environment(),
            *({"name": name, "value": literal(value)} for name, value in settings.items()),
            *([OWN_KEY] if model.compiled else []),
        ],
        "resources": resources_of(model, devices=True),
        "securityContext": CONFINED,
        "volumeMounts": [
            *engine_mounts(model),
            LOADER_MOUNT,
            *([KEYS_MOUNT] if model.compiled else []),
        ],
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
                    "volumes": [*volumes(model), *([KEYS_VOLUME] if model.compiled else [])],
                    "initContainers": needed_to_compile(model),
                    "containers": [container],
                },
            },
        },
    }


def _what_and_where(model: ModelPlan) -> tuple[str, Mapping[str, str]]:
    """The set that is to be published, and by what variables the script knows what goes into it.

    Only an engine that compiles as it answers is asked something, with the key that guards it.
    """
    if model.compiled is None:
        (artifacts,) = model.artifacts
        return artifacts, {"NEURON_COMPILED_ARTIFACTS": f"{CACHE_PATH}/artifacts"}
    return model.compiled, {"COMPILED_CODE": COMPILED_PATH, "WARM_UP": " ".join(warm_up(model))}
