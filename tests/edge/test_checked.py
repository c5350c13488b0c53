"""The files of the edge, before a pod takes requests with them: Envoy itself says whether it would."""

import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.edge.envoy import ENGINE_KEY, KEYS, envoy_binary
from tests.plan.edge.names import CLIENTS, NAMES
from tokenfleet.plan.edge.envoy.bootstrap import bootstrap, checked_bootstrap
from tokenfleet.plan.edge.envoy.files import ROUTES_FOLDER, check_command
from tokenfleet.plan.edge.envoy.routes import routes


def _checked(folder: Path, edit: Callable[[Any], None]) -> subprocess.CompletedProcess[str]:
    """What the init container does, with the binary of this machine."""
    found = json.loads(json.dumps(routes(NAMES, CLIENTS, KEYS, ENGINE_KEY)))
    edit(found)
    (folder / "rds.json").write_text(json.dumps(found), encoding="utf-8")
    files = {
        "envoy.json": bootstrap(NAMES, max_request_mib=4),
        "check.json": checked_bootstrap(NAMES, found, max_request_mib=4),
    }
    for name, document in files.items():
        text = json.dumps(document).replace(ROUTES_FOLDER, str(folder))
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "envoy").symlink_to(envoy_binary())
    command = check_command(*(str(folder / name) for name in files))
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        command, env={"PATH": path}, capture_output=True, text=True, check=False, timeout=60
    )


def test_envoy_takes_what_the_plan_renders(tmp_path: Path) -> None:
    checked = _checked(tmp_path, lambda _: None)
    assert (checked.returncode, checked.stderr) == (0, "")


def _host(document: Any) -> Any:  # noqa: ANN401 - JSON
    return document["resources"][0]["virtual_hosts"][0]


def _same_key_twice(document: Any) -> None:  # noqa: ANN401 - JSON
    per_filter = _host(document)["typed_per_filter_config"]
    keys = per_filter["envoy.filters.http.api_key_auth"]["credentials"]
    keys.append(copy.copy(keys[0]))


def _unknown_cluster(document: Any) -> None:  # noqa: ANN401 - JSON
    for route in _host(document)["routes"]:
        route.get("route", {})["cluster"] = "nowhere"


def _misspelt_field(document: Any) -> None:  # noqa: ANN401 - JSON
    _host(document)["domain"] = ["*"]


def _misspelt_limit(document: Any) -> None:  # noqa: ANN401 - JSON
    limits = _host(document)["typed_per_filter_config"]["requests.local_ratelimit"]
    limits["descriptor"] = limits.pop("descriptors")


@pytest.mark.parametrize(
    "edit", [_same_key_twice, _unknown_cluster, _misspelt_field, _misspelt_limit]
)
def test_routes_that_envoy_would_refuse_stop_a_pod_and_show_no_key(
    tmp_path: Path, edit: Callable[[Any], None]
) -> None:
    checked = _checked(tmp_path, edit)
    printed = checked.stdout + checked.stderr
    assert checked.returncode == 1
    assert "Secret edge-routes" in printed
    assert not [key for keys in KEYS.values() for key in [*keys, ENGINE_KEY] if key in printed]
