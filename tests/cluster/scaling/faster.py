"""The rendered objects of a model that follows its load, with times that pass in seconds.

Only durations and addresses differ from what is deployed: nothing is asked, counted or decided
otherwise.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.cluster.scaling.exporter import KEY
from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.rules import rule_groups
from tokenfleet.plan.scaling.scaled_object import scaled_object
from tokenfleet.plan.scaling.scrape import RULES_FILE, prometheus_config

Object = dict[str, Any]
EVERY = "500ms"
AVERAGE_SECONDS, IDLE_SECONDS = 3, 6
# Longer than Prometheus takes to know a new replica, of whose load nothing is seen until then: it hands
# targets on every five seconds at most (discovery/manager.go), here as in a cluster.
DOWN_WINDOW_SECONDS = 10


def faster(one: Followed) -> Followed:
    """Its averages and windows, and the answers that are counted in them."""
    shorter = AVERAGE_SECONDS / one.policy.average_seconds
    policy = replace(
        one.policy,
        average_seconds=AVERAGE_SECONDS,
        down_window_seconds=DOWN_WINDOW_SECONDS,
        idle_seconds=IDLE_SECONDS,
    )
    return replace(one, policy=policy, answer_seconds=one.answer_seconds * shorter)


def quick_scaled_object(one: Followed, prometheus_url: str, namespace: str) -> Object:
    """Asked every second; replicas come and go in steps of one and two seconds."""
    found: Object = copy.deepcopy(dict(scaled_object(one, prometheus_url)))
    found["metadata"]["namespace"] = namespace
    spec = found["spec"]
    spec["pollingInterval"] = 1
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    for policy in behavior["scaleUp"]["policies"]:
        policy["periodSeconds"] = 1
    for policy in behavior["scaleDown"]["policies"]:
        policy["periodSeconds"] = 2
    return found


def write_config(folder: Path, one: Followed, exporter: str, port: int, keda_port: int) -> Path:
    """Prometheus's files; what DNS would answer, ``exporter`` lists."""
    config = cast("Object", json.loads(json.dumps(prometheus_config([one], capacity=False))))
    config["global"] = dict.fromkeys(config["global"], EVERY)
    key = folder / "key"
    key.write_text(KEY, encoding="utf-8")
    found_at: Mapping[str, Object] = {
        one.job: {
            "http_sd_configs": [{"url": f"http://{exporter}/targets", "refresh_interval": "1s"}]
        },
        "edge": {"static_configs": [{"targets": [exporter]}]},
        "keda": {"static_configs": [{"targets": [f"127.0.0.1:{keda_port}"]}]},
        "prometheus": {"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
    }
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job.update(found_at[job["job_name"]])
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(key)
    groups = [dict(group) | {"interval": EVERY} for group in rule_groups([one])]
    (folder / RULES_FILE).write_text(json.dumps({"groups": groups}), encoding="utf-8")
    path = folder / "prometheus.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path
