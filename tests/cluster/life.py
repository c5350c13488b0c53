"""How simulated nodes and pods live: kwok's own stages, slowed to the plan's figures.

Planned seconds pass ``FASTER`` times faster, all by the same factor, or by one of the scenario's own.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.tools import STAGES
from tokenfleet.plan.serving.model import ModelPlan

FASTER = 800
LOAD = "tokenfleet.test/load"
DRAIN = "tokenfleet.test/drain"
NEVER_READY = "tokenfleet.test/never-ready"
_ANNOTATION = '.metadata.annotations["{}"]'


def write_stages(tools: Path, path: Path) -> None:
    """kwok's configuration: pods are ready after loading, gone after draining."""
    stages = {name: _stage(tools, name) for name in (Path(stage).stem for stage in STAGES)}
    for name, annotation in (("pod-ready", LOAD), ("pod-delete", DRAIN)):
        stages[name]["spec"]["delay"] = {
            "durationMilliseconds": 50,
            "durationFrom": {"expressionFrom": _ANNOTATION.format(annotation)},
        }
    stages["pod-ready"]["spec"]["selector"]["matchExpressions"].append(
        {"key": _ANNOTATION.format(NEVER_READY), "operator": "DoesNotExist"}
    )
    path.write_text(yaml.safe_dump_all(stages.values()), encoding="utf-8")


def living(
    deployment: Mapping[str, Any],
    model: ModelPlan,
    *,
    faster: float = FASTER,
    never_ready: bool = False,
) -> dict[str, Any]:
    """The Deployment with the plan's load and drain times written on its pods."""
    lived = copy.deepcopy(dict(deployment))
    annotations = lived["spec"]["template"]["metadata"].setdefault("annotations", {})
    annotations[LOAD] = f"{model.deadlines.start_seconds / faster:.3f}s"
    annotations[DRAIN] = f"{model.drain.grace_seconds / faster:.3f}s"
    if never_ready:
        annotations[NEVER_READY] = "true"
    return lived


def _stage(tools: Path, name: str) -> dict[str, Any]:
    stage: dict[str, Any] = yaml.safe_load((tools / f"{name}.yaml").read_text(encoding="utf-8"))
    return stage
