"""``tokenfleet capacity status``: what the controller in a cluster holds and thinks."""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from tokenfleet.capacity.controller.status import PoolStatus
from tokenfleet.commands.answers import AsJson, console, fail, say_json
from tokenfleet.json_document import Schema
from tokenfleet.views.screens.capacity_status import statuses

_NAMESPACE, _NAME = "capacity", "capacity-state"
_SECONDS = 30
_STATUS = TypeAdapter(PoolStatus)
_DATA = TypeAdapter(dict[str, str])


@dataclass(frozen=True, kw_only=True)
class StatusAnswer:
    """Every pool with a spot tier, as the controller last saw it."""

    pools: Sequence[PoolStatus]


def status_command(
    context: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="of kubectl's configuration; its current one else"),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show which nodes each pool holds, and what its models wait for (needs kubectl's access)."""
    data = _config_map(context)
    keys = sorted(key for key in data if key.endswith(".status"))
    try:
        found = [_STATUS.validate_json(data[key]) for key in keys]
    except ValidationError as error:
        fail(
            f"the state in the cluster is of another version of tokenfleet: {error.errors()[0]['msg']}",
            "deploy this version, or use the one that is deployed",
        )
    if as_json:
        say_json(Schema.CAPACITY_STATUS, StatusAnswer(pools=found))
    else:
        console().print(statuses(found, time.time()))


def _config_map(context: str | None) -> Mapping[str, str]:
    chosen = ["--context", context] if context else []
    command = ["kubectl", *chosen, "get", "configmap", _NAME, "-n", _NAMESPACE, "-o", "json"]
    try:
        done = subprocess.run(  # noqa: S603 - arguments, never a shell
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except FileNotFoundError:
        fail("kubectl is not there: install it, then aws eks update-kubeconfig --name CLUSTER")
    except subprocess.TimeoutExpired:
        fail(f"the cluster did not answer in {_SECONDS} s: is this its network?")
    if done.returncode:
        if "NotFound" in done.stderr:
            fail(
                f"the cluster has no ConfigMap {_NAMESPACE}/{_NAME}: no pool has a spot tier,",
                "or the controller has not run yet (kubectl get pods -n capacity)",
            )
        fail("kubectl:", *done.stderr.strip().splitlines()[-3:])
    return _DATA.validate_python(json.loads(done.stdout).get("data") or {})
