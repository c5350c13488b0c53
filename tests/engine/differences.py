"""A rendered container as a command of this machine, and every way in which the two differ."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.containers import Pod
from tests.engine.install import EngineTools

# What the manifest says is kept, but for these, the weights (those of a tiny model), the port
# (others run beside it) and the mounted volumes (folders of the test).
ARGUMENTS: Mapping[str, str | None] = {
    "--host": "127.0.0.1",  # a pod has a network of its own
    "--tensor-parallel-size": "1",  # a rank for each NUMA node, and here is one
    "--enforce-eager": "",  # compiling takes a third of the time of a start
}
ENVIRONMENT: Mapping[str, str] = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; the planned cache fills a node
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # "auto" would bind two engines to the same cores
    "OMP_NUM_THREADS": "1",  # with "nobind" each engine would take every core
    "VLLM_HOST_IP": "127.0.0.1",  # a pod has a network of its own
    "PYTHONPYCACHEPREFIX": "",  # none: this venv keeps byte code, which a pod's image does not
}
# Given once for each value; other flags take all of theirs at once.
_REPEATED = frozenset({"--middleware"})
# Emptied by every boot, and large enough, here as well.
_SHARED = ("/tmp", "/dev/shm")  # noqa: S108 - paths in the container


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """Where the container's paths and its port are on this machine."""

    folder: Path
    mounts: Mapping[str, str]
    rendered_port: int
    port: int

    def paths(self, text: str) -> str:
        """What the container says, with the paths of this machine."""
        known = "|".join(re.escape(path) for path in sorted(self.mounts, reverse=True))
        pattern = rf"(?<![\w./-])({known})(?![\w.-])"
        return re.sub(pattern, lambda match: self.mounts[match[1]], text)

    def here(self, text: str) -> str:
        """What a hook or a script says, with the paths and the port of this machine."""
        return re.sub(rf"\b{self.rendered_port}\b", str(self.port), self.paths(text))


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is started, with nothing of this process's own environment."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    model: str
    sandbox: Sandbox


def command_of(
    pod: Pod,
    tools: EngineTools,
    model: Path,
    *,
    port: int,
    folder: Path,
    secrets: Mapping[str, Mapping[str, str]],
    arguments: Mapping[str, str | None],
    environment: Mapping[str, str],
) -> Command:
    """How this machine starts the engine of a rendered pod, with ``model`` for its weights.

    Its volumes are made in ``folder``; ``secrets`` are the contents of Secrets by name;
    ``arguments`` and ``environment`` are a test's own; an argument that is nothing is left out.
    """
    sandbox = _sandbox(pod, model, port, folder, secrets)
    weights, *rendered = pod.container["args"]
    flags = _flags(rendered)
    ours = {**ARGUMENTS, "--port": str(port), **arguments}
    changed = flags | {flag: value if value is None else [value] for flag, value in ours.items()}
    values = {entry["name"]: _value(entry, sandbox, secrets) for entry in pod.container["env"]}
    return Command(
        arguments=[
            *map(sandbox.here, pod.container["command"]),
            sandbox.paths(weights),
            *(
                word
                for flag, values in changed.items()
                if values is not None
                for words in ([[v] for v in values] if flag in _REPEATED else [values])
                for word in (flag, *(sandbox.paths(value) for value in words if value))
            ),
        ],
        environment={
            "PATH": f"{tools.venv / 'bin'}:/usr/bin:/bin",
            **values,
            **ENVIRONMENT,
            **environment,
        },
        model=flags["--served-model-name"][0],
        sandbox=sandbox,
    )


def _flags(words: Sequence[str]) -> dict[str, list[str]]:
    """Flags with what follows them, after an equals sign or as words of their own."""
    flags: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            flags[flag] = flags.get(flag, []) + ([value] if equals else [])
        else:
            [*flags.values()][-1].append(word)
    return flags


def _value(
    entry: Mapping[str, Any], sandbox: Sandbox, secrets: Mapping[str, Mapping[str, str]]
) -> str:
    if "value" in entry:
        return sandbox.paths(entry["value"])
    wanted = entry["valueFrom"]["secretKeyRef"]
    return secrets[wanted["name"]][wanted["key"]]


def _sandbox(
    pod: Pod,
    model: Path,
    port: int,
    folder: Path,
    secrets: Mapping[str, Mapping[str, str]],
) -> Sandbox:
    (rendered_port,) = (entry["containerPort"] for entry in pod.container["ports"])
    mounts = [m for m in pod.container["volumeMounts"] if m["mountPath"] not in _SHARED]
    sandbox = Sandbox(
        folder=folder,
        mounts={m["mountPath"]: str(folder / m["name"] / m.get("subPath", "")) for m in mounts},
        rendered_port=rendered_port,
        port=port,
    )
    for name in {mount["name"] for mount in mounts}:
        (folder / name).mkdir()
        for file, text in pod.files.get(name, {}).items():
            (folder / name / file).write_text(sandbox.here(text), encoding="utf-8")
        for file, text in secrets.get(pod.secrets.get(name, ""), {}).items():
            (folder / name / file).write_text(text, encoding="utf-8")
    # As the loader leaves a snapshot: its files, and beside them what says that they are all there.
    weights, *arguments = pod.container["args"]
    adapters = [word.partition("=")[2] for word in _flags(arguments).get("--lora-modules", [])]
    kinds = [(weights, model), *((path, model / "adapter") for path in adapters)]
    for path, source in kinds:
        files = Path(sandbox.paths(path))
        files.parent.mkdir()
        files.symlink_to(source)
        (files.parent / "READY").touch()
    return sandbox
