"""The containers that run before the engine: what it loads is there, whole, or it does not start."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.manifests.containers import (
    CACHE_MOUNT,
    CONFINED,
    LOADER,
    LOADER_MOUNT,
    MODEL_CACHE,
    Manifest,
    loader_environment,
    resources_of,
)
from tokenfleet.plan.serving.engine.process import COMPILED_PATH, COMPILED_STATE, MODELS_PATH
from tokenfleet.plan.serving.model import ModelPlan

LOAD_COMPILED = "load-compiled"
"""The name of the script, and of the container, that puts compiled code where the engine finds it."""
# A replica waits no longer for what it can do without.
_COMPILED_SECONDS = 60


def loader_containers(model: ModelPlan) -> Sequence[Manifest]:
    """One for each snapshot, in turn: the disk is the limit of each."""
    return [
        *needed_to_compile(model),
        *(_loader(model, "load-artifacts", snapshot) for snapshot in model.artifacts),
        *([_compiled(model, model.compiled)] if model.compiled else []),
    ]


def needed_to_compile(model: ModelPlan) -> Sequence[Manifest]:
    """Those of what an engine loads besides compiled code."""
    weights, *others = model.snapshots
    draft = model.speculation and model.speculation.draft
    adapters = [s for s in others if s not in model.artifacts and s != draft]
    return [
        _loader(model, "load-weights", weights),
        *(_loader(model, f"load-adapter-{n}", s) for n, s in enumerate(adapters, 1)),
        *([_loader(model, "load-draft", draft)] if draft in others else []),
    ]


def _loader(model: ModelPlan, name: str, snapshot: str) -> Manifest:
    """Guarantees what the node began to fetch when it booted; ready weights cost nothing."""
    return _container(model, name, _script(LOADER, snapshot), {}, [])


def _compiled(model: ModelPlan, snapshot: str) -> Manifest:
    """Puts compiled code where the engine looks for it, if there is some that is good for the node."""
    settings = {
        "LOADER_SECONDS": str(_COMPILED_SECONDS),
        "COMPILED_CODE": COMPILED_PATH,
        "COMPILED_STATE": COMPILED_STATE,
    }
    command = _script(LOAD_COMPILED, snapshot)
    return _container(model, LOAD_COMPILED, command, settings, [CACHE_MOUNT])


def _script(name: str, snapshot: str) -> Sequence[str]:
    return ["bash", f"/loader/{name}", snapshot]


def _container(
    model: ModelPlan,
    name: str,
    command: Sequence[str],
    settings: Mapping[str, str],
    mounts: Sequence[Manifest],
) -> Manifest:
    variables = {"MODEL_CACHE": MODELS_PATH, **settings}
    return {
        "name": name,
        # The engine's own image has all that the loader needs: nothing more to pull.
        "image": model.image,
        "command": command,
        "env": [
            *loader_environment(),
            *({"name": variable, "value": value} for variable, value in variables.items()),
        ],
        # The pod asks for the larger of this and the engine's: the same, so that it costs nothing
        # and the pages it reads to check them are within the limit.
        "resources": resources_of(model, devices=False),
        "securityContext": CONFINED,
        "volumeMounts": [
            {"name": MODEL_CACHE, "mountPath": MODELS_PATH},
            LOADER_MOUNT,
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the container
            *mounts,
        ],
    }
