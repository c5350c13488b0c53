"""The container of the engine, and what it has in common with those before it."""

import math
from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.plan.serving.drain import DrainPlan
from tokenfleet.plan.serving.engine.chat_template import FOLDER as TEMPLATE_PATH
from tokenfleet.plan.serving.engine.process import (
    CACHE_PATH,
    COMPILED_STATE,
    KEYS_PATH,
    MODELS_PATH,
    PORT,
    SCRIPTS_PATH,
)
from tokenfleet.plan.serving.limits.admission import AdmissionPlan
from tokenfleet.plan.serving.model import ModelPlan

Manifest = Mapping[str, object]

LOADER = "model-loader"
"""The name of the ConfigMap with the loader and what it must know, and of the volume with it."""
LOADER_SETTINGS = ("MODEL_STORE_URL", "AWS_REGION")
SCRIPTS = "engine-scripts"
"""The name of the ConfigMap with what probes and hooks run, and what the engine is extended by."""
WARM_UP, WAIT_UNTIL_IDLE, ENGINE_FRONT = "warm_up.py", "wait_until_idle.py", "engine_front.py"
ACCEPTED_KEYS, COMPILED_CODE = "accepted_keys.py", "compiled_code.py"
MODEL_CACHE = "model-cache"
"""The name of the volume, and of the claim, that is the cache of whatever node a pod is on."""
API_KEY_SECRET = "vllm-api-key"  # noqa: S105 - the name of a Secret, not its content
METRICS_KEY_SECRET = "vllm-metrics-key"  # noqa: S105 - as above
KEY_FILE = "value"
"""The key of the Secrets of a key."""
CHAT_TEMPLATE = "chat-template"
"""The name of the volume with a template of the stack's own."""
OWN_KEY: Manifest = {
    "name": "VLLM_API_KEY",
    "valueFrom": {"secretKeyRef": {"name": API_KEY_SECRET, "key": KEY_FILE}},
}
"""The engine's own key, as a variable."""
KEYS_VOLUME: Manifest = {"name": "api-keys", "secret": {"secretName": API_KEY_SECRET}}
KEYS_MOUNT: Manifest = {"name": "api-keys", "mountPath": KEYS_PATH, "readOnly": True}
CONFINED: Manifest = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
LOADER_MOUNT: Manifest = {"name": LOADER, "mountPath": "/loader", "readOnly": True}
CACHE_MOUNT: Manifest = {"name": "cache", "mountPath": CACHE_PATH}
_ENGINE_MOUNTS: Sequence[Manifest] = (
    {"name": MODEL_CACHE, "mountPath": MODELS_PATH, "readOnly": True},
    {"name": SCRIPTS, "mountPath": SCRIPTS_PATH, "readOnly": True},
    CACHE_MOUNT,
    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the container
    {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - a path in the container
)
_PROBE_SECONDS = 10


def engine_container(model: ModelPlan) -> Manifest:
    """The engine, ready once it has answered what clients will ask."""
    return {
        "name": "vllm",
        "image": model.image,
        "command": list(model.command),
        "args": [literal(word) for word in model.argument_words],
        **started_in(model),
        "env": [
            *({"name": found.name, "value": literal(found.value)} for found in model.environment),
            OWN_KEY,
            *([{"name": "COMPILED_STATE", "value": COMPILED_STATE}] if model.compiled else []),
            *({"name": name, "value": str(most)} for name, most in _bounds(model.admission)),
            {
                # Not VLLM_...: vLLM warns of variables that it does not know.
                "name": "METRICS_KEY",
                "valueFrom": {"secretKeyRef": {"name": METRICS_KEY_SECRET, "key": KEY_FILE}},
            },
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": resources_of(model, devices=True),
        "startupProbe": {
            "exec": {"command": warm_up(model)},
            "periodSeconds": _PROBE_SECONDS,
            "timeoutSeconds": math.ceil(model.cold_start.warm_up.seconds.high),
            "failureThreshold": -(-model.deadlines.start_seconds // _PROBE_SECONDS),
        },
        "readinessProbe": {**_health_probe(), "failureThreshold": 3},
        "livenessProbe": {**_health_probe(), "failureThreshold": 6},
        "lifecycle": {"preStop": _pre_stop(model.drain)},
        "securityContext": CONFINED,
        "volumeMounts": [
            *engine_mounts(model),
            KEYS_MOUNT,
        ],
    }


def _bounds(admission: AdmissionPlan) -> Iterator[tuple[str, int]]:
    """What is in front of the engine refuses beyond.

    The share of batch clients is told where there are none, too: a client's priority is the edge's
    business and restarts no replica.
    """
    if not admission.engine_holds:
        yield "REQUESTS_BOUND", admission.bound
    yield "BATCH_BOUND", admission.batch_bound


def engine_mounts(model: ModelPlan) -> Sequence[Manifest]:
    """What a container of the engine sees of its pod's volumes, served or compiled for."""
    template = {"name": CHAT_TEMPLATE, "mountPath": TEMPLATE_PATH, "readOnly": True}
    return [*_ENGINE_MOUNTS, *([template] if model.chat_template else [])]


def literal(text: str) -> str:
    """A word of a command, or the value of a variable, as the kubelet hands it on unchanged.

    It puts variables, secret ones too, where it finds $(NAME), and takes $$ for a single $
    (kubernetes.io, "Define Dependent Environment Variables"; expansion/expand.go).
    """
    return text.replace("$", "$$")


def started_in(model: ModelPlan) -> Manifest:
    """The working directory of a container of the engine, where it is not the image's."""
    return {"workingDir": model.working_directory.value} if model.working_directory else {}


def loader_environment() -> Sequence[Manifest]:
    """Where the models are, which only the deployed bucket knows."""
    return [
        {"name": name, "valueFrom": {"configMapKeyRef": {"name": LOADER, "key": name}}}
        for name in LOADER_SETTINGS
    ]


def resources_of(model: ModelPlan, *, devices: bool) -> Manifest:
    """What a container of the model asks for, with or without the node's devices.

    No CPU limit: the quota is not seen by the engine, which would oversubscribe it.
    """
    requests = {
        "cpu": f"{model.resources.millicpu}m",
        "memory": f"{model.resources.memory_mib}Mi",
        "ephemeral-storage": f"{model.resources.ephemeral_gib}Gi",
    }
    owned = model.resources.devices.items() if devices else ()
    extended = {name: str(count) for name, count in owned}
    return {
        "requests": {**requests, **extended},
        "limits": {"memory": requests["memory"], **extended},
    }


def warm_up(model: ModelPlan) -> Sequence[str]:
    """Asks the engine for what clients will ask."""
    return ["python3", f"{SCRIPTS_PATH}/{WARM_UP}", model.served_as, str(PORT), model.warm_up.kind]


def _pre_stop(drain: DrainPlan) -> Manifest:
    """Waits until no client chooses the replica; and, where the engine drops them, for requests."""
    if not drain.idle_wait_seconds:
        return {"sleep": {"seconds": drain.propagation_seconds}}
    seconds = (str(drain.propagation_seconds), str(drain.idle_wait_seconds))
    script = f"{SCRIPTS_PATH}/{WAIT_UNTIL_IDLE}"
    return {"exec": {"command": ["python3", script, str(PORT), *seconds]}}


def _health_probe() -> Manifest:
    return {
        "httpGet": {"path": "/health", "port": "http"},
        "periodSeconds": _PROBE_SECONDS,
        # The engine answers late while it batches; the default of one second kills it.
        "timeoutSeconds": 5,
    }
