"""Rendered containers on this machine: other folders, another port, and ``vllm`` a fake."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tests.storage import fake_vllm
from tests.storage.s3_server import S3Server
from tokenfleet.plan.stack import Plan

USERDATA = Path(__file__).parents[2] / "userdata"
# Until a test should fail.
SECONDS = 300
IMAGE = "/opt/program"
"""Where containers start unless they say something else: somewhere on the root of their image."""
FOLDERS = {"/cache": "cache", "/models": "models", "/tmp": "tmp", IMAGE: "image"}  # noqa: S108 - paths in the container

Container = Mapping[str, Any]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pods(plan: Plan, model: str) -> tuple[Container, Container]:
    """The pod of the Job that compiles a model, and that of its replicas."""
    manifests = cast("Sequence[Mapping[str, Any]]", plan.serving.manifests)
    names = {(found["kind"], found["metadata"]["name"]): found for found in manifests}
    job = cast("Mapping[str, Any]", plan.serving.compile_jobs[model])
    return _pod(job), _pod(names["Deployment", f"vllm-{model}"])


def _pod(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest["spec"]["template"]["spec"]


class Host:
    """A node with the folders of one pod at a time."""

    def __init__(self, server: S3Server, store_url: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self._server, self._store_url = server, store_url
        self._folders = {path: folder / name for path, name in FOLDERS.items()}
        self._bin = folder / "bin"
        for made in (*self._folders.values(), self._bin):
            made.mkdir()

    def run(
        self, container: Container, engine: str = "compile", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a container to its end; ``engine`` is how the fake behaves."""
        vllm = self._bin / "vllm"
        vllm.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{fake_vllm.__file__}" {engine} "$@"\n'
        )
        vllm.chmod(0o755)
        settings = {
            entry["name"]: self._here(entry["value"])
            for entry in container["env"]
            if "value" in entry
        }
        secrets = {e["name"]: "secret" for e in container["env"] if _is_secret(e)}
        mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
        writable = [
            p
            for path, p in self._folders.items()
            if path in mounts and not mounts[path].get("readOnly")
        ]
        return subprocess.run(
            [self._here(word) for word in (*container["command"], *container.get("args", ()))],
            check=False,
            cwd=self._folders[container.get("workingDir", IMAGE)],
            env={
                **os.environ,
                **self._server.environment(),
                **settings,
                **secrets,
                "MODEL_STORE_URL": self._store_url,
                "PATH": f"{self._bin}:{os.environ['PATH']}",
                "TMPDIR": str(self._folders["/tmp"]),  # noqa: S108 - a path in the container
                "WRITABLE": ":".join(map(str, writable)),
                **environment,
            },
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
        )

    def _here(self, text: str) -> str:
        for inside, outside in (
            ("/loader/", f"{USERDATA}/"),
            ("/scripts/", f"{USERDATA}/"),
            ("/models", str(self._folders["/models"])),
            ("/cache", str(self._folders["/cache"])),
            ("8000", self._port),
        ):
            text = text.replace(inside, outside)
        return text


def _is_secret(entry: Mapping[str, Any]) -> bool:
    return "secretKeyRef" in entry.get("valueFrom", {})
