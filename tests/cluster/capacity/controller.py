"""The controller in a process of its own, with the files, the identity and the rights of its pod."""

import base64
import copy
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.cluster.api import Access, Api, Object
from tests.cluster.fleet import Fleet
from tests.cluster.scarcity.scarcity import Scarcity
from tests.guarded import ended, free_port, started
from tokenfleet.plan.capacity.access import access_to_models
from tokenfleet.plan.capacity.code import api_model, code
from tokenfleet.plan.capacity.settings import STATE
from tokenfleet.plan.iam import CAPACITY
from tokenfleet.plan.stack import Plan


def mounted(folder: Path) -> Path:
    """Its ConfigMaps as the kubelet puts them on disk."""
    for name, files in (("app", code()), ("models", api_model())):
        for path, content in files.items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = name == "app"
            file.write_bytes(content.encode() if text else base64.b64decode(content))
    return folder


def installed(api: Api, plan: Plan) -> None:
    """Its namespace, account and rights in the cluster; not the pod: nothing here runs containers."""
    (capacity,) = plan.capacity
    # What an earlier scenario has learnt of zones is not this one's.
    api.delete(f"/api/v1/namespaces/{CAPACITY.namespace}/configmaps/{STATE}")
    for manifest in (capacity.namespace, *capacity.manifests):
        if manifest["kind"] != "Deployment":
            api.apply(manifest)


class Controller:
    """One that can be killed and started again."""

    def __init__(
        self,
        *,
        api: Api,
        access: Access,
        fleet: Fleet,
        scarcity: Scarcity,
        files: Path,
        folder: Path,
        settings: Mapping[str, Any],
        queue: str,
    ) -> None:
        self.folder, self._files, self._number = folder, files, 0
        self._popen: subprocess.Popen[bytes] | None = None
        self.logs: list[Path] = []
        for manifest in access_to_models():
            found: Object = copy.deepcopy(dict(manifest))
            found["metadata"]["namespace"] = fleet.namespace
            api.apply(found)
        account = folder / "account"
        account.mkdir()
        (account / "token").write_text(api.token(CAPACITY.namespace, CAPACITY.service_account))
        (account / "ca.crt").write_bytes(access.authority.read_bytes())
        (folder / "settings.json").write_text(json.dumps(settings))
        host, port = access.url.removeprefix("https://").split(":")
        self._environment = {
            **scarcity.environment(),
            "AWS_DATA_PATH": str(files / "models"),
            "KUBERNETES_ACCOUNT_FOLDER": str(account),
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(files / "app"),
            "PYTHONUNBUFFERED": "1",
            "QUEUE_URL": queue,
        }

    def start(self) -> None:
        """Run it; where one runs already that is a second one's problem."""
        log = self.folder / f"controller-{len(self.logs)}.log"
        log.touch()
        self.logs.append(log)
        command = [sys.executable, "-P", "-m", "tokenfleet.capacity.controller", "settings.json"]
        self._popen = started(log, command, environment=self._environment, folder=self.folder)

    def kill(self) -> None:
        """SIGKILL, at whatever it does just now."""
        if self._popen is None:
            return
        # The guard would ask it to end first.
        guard = self._popen.pid
        children = Path(f"/proc/{guard}/task/{guard}/children").read_text(encoding="utf-8")
        for child in children.split():
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """SIGTERM, as Kubernetes ends a pod."""
        if self._popen is not None:
            ended(self._popen)
            self._popen = None

    @property
    def running(self) -> bool:
        """Whether it still does."""
        return self._popen is not None and self._popen.poll() is None

    def said(self, *did: str) -> Sequence[Mapping[str, Any]]:
        """What all of them have logged, in order; of some kinds or of all."""
        lines: list[Mapping[str, Any]] = []
        for log in self.logs:
            for text in log.read_text(encoding="utf-8").splitlines():
                try:
                    line = json.loads(text)
                except ValueError:  # cut off by a kill, or a traceback
                    lines.append({"at": 0.0, "did": "crash", "text": text})
                else:
                    lines.append(line)
        return [line for line in lines if not did or line["did"] in did]


def settings_of(
    plan: Plan,
    fleet: Fleet,
    pool: str,
    *,
    knobs: Mapping[str, float],
    warm: Mapping[str, float] | None = None,
    **other: object,
) -> dict[str, Any]:
    """The planned settings for one pool, with times that pass in seconds."""
    (capacity,) = plan.capacity
    planned = next(m for m in capacity.manifests if "settings.json" in _data(m))
    settings: dict[str, Any] = json.loads(_data(planned)["settings.json"])
    settings |= {"namespace": fleet.namespace, "metricsPort": free_port()}
    of_pool = settings["pools"][pool]
    of_pool["knobs"] |= knobs
    if warm:
        of_pool["warm"] = warm
    of_pool |= {key: value for key, value in other.items() if key in of_pool}
    settings |= {key: value for key, value in other.items() if key in settings}
    settings["pools"] = {pool: of_pool}
    return settings


def _data(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    return manifest.get("data", {}) if manifest["kind"] == "ConfigMap" else {}
