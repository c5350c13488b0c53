"""Bad stacks: each row is an edit of a stack and the mistakes it must yield."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide

Keys = dict[str, Any]
POOL = "pools.graviton4"
MODEL = "models.qwen3-4b"
SAID: Keys = {"source": "an offer", "date": "2026-11-01"}
PRICE = SAID | {"usd": 1}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
INTERNAL = {"exposure": "internal", "allowedCidrs": ["198.51.100.0/24"]}
PUBLIC: Keys = {"exposure": "public", "allowedCidrs": ["198.51.100.0/24"]}
SECOND: Keys = {
    "huggingFaceId": "Qwen/Qwen3-4B-Instruct-2507",
    "revision": "cdbee75f17c01a7cc42f958dc650907174af0554",
    "pool": "graviton4",
    "contextLength": 8192,
    "replicas": {"max": 1},
}
ADAPTERS: Keys = {"legal": {"huggingFaceId": "org/adapter", "revision": "c" * 40, "rank": 8}}
AUTOSCALER = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0"
AUTOSCALER_CHART = "https://kubernetes.github.io/autoscaler/cluster-autoscaler:9.59.0"
# Full-width, as a Japanese keyboard writes them.
OTHER_DIGITS = "\uff11" * 12
IMAGE = "ami-0123456789abcdef0"
DIGEST = f"sha256:{'1' * 64}"
ENGINE = "public.ecr.aws/q9t5s3a7/vllm-arm64-cpu-release-repo:v0.32.0"
OLD_ENGINE = ENGINE.replace(":v0.32.0", ":v0.31.0")
BAKED: Keys = {"imageId": IMAGE, "engineImage": f"{ENGINE}@{DIGEST}"}
SERVED_ID = "Qwen/Qwen3-4B-Instruct-2507"
SERVED_WEIGHTS = f"{SERVED_ID}/cdbee75f17c01a7cc42f958dc650907174af0554"
DRAFT: Keys = {"huggingFaceId": "org/draft", "revision": "c" * 40}
SECOND_POOL = {"hardware": "h100", "instanceTypes": ["p5.4xlarge"], "tiers": {"spot": {"max": 1}}}

ON_DEMAND_POOL: Keys = {
    "hardware": "graviton4",
    "instanceTypes": ["c8gd.4xlarge"],
    "tiers": {"on-demand": {"max": 2}},
}
CACHE = "cluster.imageCache"
CREDENTIALS = "arn:aws:secretsmanager:us-east-1:444455556666:secret:ecr-pullthroughcache/hub-AbCdEf"
CREDENTIALS_PATH = f"{CACHE}.dockerHubSecretArn"
CACHED_WITH: Keys = {"enabled": True, "dockerHubSecretArn": CREDENTIALS}

OF_CHINA: Keys = CACHED_WITH | {
    "dockerHubSecretArn": CREDENTIALS.replace("arn:aws:", "arn:aws-cn:")
    .replace("4444555566", "1111222233")
    .replace("3366:", "3333:")
}

# id: (path to set, value), (path of the mistake, part of its text)
ROWS: Mapping[str, tuple[tuple[str, Any], tuple[str, str]]] = {
    "misspelt top-level key": (("netwrk", {}), ("netwrk", "Did you mean 'network'?")),
    "misspelt section key": (("network.zone", []), ("network.zone", "'zones'")),
    "misspelt pool key": ((f"{POOL}.instanceType", []), (f"{POOL}.instanceType", "'instanceTypes'")),
    "misspelt tier": ((f"{POOL}.tiers.spt", {"max": 1}), (f"{POOL}.tiers.spt", "'spot'")),
    "misspelt tier key": ((f"{POOL}.tiers.spot.mx", 1), (f"{POOL}.tiers.spot.mx", "'max'")),
    "misspelt model key": ((f"{MODEL}.revison", "x"), (f"{MODEL}.revison", "'revision'")),
    "misspelt nested model key": (
        (f"{MODEL}.traffic.inputToken", 1),
        (f"{MODEL}.traffic.inputToken", "'inputTokens'"),
    ),
    "misspelt hardware": ((f"{POOL}.hardware", "graviton"), (f"{POOL}.hardware", "'graviton4'")),
    "missing region": (("region", ...), ("region", "is missing")),
    "missing section": (("models", ...), ("models", "is missing")),
    "hardware without an engine": ((f"{POOL}.hardware", "trn2"), (f"{POOL}.hardware", "no engine is pinned for it")),
    "a type without an engine": ((f"{POOL}.instanceTypes", ["trn2.48xlarge"]), (f"{POOL}.instanceTypes[0]", "Use inferentia2, or a GPU")),
    "missing pool key": ((f"{POOL}.hardware", ...), (f"{POOL}.hardware", "is missing")),
    "text for a number": ((f"{MODEL}.contextLength", "8k"), (f"{MODEL}.contextLength", "a whole number")),
    "fraction for a count": ((f"{POOL}.tiers.spot.max", 1.5), (f"{POOL}.tiers.spot.max", "a whole number")),
    "text for a switch": (("network.flowLogs", "yes"), ("network.flowLogs", "true or false")),
    "number for a version": (("cluster.kubernetesVersion", 1.35), ("cluster.kubernetesVersion", "quotes")),
    "list for a section": (("cluster", []), ("cluster", "a mapping")),
    "nothing for a section": (("network", None), ("network", "a mapping")),
    "list for the pools": (("pools", []), ("pools", "one name or more")),
    "no pools": (("pools", {}), ("pools", "one name or more")),
    "text for a zone list": (("network.zones", "us-east-1a"), ("network.zones", "a list")),
    "negative count": ((f"{POOL}.tiers.spot.max", -1), (f"{POOL}.tiers.spot.max", "greater")),
    "not a number": ((f"{MODEL}.traffic.requestsPerSecond", float("nan")), (f"{MODEL}.traffic.requestsPerSecond", "finite")),
    "infinite traffic": ((f"{MODEL}.traffic.requestsPerSecond", float("inf")), (f"{MODEL}.traffic.requestsPerSecond", "")),
    "no requests": ((f"{MODEL}.traffic.requestsPerSecond", 0), (f"{MODEL}.traffic.requestsPerSecond", "greater than or equal to 0.000001")),
    "bad name": (("models.Chat", {}), ("models.Chat", "lower-case")),
    "name too long": ((f"models.{'a' * 21}", {}), (f"models.{'a' * 21}", "1 to 20")),
    "branch for a revision": ((f"{MODEL}.revision", "main"), (f"{MODEL}.revision", "40 hexadecimal")),
    "CIDR with host bits": (("network.cidr", "10.0.0.1/16"), ("network.cidr", "has host bits set: write 10.0.0.0/16")),
    "CIDR of IPv6": (("network.cidr", "fd00::/8"), ("network.cidr", "IPv4 alone")),
    "CIDR that is none": (("network.cidr", "10.0.0.0/33"), ("network.cidr", "must be an IPv4 range, such as")),
    "callers with host bits": (("edge", {"exposure": "internal", "allowedCidrs": ["10.20.0.1/16"]}), ("edge.allowedCidrs[0]", "write 10.20.0.0/16")),
    "callers of IPv6": (("edge", {"exposure": "internal", "allowedCidrs": ["fd00::/8"]}), ("edge.allowedCidrs[0]", "IPv4 alone")),
    "CIDR too small": (("network.cidr", "10.0.0.0/24"), ("network.cidr", "between /16")),
    "CIDR too large": (("network.cidr", "10.0.0.0/8"), ("network.cidr", "between /16")),
    "public CIDR": (("network.cidr", "54.0.0.0/16"), ("network.cidr", "private range")),
    "CIDR over the services": (("network.cidr", "172.20.0.0/16"), ("network.cidr", "cluster.serviceCidr")),
    "service CIDR too small": (("cluster.serviceCidr", "172.20.0.0/28"), ("cluster.serviceCidr", "/24")),
    "API open to everyone": (("cluster.publicAccessCidrs", ["0.0.0.0/0"]), ("cluster.publicAccessCidrs[0]", "everyone")),
    "API open to everyone, in two parts": (("cluster.publicAccessCidrs", ["0.0.0.0/1", "128.0.0.0/1"]), ("cluster.publicAccessCidrs", "is 100% of all addresses, and opens the Kubernetes API to everyone")),
    "API open to a private range": (("cluster.publicAccessCidrs", ["10.0.0.0/8"]), ("cluster.publicAccessCidrs[0]", "private")),
    "one zone only": (("network.zones", ["us-east-1a"]), ("network.zones", "two zones or more")),
    "no zone": (("network.zones", []), ("network.zones", "two zones or more")),
    "zone twice": (("network.zones", ["us-east-1a", "us-east-1b", "us-east-1a"]), ("network.zones", "twice")),
    "zone of another region": (("network.zones", ["us-east-1a", "us-west-2b"]), ("network.zones[1]", "not a zone of us-east-1")),
    "zone beyond the address plan": (("network.zones", ["us-east-1a", "us-east-1z"]), ("network.zones[1]", "a to h")),
    "local zone": (("network.zones", ["us-east-1a", "us-east-1-nyc-1a"]), ("network.zones[1]", "an availability zone")),
    "unknown region": (("region", "us-east-9"), ("region", "is no region of AWS with EKS. Did you mean 'us-east-")),
    "price of nothing": (("cost.prices", {"c8gd.4xlargee": PRICE}), ("cost.prices.c8gd.4xlargee", "Did you mean 'c8gd.4xlarge'?")),
    "price of an unknown service": (("cost.prices", {"natGatway": PRICE}), ("cost.prices.natGatway", "Did you mean 'natGateway'?")),
    "price without a price": (("cost.prices", {"c8gd.4xlarge": SAID}), ("cost.prices.c8gd.4xlarge", "gives no price: add usd, spotUsd or both")),
    "price without a source": (("cost.prices", {"natGateway": {"usd": 1, "date": "2026-11-01"}}), ("cost.prices.natGateway.source", "is missing")),
    "price of no day": (("cost.prices", {"natGateway": PRICE | {"date": "yesterday"}}), ("cost.prices.natGateway.date", "must be a day")),
    "price of spot above on demand": (("cost.prices", {"c8gd.4xlarge": PRICE | {"spotUsd": 2}}), ("cost.prices.c8gd.4xlarge.spotUsd", "never above")),
    "price of a service on spot": (("cost.prices", {"natGateway": PRICE | {"spotUsd": 0.5}}), ("cost.prices.natGateway.spotUsd", "remove it")),
    "price of nothing at all": (("cost.prices", {"natGateway": PRICE | {"usd": 0}}), ("cost.prices.natGateway.usd", "greater than 0")),
    "unknown instance type": ((f"{POOL}.instanceTypes", ["c8gd.4xlargee"]), (f"{POOL}.instanceTypes[0]", "'c8gd.4xlarge'")),
    "x86 type in an Arm pool": ((f"{POOL}.instanceTypes", ["g6.4xlarge"]), (f"{POOL}.instanceTypes[0]", "x86_64")),
    "older Graviton": ((f"{POOL}.instanceTypes", ["c7g.4xlarge"]), (f"{POOL}.instanceTypes[0]", "families that do")),
    "type twice": ((f"{POOL}.instanceTypes", ["c8gd.4xlarge", "c8gd.4xlarge"]), (f"{POOL}.instanceTypes[1]", "twice")),
    "types of unequal size": ((f"{POOL}.instanceTypes", ["c8gd.4xlarge", "c8gd.8xlarge"]), (f"{POOL}.instanceTypes[1]", "equally many")),
    "nobody who may deploy": (("cluster.adminPrincipals", {}), ("cluster.adminPrincipals", "you deploy as")),
    "administrators left out": (("cluster.adminPrincipals", ...), ("cluster.adminPrincipals", "you deploy as")),
    "cluster left out": (("cluster", ...), ("cluster.adminPrincipals", "you deploy as")),
    "one administrator twice": (
        ("cluster.adminPrincipals", {"a": "arn:aws:iam::111122223333:role/A", "b": "arn:aws:iam::111122223333:role/A"}),
        ("cluster.adminPrincipals.b", "name it once"),
    ),
    "session for an administrator": (
        ("cluster.adminPrincipals", {"a": "arn:aws:sts::111122223333:assumed-role/A/alice"}),
        ("cluster.adminPrincipals.a", "the ARN of an IAM role or user"),
    ),
    "name for an image": ((f"{POOL}.imageId", "al2023"), (f"{POOL}.imageId", "a machine image such as ami-")),
    "accelerators for the system": (("cluster.systemNodes.instanceType", "p5.4xlarge"), ("cluster.systemNodes.instanceType", "idle")),
    "no digest": (("cluster.digests", {AUTOSCALER: "sha256:12"}), (f"cluster.digests.{AUTOSCALER}", "64 hexadecimal")),
    "digest of no image": (("cluster.digests", {"engine": DIGEST}), ("cluster.digests.engine", "registry, repository and tag")),
    "digest of another tag": (
        ("cluster.digests", {AUTOSCALER.replace("v1.35", "v1.34"): DIGEST}),
        (f"cluster.digests.{AUTOSCALER.replace('v1.35', 'v1.34')}", f"Did you mean '{AUTOSCALER}'?"),
    ),
    "digest of what another pool would pull": (
        ("cluster.digests", {"docker.io/vllm/vllm-openai:v0.32.0": DIGEST}),
        ("cluster.digests.docker.io/vllm/vllm-openai:v0.32.0", "this stack pulls no such thing"),
    ),
    "digest that Helm would not check": (
        ("cluster.digests", {AUTOSCALER_CHART: DIGEST}),
        (f"cluster.digests.{AUTOSCALER_CHART}", "Helm checks no digest"),
    ),
    "min above max in a tier": ((f"{POOL}.tiers.spot", {"min": 3, "max": 1}), (f"{POOL}.tiers.spot", "larger than max")),
    "min above max of replicas": ((f"{MODEL}.replicas", {"min": 3, "max": 1}), (f"{MODEL}.replicas", "larger than max")),
    "reserved tier without reservation": ((f"{POOL}.tiers.reserved", {"max": 1}), (f"{POOL}.tiers.reserved.reservation", "is missing")),
    "care without a spot tier": ((POOL, {**ON_DEMAND_POOL, "care": 1}), (f"{POOL}.care", "without a spot tier: add one, or leave it out")),
    "spare without a spot tier": ((POOL, {**ON_DEMAND_POOL, "spare": 0}), (f"{POOL}.spare", "without a spot tier")),
    "dry run without a spot tier": ((POOL, {**ON_DEMAND_POOL, "dryRun": False}), (f"{POOL}.dryRun", "without a spot tier")),
    "negative care": ((f"{POOL}.care", -0.5), (f"{POOL}.care", "0")),
    "more care than there is": ((f"{POOL}.care", 11), (f"{POOL}.care", "10")),
    "half a spare node": ((f"{POOL}.spare", 0.5), (f"{POOL}.spare", "a whole number")),
    "text for a dry run": ((f"{POOL}.dryRun", "no"), (f"{POOL}.dryRun", "true or false")),
    "warm nodes on spot": ((f"{POOL}.tiers.spot.warmNodes", 1), (f"{POOL}.tiers.spot.warmNodes", "Move warmNodes to an on-demand tier")),
    "warm nodes of a reservation": (
        (f"{POOL}.tiers.reserved", {"max": 1, "warmNodes": 1, "reservation": {"capacityReservationId": "cr-01234567", "zone": "us-east-1a"}}),
        (f"{POOL}.tiers.reserved.warmNodes", "move warmNodes to an on-demand tier"),
    ),
    "warm nodes in a capacity block": (
        ("pools.h100", SECOND_POOL | {"tiers": {"reserved": {"max": 1, "warmNodes": 1, "reservation": {"capacityReservationId": "cr-01234567", "zone": "us-east-1a", "capacityBlock": True}}}}),
        ("pools.h100.tiers.reserved.warmNodes", "move warmNodes to an on-demand tier"),
    ),
    "warm nodes with local disks": (
        (POOL, ON_DEMAND_POOL | {"tiers": {"on-demand": {"max": 2, "warmNodes": 1}}}),
        (f"{POOL}.tiers.on-demand.warmNodes", "Give the pool c8g.4xlarge instead"),
    ),
    "warm nodes of hardware that always has local disks": (
        ("pools.h100", SECOND_POOL | {"tiers": {"on-demand": {"max": 1, "warmNodes": 1}}}),
        ("pools.h100.tiers.on-demand.warmNodes", "Leave warmNodes out: every such NVIDIA H100"),
    ),
    "more warm nodes than could be started": (
        (POOL, ON_DEMAND_POOL | {"instanceTypes": ["c8g.4xlarge"], "tiers": {"on-demand": {"min": 1, "max": 2, "warmNodes": 2}}}),
        (f"{POOL}.tiers.on-demand.warmNodes", "Lower warmNodes or raise max"),
    ),
    "warm nodes without room": (
        (POOL, ON_DEMAND_POOL | {"instanceTypes": ["c8g.4xlarge"], "tiers": {"on-demand": {"min": 2, "max": 2, "warmNodes": 1}}}),
        (f"{POOL}.tiers.on-demand.warmNodes", "always run. Raise max"),
    ),
    "part of a reservation": (
        (f"{POOL}.tiers.reserved", {"min": 1, "max": 2, "reservation": {"capacityReservationId": "cr-01234567", "zone": "us-east-1a"}}),
        (f"{POOL}.tiers.reserved.min", "leave min out, or set max to what runs"),
    ),
    "reservation of a spot tier": (
        (f"{POOL}.tiers.spot.reservation", {"capacityReservationId": "cr-01234567", "zone": "us-east-1a"}),
        (f"{POOL}.tiers.spot.reservation", "only a reserved tier"),
    ),
    "reservation in another zone": (
        (f"{POOL}.tiers.reserved", {"max": 1, "reservation": {"capacityReservationId": "cr-01234567", "zone": "us-east-1f"}}),
        (f"{POOL}.tiers.reserved.reservation.zone", "network.zones"),
    ),
    "capacity block for Graviton": (
        (f"{POOL}.tiers.reserved", {"max": 1, "reservation": {"capacityReservationId": "cr-01234567", "zone": "us-east-1a", "capacityBlock": True}}),
        (f"{POOL}.tiers.reserved", "capacity-block"),
    ),
    "pool nobody uses": (("pools.spare", SECOND_POOL), ("pools.spare", "no model uses")),
    "pool named like the system": (("pools.system", SECOND_POOL), ("pools.system", "choose another")),
    "model naming a missing pool": ((f"{MODEL}.pool", "graviton5"), (f"{MODEL}.pool", "Did you mean 'graviton4'?")),
    "model nobody knows": ((f"{MODEL}.huggingFaceId", "Qwen/Qwen3-4B-Instruct"), (f"{MODEL}.huggingFaceId", "'Qwen/Qwen3-4B-Instruct-2507'")),
    "published, but not what": ((f"{MODEL}.published", "yes"), (f"{MODEL}.published", "tokenfleet models --stack")),
    "other weights published": ((f"{MODEL}.published", "weights-0123456789ab"), (f"{MODEL}.published", "would load now")),
    "config.json that is not there": ((f"{MODEL}.configJson", "nowhere/config.json"), (f"{MODEL}.configJson", "Give a path relative to Pulumi.yaml")),
    "context beyond the model": ((f"{MODEL}.contextLength", 1_000_000), (f"{MODEL}.contextLength", "262144 tokens at most")),
    "traffic beyond the context": ((f"{MODEL}.traffic.inputTokens", 9000), (f"{MODEL}.traffic", "do not fit")),
    "more replicas than nodes": ((f"{MODEL}.replicas.max", 6), (f"{MODEL}.replicas.max", "5 at most")),
    "weights the hardware lacks": ((f"{MODEL}.huggingFaceId", "Qwen/Qwen3-32B-FP8"), (f"{MODEL}.pool", "does not run fp8")),
    "too large for its node": ((f"{MODEL}.huggingFaceId", "Qwen/Qwen3-14B"), (f"{MODEL}.pool", "fits is m8g.4xlarge")),
    "edge without callers": (("edge", {"exposure": "internal"}), ("edge.allowedCidrs", "may call")),
    "callers without an edge": (("edge", {"allowedCidrs": ["10.0.0.0/8"]}), ("edge.allowedCidrs", "no effect")),
    "edge for everyone": (("edge", {"exposure": "internal", "allowedCidrs": ["0.0.0.0/0"]}), ("edge.allowedCidrs[0]", "everyone")),
    "edge for everyone, in two parts": (("edge", {"exposure": "internal", "allowedCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}), ("edge.allowedCidrs", "allows everyone")),
    "edge for nearly everyone": (("edge", {"exposure": "internal", "allowedCidrs": ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"]}), ("edge.allowedCidrs", "is 88% of all addresses, and allows everyone")),
    "certificate without an edge": (("edge", {"certificateArn": CERTIFICATE}), ("edge.certificateArn", "no effect")),
    "certificate of another region": (("edge", INTERNAL | {"certificateArn": CERTIFICATE.replace("us-east-1", "eu-west-1")}), ("edge.certificateArn", "import one in us-east-1")),
    "certificate of another partition": (("edge", INTERNAL | {"certificateArn": CERTIFICATE.replace("arn:aws:", "arn:aws-cn:")}), ("edge.certificateArn", "begin with arn:aws:")),
    "certificate that is none": (("edge", INTERNAL | {"certificateArn": "arn:aws:iam::123456789012:server-certificate/a"}), ("edge.certificateArn", "in ACM, such as")),
    "edge of the internet without a certificate": (("edge", PUBLIC), ("edge.certificateArn", "in clear")),
    "edge of the internet for whoever comes": (
        ("edge", PUBLIC | {"certificateArn": CERTIFICATE, "allowedCidrs": ["0.0.0.0/0"]}),
        ("edge.allowedCidrs[0]", "everyone"),
    ),
    "private callers of the internet": (
        ("edge", PUBLIC | {"certificateArn": CERTIFICATE, "allowedCidrs": ["10.0.0.0/8"]}),
        ("edge.allowedCidrs[0]", "public addresses"),
    ),
    "client of a model that nobody serves": (
        ("edge", {"clients": {"alice": {"models": ["qwen3-4"]}}}),
        ("edge.clients.alice.models[0]", "Did you mean 'qwen3-4b'? Known: qwen3-4b"),
    ),
    "client of a name that no key has": (("edge", {"clients": {"Alice": {}}}), ("edge.clients.Alice", "lower-case")),
    "fewer pods of the edge at most than at least": (
        ("edge", {"replicas": {"min": 3, "max": 2}}),
        ("edge.replicas", "swap them or raise max"),
    ),
    "more pods of the edge than fit": (
        ("edge", {"replicas": {"min": 3, "max": 3}}),
        ("cluster.systemNodes", "prometheus has room for 3 pods of the edge; edge.replicas.min 3, and one that a rollout adds, are 4"),
    ),
    "system nodes too small for anything": (
        ("cluster.systemNodes", {"instanceType": "c8g.medium", "count": 1}),
        ("cluster.systemNodes", "has room for 0 pods of the edge"),
    ),
    "body larger than memory": (("edge", {"maxRequestMib": 17}), ("edge.maxRequestMib", "16")),
    "fallback of nobody": ((f"{MODEL}.fallback", 1), (f"{MODEL}.fallback", "no other model is servedAs qwen3-4b")),
    "nobody serves first": (
        ("models", {"a": SECOND | {"fallback": 1, "servedAs": "chat"}, "b": SECOND | {"fallback": 2, "servedAs": "chat"}}),
        ("models.a.fallback", "give one of them fallback 0"),
    ),
    "one name, two lengths": (
        ("models.second", SECOND | {"contextLength": 4096, "servedAs": "qwen3-4b"}),
        ("models.second.contextLength", "must be 8192, as qwen3-4b has"),
    ),
    "one name, two tasks": (
        ("models.second", SECOND | {"task": "embed", "servedAs": "qwen3-4b"}),
        ("models.second.task", "must be generate"),
    ),
    "one name, other adapters": (
        ("models.second", SECOND | {"adapters": ADAPTERS, "servedAs": "qwen3-4b"}),
        ("models.second.adapters", "must be those of qwen3-4b, none"),
    ),
    "adapter called like another model": (
        ("models", {"a": SECOND | {"adapters": ADAPTERS}, "legal": SECOND}),
        ("models.a.adapters.legal", "from the model legal"),
    ),
    "two adapters of one name": (
        ("models", {"a": SECOND | {"adapters": ADAPTERS}, "b": SECOND | {"adapters": ADAPTERS}}),
        ("models.b.adapters.legal", "from the adapter of a"),
    ),
    "number for an account": (("account", 111122223333), ("account", "quotes")),
    "account of eleven digits": (("account", "1" * 11), ("account", "12 digits")),
    "image cache without account": ((CACHE, {"enabled": True}), (f"{CACHE}.enabled", "give tokenfleet:account")),
    "certificate of an endless name": (("edge", INTERNAL | {"certificateArn": CERTIFICATE + "a" * 2048}), ("edge.certificateArn", "2048 characters at most")),
    "administrator of another partition": (
        ("cluster.adminPrincipals", {"a": "arn:aws-cn:iam::111122223333:role/A"}),
        ("cluster.adminPrincipals.a", "begin with arn:aws: in us-east-1"),
    ),
    "administrator in digits of another script": (
        ("cluster.adminPrincipals", {"a": f"arn:aws:iam::{OTHER_DIGITS}:role/A"}),
        ("cluster.adminPrincipals.a", "the ARN of an IAM role or user"),
    ),
    "account in digits of another script": (("account", OTHER_DIGITS), ("account", "12 digits")),
    "account with hyphens": (("account", "1111-2222-3333"), ("account", "12 digits")),
    "account of no administrator": (("account", "444455556666"), ("cluster.adminPrincipals", "is nobody of account 444455556666")),
    "zone with a space": (("network.zones", ["us-east-1a", " us-east-1b"]), ("network.zones[1]", "an availability zone")),
    "zone id with a space": (
        ("network.zoneIds", {"us-east-1a": "use1-az1", " us-east-1b": "use1-az2"}),
        ("network.zoneIds. us-east-1b", "an availability zone"),
    ),
    "one image for two architectures": (
        ("pools", {
            "graviton4": {"hardware": "graviton4", "instanceTypes": ["c8g.4xlarge"], "imageId": IMAGE, "tiers": {"spot": {"max": 3}}},
            "other": SECOND_POOL | {"imageId": IMAGE},
        }),
        ("pools.other.imageId", "is given to pools.graviton4.imageId too, for arm64 (standard); here it must be one for x86_64 (nvidia)"),
    ),
    "a baked image beside another": ((POOL, {**ON_DEMAND_POOL, "imageId": IMAGE, "baked": BAKED}), (f"{POOL}.imageId", "nodes start from one image")),
    "two pools baked from two digests": (
        ("pools", {
            "graviton4": {**ON_DEMAND_POOL, "baked": BAKED},
            "other": {**ON_DEMAND_POOL, "baked": {"imageId": "ami-0fedcba9876543210", "engineImage": f"{ENGINE}@sha256:{'2' * 64}"}},
        }),
        ("pools.other.baked.engineImage", "bake both from one digest"),
    ),
    "one baked image for two architectures": (
        ("pools", {
            "graviton4": {**ON_DEMAND_POOL, "baked": BAKED},
            "other": SECOND_POOL | {"imageId": IMAGE},
        }),
        ("pools.other.imageId", "is given to pools.graviton4.baked.imageId too"),
    ),
    "baked without a digest": ((f"{POOL}.baked", {"imageId": IMAGE}), (f"{POOL}.baked.engineImage", "is missing")),
    "baked by tag": ((f"{POOL}.baked", BAKED | {"engineImage": ENGINE}), (f"{POOL}.baked.engineImage", "64 hexadecimal")),
    "baked by digest alone": ((f"{POOL}.baked", BAKED | {"engineImage": DIGEST}), (f"{POOL}.baked.engineImage", "registry, repository, tag and digest")),
    "baked with the engine of an older release": (
        (f"{POOL}.baked", BAKED | {"engineImage": f"{OLD_ENGINE}@{DIGEST}"}),
        (f"{POOL}.baked.engineImage", f"was baked with {OLD_ENGINE}, and replicas run {ENGINE}: bake anew, tokenfleet bake STACK graviton4"),
    ),
    "baked weights of no revision": ((f"{POOL}.baked", BAKED | {"weights": [SERVED_ID]}), (f"{POOL}.baked.weights[0]", "a model and its revision")),
    "baked weights of another revision": (
        (f"{POOL}.baked", BAKED | {"weights": [f"{SERVED_ID}/{'c' * 40}"]}),
        (f"{POOL}.baked.weights[0]", "the pool serves revision cdbee75f17c01a7cc42f958dc650907174af0554 of it"),
    ),
    "baked weights of another model": (
        (f"{POOL}.baked", BAKED | {"weights": [f"Qwen/Qwen3-8B/{'c' * 40}"]}),
        (f"{POOL}.baked.weights[0]", "no model of this pool loads it"),
    ),
    "baked weights twice": ((f"{POOL}.baked", BAKED | {"weights": [SERVED_WEIGHTS] * 2}), (f"{POOL}.baked.weights[1]", "is listed twice")),
    "baked weights under local disks": (
        (POOL, {**ON_DEMAND_POOL, "baked": BAKED | {"weights": [SERVED_WEIGHTS]}}),
        (f"{POOL}.baked.weights", "lie on the local disks of c8gd.4xlarge"),
    ),
    "Docker Hub secret without image cache": ((CACHE, {"dockerHubSecretArn": CREDENTIALS}), (CREDENTIALS_PATH, "no effect without")),
    "Docker Hub secret that nothing needs": ((CACHE, CACHED_WITH), (CREDENTIALS_PATH, "no pool runs an image of Docker Hub")),
    "Docker Hub secret under another name": (
        (CACHE, {"dockerHubSecretArn": CREDENTIALS.replace("ecr-pullthroughcache/", "")}), (CREDENTIALS_PATH, "begins with ecr-pullthroughcache/")
    ),
    "Docker Hub secret in another region": (
        (CACHE, CACHED_WITH | {"dockerHubSecretArn": CREDENTIALS.replace("us-east-1", "eu-west-1")}),
        (CREDENTIALS_PATH, "is in region eu-west-1, the stack in us-east-1"),
    ),
    "alerts without a budget": (("cost", {"alertEmails": ["a@example.com"]}), ("cost.alertEmails", "monthlyBudgetUsd")),
    "negative budget": (("cost.monthlyBudgetUsd", -5), ("cost.monthlyBudgetUsd", "greater than 0")),
    "more tags than AWS has room for": (("cost.tags", {f"t{n}": "x" for n in range(60)}), ("cost.tags", "25 entries at most")),
    "tags that differ by case": (("cost.tags", {"team": "a", "Team": "b"}), ("cost.tags.Team", "differs from team by case alone")),
    "reserved tag in capitals": (("cost.tags", {"AWS:x": "y"}), ("cost.tags.AWS:x", "another key")),
    "one administrator in other letters": (
        ("cluster.adminPrincipals", {"a": "arn:aws:iam::111122223333:role/A", "b": "arn:aws:iam::111122223333:role/a"}),
        ("cluster.adminPrincipals.b", "name it once"),
    ),
    "days that CloudWatch does not keep": (("observability", {"logRetentionDays": 8}), ("observability.logRetentionDays", "The nearest: 7 and 14.")),
    "days for ever": (("observability", {"logRetentionDays": 1e9}), ("observability.logRetentionDays", "The nearest: 365.")),
    "days in quotes": (("observability", {"logRetentionDays": "7"}), ("observability.logRetentionDays", "or 365: write it without quotes")),
    "switch for days": (("observability", {"logRetentionDays": True}), ("observability.logRetentionDays", "must be a number")),
    "number in quotes": ((f"{MODEL}.contextLength", "8192"), (f"{MODEL}.contextLength", "a whole number: write it without quotes")),
    "switch in quotes": (("network.flowLogs", "true"), ("network.flowLogs", "true or false: write it without quotes")),
    "list for a flag": ((f"{MODEL}.engineArguments", {"seed": [1]}), (f"{MODEL}.engineArguments.seed", "must be true, a number or text")),
    "nothing for a flag": ((f"{MODEL}.engineArguments", {"seed": None}), (f"{MODEL}.engineArguments.seed", "must be true, a number or text")),
    "published without a mark": ((f"{MODEL}.published", True), (f"{MODEL}.published", "must be what tokenfleet models --stack")),
    "commit as a number": ((f"{MODEL}.revision", int("1" * 40)), (f"{MODEL}.revision", "must be text: put it in quotes")),
    "escape sequence in a flag": ((f"{MODEL}.engineArguments", {"chat-template": "a\x1b[31m"}), (f"{MODEL}.engineArguments.chat-template", "U+001B")),
    "NUL in a flag": ((f"{MODEL}.engineArguments", {"chat-template": "a\0b"}), (f"{MODEL}.engineArguments.chat-template", "U+0000")),
    "template among the flags": ((f"{MODEL}.engineArguments", {"chat-template": "{{ x }}"}), (f"{MODEL}.engineArguments.chat-template", "change chatTemplate")),
    "template that is not there": ((f"{MODEL}.chatTemplate", "no.jinja"), (f"{MODEL}.chatTemplate", "No such file or directory. Give a path relative to Pulumi.yaml")),
    "template that is a folder": ((f"{MODEL}.chatTemplate", "."), (f"{MODEL}.chatTemplate", "Is a directory")),
    "text for a template": ((f"{MODEL}.chatTemplate", "LICENSE"), (f"{MODEL}.chatTemplate", "holds no Jinja")),
    "drafts among the flags": ((f"{MODEL}.engineArguments", {"speculative-config": '{"method":"ngram","num_speculative_tokens":3}'}), (f"{MODEL}.engineArguments.speculative-config", "change speculative")),
    "bound that lets nothing in": ((f"{MODEL}.engineArguments", {"max-num-queued-reqs": 0}), (f"{MODEL}.engineArguments.max-num-queued-reqs", "a whole number from 1")),
    "bound in part": ((f"{MODEL}.engineArguments", {"max-num-queued-reqs": 1.5}), (f"{MODEL}.engineArguments.max-num-queued-reqs", "a whole number from 1")),
    "draft among the flags": ((f"{MODEL}.engineArguments", {"spec-model": "org/eagle"}), (f"{MODEL}.engineArguments.spec-model", "change speculative")),
    "misspelt method": ((f"{MODEL}.speculative", {"method": "eagle4"}), (f"{MODEL}.speculative.method", "eagle3")),
    "no tokens drafted": ((f"{MODEL}.speculative", {"method": "ngram", "tokens": 0}), (f"{MODEL}.speculative.tokens", "greater than or equal to 1")),
    "more accepted than drafted": ((f"{MODEL}.speculative", {"method": "ngram", "acceptedShare": 60}), (f"{MODEL}.speculative.acceptedShare", "less than or equal to 1")),
    "method without its draft": ((f"{MODEL}.speculative", {"method": "eagle"}), (f"{MODEL}.speculative", "give it as draft")),
    "draft without a use": ((f"{MODEL}.speculative", {"method": "ngram", "draft": DRAFT}), (f"{MODEL}.speculative", "leave it out, or use eagle or eagle3 or draft_model")),
    "draft without a commit": ((f"{MODEL}.speculative", {"method": "eagle", "draft": {"huggingFaceId": "org/x"}}), (f"{MODEL}.speculative.draft.revision", "is missing")),
    "method without its package": ((f"{MODEL}.speculative", {"method": "suffix"}), (f"{MODEL}.speculative.method", "arctic-inference")),
    "layers that draft where there are none": ((f"{MODEL}.speculative", {"method": "mtp"}), (f"{MODEL}.speculative.method", "has no layers that draft")),
    "head of which nothing is known": ((f"{MODEL}.speculative", {"method": "eagle3", "draft": DRAFT}), (f"{MODEL}.speculative.draft.huggingFaceId", "the catalogue lists no heads")),
    "head whose configuration is not there": (
        (f"{MODEL}.speculative", {"method": "eagle3", "draft": DRAFT | {"configJson": "no.json"}}),
        (f"{MODEL}.speculative.draft.configJson", "No such file or directory. Give a path relative to Pulumi.yaml"),
    ),
    "head of another model": (
        (f"{MODEL}.speculative", {"method": "eagle3", "draft": DRAFT | {"configJson": "tests/catalogue/small-decoder.config.json"}}),
        (f"{MODEL}.speculative.draft.configJson", "each model needs its own"),
    ),
    "draft of which nothing is known": ((f"{MODEL}.speculative", {"method": "draft_model", "draft": DRAFT}), (f"{MODEL}.speculative.draft.huggingFaceId", "no facts about this model")),
    "draft of another family": (
        (f"{MODEL}.speculative", {"method": "draft_model", "draft": DRAFT | {"huggingFaceId": "meta-llama/Llama-3.1-8B-Instruct"}}),
        (f"{MODEL}.speculative.draft.huggingFaceId", "has a vocabulary of 128,256 tokens"),
    ),
    "weights of one form, configuration of another": (
        (f"{MODEL}.engineArguments", {"config-format": "hf", "load-format": "mistral"}),
        (f"{MODEL}.engineArguments.config-format", "contradicts load-format: mistral"),
    ),
    "configuration of one form, weights of another": (
        (f"{MODEL}.engineArguments", {"config-format": "mistral", "load-format": "safetensors"}),
        (f"{MODEL}.engineArguments.load-format", "contradicts config-format: mistral"),
    ),
    "traces for another server": ((f"{MODEL}.engineArguments", {"otlp-traces-endpoint": "http://c:4317"}), (f"{MODEL}.engineArguments.otlp-traces-endpoint", "names other servers")),
    "tools on another server": ((f"{MODEL}.engineArguments", {"tool-server": "host:80"}), (f"{MODEL}.engineArguments.tool-server", "names other servers")),
    "events of the cache": ((f"{MODEL}.engineArguments", {"kv-events-config": "{}"}), (f"{MODEL}.engineArguments.kv-events-config", "names other servers")),
    "token of the Hub": ((f"{MODEL}.engineArguments", {"hf-token": "hf_x"}), (f"{MODEL}.engineArguments.hf-token", "is a secret")),
    "adapters by modality": ((f"{MODEL}.engineArguments", {"default-mm-loras": "{}"}), (f"{MODEL}.engineArguments.default-mm-loras", "the published files of its model")),
    "plug-in within JSON": (
        (f"{MODEL}.engineArguments", {"structured-outputs-config": '{"reasoning_parser_plugin": "/p.py"}'}),
        (f"{MODEL}.engineArguments.structured-outputs-config", "reasoning_parser_plugin names something"),
    ),
    "configuration elsewhere": ((f"{MODEL}.engineArguments", {"hf-config-path": "org/other"}), (f"{MODEL}.engineArguments.hf-config-path", "the published files of its model")),
    "plug-in in a file": ((f"{MODEL}.engineArguments", {"tool-parser-plugin": "/p.py"}), (f"{MODEL}.engineArguments.tool-parser-plugin", "the published files of its model")),
    "generation settings elsewhere": ((f"{MODEL}.engineArguments", {"generation-config": "/g"}), (f"{MODEL}.engineArguments.generation-config", "the published files of its model")),
    "cache on other servers": ((f"{MODEL}.engineArguments", {"kv-transfer-config": "{}"}), (f"{MODEL}.engineArguments.kv-transfer-config", "names other servers")),
    "NUL in a path": ((f"{MODEL}.configJson", "a\0b"), (f"{MODEL}.configJson", "U+0000")),
    "text that shows another": ((f"{MODEL}.configJson", "a\u202eb"), (f"{MODEL}.configJson", "U+202E")),
    **{
        f"id {odd}": ((f"{MODEL}.huggingFaceId", odd), (f"{MODEL}.huggingFaceId", "a Hugging Face id such as"))
        for odd in ("Qwen/..", "./a", "-x/y", "x/-y", "x/y.", "x/y--z", "x/y..z", "a/b/c", "\N{CYRILLIC SMALL LETTER A}/b")
    },
    "adapter from elsewhere": (
        (f"{MODEL}.adapters", {"a": {"huggingFaceId": "../x", "revision": "c" * 40, "rank": 8}}),
        (f"{MODEL}.adapters.a.huggingFaceId", "a Hugging Face id such as"),
    ),
    "account in other digits": (("account", "\N{ARABIC-INDIC DIGIT ONE}" * 12), ("account", "12 digits")),
    "file that is no config.json": ((f"{MODEL}.configJson", "."), (f"{MODEL}.configJson", "Is a directory")),
    "reserved tag": (("cost.tags", {"aws:x": "y"}), ("cost.tags.aws:x", "another key")),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), ROWS.values(), ids=list(ROWS))
def test_a_bad_stack_names_the_place_and_the_way_out(
    edit: tuple[str, Any],
    expected: tuple[str, str],
    keys_of: Callable[[str], Keys],
    root: Path,
) -> None:
    keys = keys_of("dev")
    _set(keys, *edit)
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    path, part = expected
    found = [mistake for mistake in raised.value.mistakes if mistake.path == path]
    assert [m for m in found if part in m.problem], [str(m) for m in raised.value.mistakes]


def test_an_image_baked_from_another_digest_than_replicas_ask_for_is_refused(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    _set(keys, f"{POOL}.baked", BAKED)
    _set(keys, "cluster.digests", {ENGINE: f"sha256:{'2' * 64}"})
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    (mistake,) = raised.value.mistakes
    assert mistake.path == f"{POOL}.baked.engineImage"
    assert f"sha256:{'2' * 64} by cluster.digests.{ENGINE}" in mistake.problem
    assert "tokenfleet bake STACK graviton4" in mistake.problem


@pytest.mark.parametrize(
    ("cache", "part"),
    [
        ({"enabled": True}, "pool h100 runs docker.io/vllm/vllm-openai"),
        (CACHED_WITH, "is in account 444455556666, the stack in 111122223333"),
        (OF_CHINA, "is in partition aws-cn, the stack in aws"),
    ],
)
def test_a_cache_of_docker_hub_without_credentials_of_its_account_is_refused(
    cache: Keys, part: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("prod") | {"account": "111122223333"}
    _set(keys, CACHE, cache)
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    (mistake,) = raised.value.mistakes
    assert mistake.path == CREDENTIALS_PATH
    assert part in mistake.problem


@pytest.mark.parametrize(
    ("account", "edge"),
    [("444455556666", "is of account 123456789012, the stack of 444455556666"), (None, None)],
)
def test_a_certificate_is_of_the_account_of_the_stack(
    account: str | None, edge: str | None, keys_of: Callable[[str], Keys], root: Path
) -> None:
    edge_with: Keys = INTERNAL | {"certificateArn": CERTIFICATE}
    keys = keys_of("dev") | {"edge": edge_with}
    if account is None:
        assert decide(keys, "dev", root).edge.certificate_arn
        return
    keys["account"] = account
    keys["cluster"]["adminPrincipals"] = {"a": f"arn:aws:iam::{account}:role/A"}
    with pytest.raises(StackError, match=edge):
        decide(keys, "dev", root)


def test_a_misspelt_account_is_not_said_to_be_left_out(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("prod") | {"account": "1111-2222-3333"}
    _set(keys, CACHE, CACHED_WITH)
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    assert [mistake.path for mistake in raised.value.mistakes] == ["account"]


def test_mistakes_of_every_section_are_reported_together(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    edits: Sequence[tuple[str, Any]] = [
        ("network.cidr", "10.0.0.0/24"),
        ("cluster.kubernetesVersion", "1.99"),
        (f"{POOL}.instanceTypes", ["g6.4xlarge"]),
        (f"{MODEL}.revison", "typo beside a good revision"),
        (f"{MODEL}.pool", "nowhere"),
        ("edge", {"exposure": "everyone"}),
        ("cost.monthlyBudgetUsd", "much"),
    ]
    keys = keys_of("dev")
    for edit in edits:
        _set(keys, *edit)
    with pytest.raises(StackError) as raised:
        decide(keys, "Bad_Stack", root)
    assert {mistake.path for mistake in raised.value.mistakes} >= {
        "stack",
        "network.cidr",
        "cluster.kubernetesVersion",
        f"{POOL}.instanceTypes[0]",
        f"{MODEL}.revison",
        f"{MODEL}.pool",
        "edge.exposure",
        "cost.monthlyBudgetUsd",
    }


def test_a_type_that_the_region_does_not_offer_is_refused(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("prod")
    keys["region"] = "eu-west-1"
    keys["network"]["zones"] = ["eu-west-1a", "eu-west-1b"]
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    problems = {mistake.path: mistake.problem for mistake in raised.value.mistakes}
    assert "not offered in eu-west-1" in problems["pools.h100.instanceTypes[0]"]
    # Offered there; where nobody knows the price, the bill has a gap.
    assert not [path for path in problems if path.startswith("pools.graviton4")]


def test_a_model_too_large_for_any_node_is_told_so(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("prod")
    model = keys["models"]["gpt-oss-120b"]
    model |= {
        "huggingFaceId": "meta-llama/Llama-3.3-70B-Instruct",
        "contextLength": 4096,
        "pool": "inferentia2",
    }
    model.pop("traffic")
    with pytest.raises(StackError) as raised:
        decide(keys, "dev", root)
    (problem,) = [m.problem for m in raised.value.mistakes if m.path == "models.gpt-oss-120b.pool"]
    assert "per rank" in problem
    assert "inf2.48xlarge" in problem or "on one node" in problem


def _set(keys: Keys, path: str, value: object) -> None:
    """Set ``path`` to ``value``; ``...`` removes it."""
    *parents, last = path.split(".")
    inner = keys
    for parent in parents:
        inner = inner[parent]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
