"""A rendered container as a command of this machine, and every way in which the two differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.install import EngineTools
from tokenfleet.plan.serving import CACHE_PATH

# What the manifest says is kept, but for these, the model (a folder), the port (free ones are
# found, other engines run beside it) and the cache volume (a folder).
ARGUMENTS: Mapping[str, str] = {
    "--host": "127.0.0.1",  # a pod has a network of its own
    "--tensor-parallel-size": "1",  # a rank for each NUMA node, and here is one
}
ENVIRONMENT: Mapping[str, str] = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; the planned cache fills a node
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # "auto" would bind two engines to the same cores
    "OMP_NUM_THREADS": "1",  # with "nobind" each engine would take every core
    "VLLM_CPU_CI_ENV": "1",  # neither compiles nor warms up, which takes longer than all tests
    "HF_HUB_OFFLINE": "1",  # the model is here; nobody is to be asked about it
}


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is started, with nothing of this process's own environment."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    port: int
    model: str


def command_of(
    container: Mapping[str, Any],
    tools: EngineTools,
    *,
    port: int,
    folder: Path,
    secrets: Mapping[str, str],
    changes: Mapping[str, str] | None = None,
) -> Command:
    """How this machine starts a rendered container.

    ``secrets`` are the values of Secrets by name; ``changes`` are a test's own arguments.
    """
    _, *rendered = container["args"]
    flags = dict(argument.split("=", 1) for argument in rendered)
    name = flags["--served-model-name"]
    flags |= {**ARGUMENTS, "--port": str(port), **(changes or {})}
    environment = {"PATH": f"{tools.venv / 'bin'}:/usr/bin:/bin"}
    for variable in container["env"]:
        if "value" in variable:
            environment[variable["name"]] = variable["value"].replace(CACHE_PATH, str(folder))
            continue
        reference = variable["valueFrom"]["secretKeyRef"]
        if reference["name"] in secrets or not reference.get("optional"):
            environment[variable["name"]] = secrets[reference["name"]]
    return Command(
        arguments=[
            *container["command"],
            str(tools.model),
            *(f"{flag}={value}" for flag, value in flags.items()),
        ],
        environment={**environment, **ENVIRONMENT},
        port=port,
        model=name,
    )
