"""No key of the order form is without effect: changing it changes what a reviewer sees."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.today import TODAY
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.json_document import plain
from tokenfleet.plan.decide import decide
from tokenfleet.preview.report import build_report
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorder import record
from tokenfleet.settings.keys import stand_ins
from tokenfleet.settings.reference import documented_keys
from tokenfleet.weights.layout import snapshot_of
from tokenfleet.weights.mark import mark_of

Keys = dict[str, Any]
RESERVATION = {"capacityReservationId": "cr-0123456789abcdef0", "zone": "us-east-1b"}
RESERVED = {"max": 1, "reservation": RESERVATION}
BLOCK = {"max": 1, "reservation": {**RESERVATION, "capacityBlock": True}}
L4 = {"hardware": "l4", "instanceTypes": ["g6.4xlarge"], "tiers": {"spot": {"max": 4}}}
ADAPTER = {"huggingFaceId": "org/adapter", "revision": "c" * 40, "rank": 16}
DRAFT: Keys = {"huggingFaceId": "Qwen/Qwen3-1.7B", "revision": "c" * 40}
OF_SAME_VOCABULARY = "tests/catalogue/configs/Qwen--Qwen3-0.6B/config.json"
NO_LIMITS: Keys = {}
PRICE: Keys = {"usd": 1, "source": "an offer", "date": "2026-11-01"}
ENGINE = engines()["vllm-cpu"].image
BAKED: Keys = {"imageId": "ami-0123456789abcdef0", "engineImage": f"{ENGINE}@sha256:{'1' * 64}"}
CREDENTIALS = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
CACHE: Keys = {"enabled": True, "dockerHubSecretArn": CREDENTIALS}
SERVED: Keys = {
    "huggingFaceId": "Qwen/Qwen3-8B",
    "revision": "b968826d9c46dd6066d109eabc6255188de91218",
    "pool": "graviton4",
    "contextLength": 8192,
    "replicas": {"max": 3},
}
SHARED: Keys = SERVED | {"servedAs": "qwen3-8b", "contextLength": 16384}


def _drafting(**changes: object) -> Keys:
    return SERVED | {"speculative": {"method": "draft_model", "draft": DRAFT | changes}}


LLAMA = "meta-llama/Llama-3.1-8B-Instruct"

# key in the reference: (path in the prod stack, one value, another value)
ROWS: Mapping[str, tuple[str, Any, Any]] = {
    "network.zones": ("network.zones", ["us-east-1a", "us-east-1b"], ["us-east-1a", "us-east-1d"]),
    "network.zoneIds": (
        "network.zoneIds",
        {},
        {"us-east-1a": "use1-az1", "us-east-1b": "use1-az2", "us-east-1c": "use1-az4"},
    ),
    "network.cidr": ("network.cidr", "10.40.0.0/16", "10.41.0.0/16"),
    "network.natGateways": ("network.natGateways", "single", "onePerZone"),
    "network.interfaceEndpoints": ("network.interfaceEndpoints", [], ["sts"]),
    "network.flowLogs": ("network.flowLogs", False, True),
    "cluster.kubernetesVersion": ("cluster.kubernetesVersion", "1.35", "1.36"),
    "cluster.serviceCidr": ("cluster.serviceCidr", "172.20.0.0/16", "172.21.0.0/16"),
    "cluster.publicAccessCidrs": ("cluster.publicAccessCidrs", [], ["203.0.113.0/24"]),
    "cluster.adminPrincipals": (
        "cluster.adminPrincipals",
        {"ops": "arn:aws:iam::111122223333:role/Ops"},
        {"ops": "arn:aws:iam::111122223333:role/Other"},
    ),
    "cluster.deletionProtection": ("cluster.deletionProtection", False, True),
    "cluster.nodeAccess": ("cluster.nodeAccess", "none", "ssm"),
    "cluster.digests": (
        "cluster.digests",
        {},
        {"docker.io/vllm/vllm-openai:v0.32.0": f"sha256:{'0' * 64}"},
    ),
    "cluster.systemNodes.instanceType": (
        "cluster.systemNodes.instanceType",
        "m8g.large",
        "m8g.xlarge",
    ),
    "cluster.systemNodes.count": ("cluster.systemNodes.count", 2, 3),
    "cluster.systemNodes.imageId": (
        "cluster.systemNodes.imageId",
        None,
        "ami-0123456789abcdef0",
    ),
    "cluster.imageCache.enabled": ("cluster.imageCache", {}, CACHE),
    "cluster.imageCache.dockerHubSecretArn": (
        "cluster.imageCache",
        CACHE,
        CACHE | {"dockerHubSecretArn": f"{CREDENTIALS}2"},
    ),
    "pools.NAME.hardware": (
        "pools.h100",
        L4,
        L4 | {"hardware": "l40s", "instanceTypes": ["g6e.4xlarge"]},
    ),
    "pools.NAME.instanceTypes": (
        "pools.graviton4.instanceTypes",
        ["c8gd.8xlarge"],
        ["c8gd.8xlarge", "m8gd.8xlarge"],
    ),
    "pools.NAME.imageId": ("pools.graviton4.imageId", None, "ami-0123456789abcdef0"),
    "pools.NAME.baked.imageId": (
        "pools.graviton4.baked",
        BAKED,
        BAKED | {"imageId": "ami-0fedcba9876543210"},
    ),
    "pools.NAME.baked.engineImage": (
        "pools.graviton4.baked",
        BAKED,
        BAKED | {"engineImage": f"{ENGINE}@sha256:{'2' * 64}"},
    ),
    "pools.NAME.baked.weights": (
        "pools.graviton4.baked",
        BAKED,
        BAKED | {"weights": ["Qwen/Qwen3-8B/b968826d9c46dd6066d109eabc6255188de91218"]},
    ),
    "pools.NAME.tiers": (
        "pools.graviton4.tiers",
        {"spot": {"max": 9}},
        {"spot": {"max": 9}, "on-demand": {"max": 1}},
    ),
    "pools.NAME.tiers.NAME.min": ("pools.graviton4.tiers.spot.min", 0, 1),
    "pools.NAME.tiers.NAME.max": ("pools.graviton4.tiers.spot.max", 9, 10),
    "pools.NAME.tiers.NAME.warmNodes": ("pools.inferentia2.tiers.on-demand.warmNodes", 0, 1),
    "pools.NAME.tiers.NAME.reservation.capacityReservationId": (
        "pools.h100.tiers.reserved",
        RESERVED,
        {"max": 1, "reservation": RESERVATION | {"capacityReservationId": "cr-99999999"}},
    ),
    "pools.NAME.tiers.NAME.reservation.zone": (
        "pools.h100.tiers.reserved",
        RESERVED,
        {"max": 1, "reservation": RESERVATION | {"zone": "us-east-1c"}},
    ),
    "pools.NAME.tiers.NAME.reservation.capacityBlock": (
        "pools.h100.tiers.reserved",
        RESERVED,
        BLOCK,
    ),
    "pools.NAME.care": ("pools.graviton4.care", 1, 2),
    "pools.NAME.spare": ("pools.graviton4.spare", 0, 1),
    "pools.NAME.dryRun": ("pools.graviton4.dryRun", False, True),
    "models.NAME.huggingFaceId": ("models.qwen3-8b.huggingFaceId", "Qwen/Qwen3-8B", LLAMA),
    "models.NAME.revision": ("models.qwen3-8b.revision", "a" * 40, "b" * 40),
    "models.NAME.published": (
        "models.qwen3-8b.published",
        None,
        mark_of(
            "tokenfleet-prod in us-east-1",
            [snapshot_of("Qwen/Qwen3-8B", "b968826d9c46dd6066d109eabc6255188de91218")],
        ),
    ),
    "models.NAME.configJson": (
        "models.qwen3-8b.configJson",
        None,
        "tests/catalogue/small-decoder.config.json",
    ),
    "models.NAME.task": ("models.qwen3-8b", SERVED, SERVED | {"task": "embed"}),
    "models.NAME.pool": ("models.aaa.pool", "graviton4", "h100"),
    "models.NAME.contextLength": ("models.qwen3-8b.contextLength", 8192, 16384),
    "models.NAME.replicas.min": ("models.qwen3-8b.replicas.min", 1, 2),
    "models.NAME.replicas.max": ("models.qwen3-8b.replicas.max", 3, 4),
    "models.NAME.tensorParallelSize": ("models.qwen25-7b.tensorParallelSize", None, 2),
    "models.NAME.kvCacheDtype": ("models.gpt-oss-120b.kvCacheDtype", "auto", "fp8"),
    "models.NAME.adapters": ("models.qwen3-8b.adapters", {}, {"legal": ADAPTER}),
    "models.NAME.adapters.NAME.huggingFaceId": (
        "models.qwen3-8b.adapters",
        {"legal": ADAPTER},
        {"legal": ADAPTER | {"huggingFaceId": "org/other"}},
    ),
    "models.NAME.adapters.NAME.revision": (
        "models.qwen3-8b.adapters",
        {"legal": ADAPTER},
        {"legal": ADAPTER | {"revision": "d" * 40}},
    ),
    "models.NAME.adapters.NAME.rank": (
        "models.qwen3-8b.adapters",
        {"legal": ADAPTER},
        {"legal": ADAPTER | {"rank": 32}},
    ),
    "models.NAME.chatTemplate": ("models.qwen3-8b.chatTemplate", None, "tests/stacks/chat.jinja"),
    "models.NAME.speculative.method": ("models.aaa.speculative", None, {"method": "ngram"}),
    "models.NAME.speculative.tokens": (
        "models.aaa.speculative",
        {"method": "ngram"},
        {"method": "ngram", "tokens": 4},
    ),
    "models.NAME.speculative.acceptedShare": (
        "models.aaa.speculative",
        {"method": "ngram"},
        {"method": "ngram", "acceptedShare": 0.4},
    ),
    "models.NAME.speculative.draft.huggingFaceId": (
        "models.qwen3-8b",
        _drafting(),
        _drafting(huggingFaceId="Qwen/Qwen3-0.6B"),
    ),
    "models.NAME.speculative.draft.revision": (
        "models.qwen3-8b",
        _drafting(),
        _drafting(revision="d" * 40),
    ),
    "models.NAME.speculative.draft.configJson": (
        "models.qwen3-8b",
        _drafting(),
        _drafting(configJson=OF_SAME_VOCABULARY),
    ),
    "models.NAME.servedAs": ("models.qwen3-8b.servedAs", "qwen3-8b", "chat"),
    "models.NAME.fallback": ("models.second", SHARED, SHARED | {"fallback": 1}),
    "models.NAME.traffic.cachedShare": ("models.qwen3-8b.traffic.cachedShare", 0.1, 0.9),
    "models.NAME.longestRequestSeconds": ("models.qwen3-8b.longestRequestSeconds", 20, 30),
    "models.NAME.engineArguments": (
        "models.qwen3-8b.engineArguments",
        {},
        {"enable-auto-tool-choice": True, "tool-call-parser": "hermes"},
    ),
    "models.NAME.objective.ttftP99Ms": ("models.qwen3-8b.objective", {}, {"ttftP99Ms": 999}),
    "models.NAME.objective.itlP99Ms": ("models.qwen3-8b.objective", {}, {"itlP99Ms": 99}),
    "models.NAME.traffic.requestsPerSecond": ("models.qwen3-8b.traffic.requestsPerSecond", 1, 2),
    "models.NAME.traffic.inputTokens": ("models.qwen3-8b.traffic.inputTokens", 100, 200),
    "models.NAME.traffic.outputTokens": ("models.qwen3-8b.traffic.outputTokens", 100, 200),
    "edge.exposure": (
        "edge",
        {"exposure": "cluster"},
        {"exposure": "internal", "allowedCidrs": ["10.0.0.0/8"]},
    ),
    "edge.allowedCidrs": ("edge.allowedCidrs", ["10.0.0.0/8"], ["10.0.0.0/9"]),
    "edge.certificateArn": (
        "edge.certificateArn",
        None,
        "arn:aws:acm:us-east-1:111122223333:certificate/0123",
    ),
    "edge.clients": ("edge.clients", {}, {"alice": NO_LIMITS}),
    "edge.clients.NAME.models": (
        "edge.clients.alice",
        NO_LIMITS,
        {"models": ["qwen3-8b"]},
    ),
    "edge.clients.NAME.requestsPerMinute": (
        "edge.clients.alice",
        NO_LIMITS,
        {"requestsPerMinute": 60},
    ),
    "edge.clients.NAME.tokensPerMinute": (
        "edge.clients.alice",
        NO_LIMITS,
        {"tokensPerMinute": 60_000},
    ),
    "edge.clients.NAME.priority": ("edge.clients.alice", NO_LIMITS, {"priority": "batch"}),
    "edge.replicas.min": ("edge.replicas", {"max": 4}, {"min": 3, "max": 4}),
    "edge.replicas.max": ("edge.replicas", {}, {"max": 5}),
    "edge.maxRequestMib": ("edge.maxRequestMib", 4, 8),
    "observability.controlPlaneLogs": (
        "observability",
        {"controlPlaneLogs": ["audit"]},
        {"controlPlaneLogs": ["audit", "api"]},
    ),
    "observability.logRetentionDays": (
        "observability",
        {"logRetentionDays": 7},
        {"logRetentionDays": 14},
    ),
    "cost.monthlyBudgetUsd": ("cost.monthlyBudgetUsd", 100, 200),
    "cost.alertEmails": ("cost.alertEmails", [], ["a@example.com"]),
    "cost.tags": ("cost.tags", {}, {"team": "a"}),
    "cost.prices": ("cost.prices", {}, {"natGateway": PRICE}),
    "cost.prices.NAME.usd": ("cost.prices.natGateway", PRICE, PRICE | {"usd": 2}),
    "cost.prices.NAME.spotUsd": ("cost.prices.inf2\\.8xlarge", PRICE, PRICE | {"spotUsd": 0.5}),
    "cost.prices.NAME.source": ("cost.prices.natGateway", PRICE, PRICE | {"source": "a page"}),
    "cost.prices.NAME.date": ("cost.prices.natGateway", PRICE, PRICE | {"date": "2026-11-02"}),
    "account": ("account", "111122223333", "444455556666"),
    "region": ("region", "us-east-1", "us-west-2"),
}


def test_every_documented_key_has_a_row() -> None:
    assert set(ROWS) == set(documented_keys())


@pytest.mark.parametrize("key", sorted(set(ROWS) - {"region"}))
def test_another_value_is_another_preview(
    key: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    path, one, other = ROWS[key]
    assert _shown(path, one, keys_of, root) != _shown(path, other, keys_of, root)


def test_another_region_is_another_preview(keys_of: Callable[[str], Keys], root: Path) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"]["instanceTypes"] = ["c8g.4xlarge"]
    here = _report(keys, root)
    keys["region"] = "us-west-2"
    keys["network"]["zones"] = ["us-west-2a", "us-west-2b"]
    keys["cluster"]["systemNodes"]["instanceType"] = "c8g.4xlarge"
    assert _report(keys, root) != here


def _shown(
    path: str,
    value: object,
    keys_of: Callable[[str], Keys],
    root: Path,
) -> str:
    keys = keys_of("prod")
    keys["account"] = "111122223333"
    # Somebody of either account deploys; a certificate would be of one.
    for account in ("111122223333", "444455556666"):
        keys["cluster"]["adminPrincipals"][f"of-{account}"] = f"arn:aws:iam::{account}:role/Ops"
    del keys["edge"]["certificateArn"]
    keys["models"]["aaa"] = {
        "huggingFaceId": "Qwen/Qwen3-0.6B",
        "revision": "c1899de289a04d12100db370d81485cdf75e47ca",
        "pool": "h100",
        "contextLength": 4096,
        "replicas": {"max": 1},
    }
    if path == "pools.h100":  # smaller hardware, smaller models
        keys["models"].pop("gpt-oss-120b")
    *parents, last = (name.replace("\\", "") for name in re.split(r"(?<!\\)\.", path))
    inner = keys
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return _report(keys, root)


def _report(keys: Keys, root: Path) -> str:
    plan = decide(keys, "prod", root)
    secrets = stand_ins(["clientKeys"], keys)
    recording = record(root, PROJECT, "prod", Configured(PROJECT, keys, secrets), "deployment")
    return json.dumps(plain(build_report(plan, recording, today=TODAY)))
