"""Changes of a stack as people make them, with what a review of each must say: data, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.edits import Edit, put
from tests.review.states import dropped, moved, of_resource, state_of
from tokenfleet.review.previews import StackState

Expected = tuple[str, str]
SAID = {"source": "an offer", "date": "2026-11-01"}
COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca"
AUTOSCALER = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0"
L4 = {"hardware": "l4", "instanceTypes": ["g6.4xlarge"], "tiers": {"spot": {"max": 4}}}
POOL, MODEL = "pools.graviton4", "models.qwen3-4b"
TYPES = ["c8gd.4xlarge", "m8gd.4xlarge", "c8g.4xlarge", "m8g.4xlarge"]
SMALL = {
    "huggingFaceId": "Qwen/Qwen3-0.6B",
    "revision": COMMIT,
    "pool": "gpu",
    "contextLength": 4096,
    "replicas": {"max": 1},
}
KEY_OF_NIGHTLY = {"clientKeys.nightly[0]": "0123456789abcdef"}
NIGHTLY = {"requestsPerMinute": 60, "models": ["qwen3-8b"], "priority": "batch"}
FINDING = {
    "rule": "nodes-are-private",
    "resource": "urn:pulumi:dev::tokenfleet::aws:ec2/subnet:Subnet::tokenfleet-dev-network",
    "problem": "gives nodes public addresses",
}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One change: how the later state differs from the earlier one, and what must hold."""

    stack: str = "dev"
    edits: Sequence[Edit] = ()
    """Of the stack's keys."""
    patches: Sequence[Edit] = ()
    """Of what was recorded, where no key says so."""
    preview_patches: Sequence[Edit] = ()
    secrets: tuple[Mapping[str, str] | None, Mapping[str, str] | None] = (None, None)
    is_new: bool = False
    is_gone: bool = False
    verdict: str
    """How its verdict line begins."""
    holds: Mapping[str, Expected] = field(default_factory=dict[str, Expected])
    """Action and danger by the ends of type and name: "Subnet private-us-east-1a"."""
    only: frozenset[str] = frozenset({"create", "update", "replace", "delete"})
    """The actions that occur at all."""
    says: Sequence[str] = ()
    """What stands in the comment, markup aside."""

    def states(self) -> tuple[StackState | None, StackState | None]:
        """Before and after; None where there is none."""
        before = state_of(self.stack, secrets=self.secrets[0])
        after = state_of(
            self.stack,
            self.edits,
            patches=self.patches,
            preview_patches=self.preview_patches,
            secrets=self.secrets[1],
        )
        return (None if self.is_new else before), (None if self.is_gone else after)


OUTAGE, NODES, REPLICAS, SETTINGS = "outage", "nodes", "replicas", "settings"
LOSS, ADDITION = "data-loss", "addition"
CREATE, UPDATE, REPLACE, DELETE = "create", "update", "replace", "delete"
BUCKET, VERSIONING = "Bucket models-bucket", "BucketVersioning models-versioning"
CONTROL_PLANE, MODEL_POD = "Cluster control-plane", "Deployment vllm-qwen3-4b"

CHANGES: Mapping[str, Recorded] = {
    "price-of-a-type": Recorded(
        edits=[put("cost.prices", {"c8gd.4xlarge": {"usd": 1.2, "spotUsd": 0.5, **SAID}})],
        verdict="no resource changes; +136.02 dollars a month",
        only=frozenset(),
        says=["$1.33 to $1.66", "$954.80 above the $700.00"],
    ),
    "type-added": Recorded(
        edits=[put(f"{POOL}.instanceTypes", [*TYPES, "r8g.4xlarge"])],
        verdict="settings: 2 resources updated; +3.81",
        holds={"Group graviton4-spot-group": (UPDATE, SETTINGS)},
        only=frozenset({UPDATE}),
        says=["overrides[r8g.4xlarge]"],
    ),
    "types-reordered": Recorded(
        edits=[put(f"{POOL}.instanceTypes", [TYPES[1], TYPES[0], *TYPES[2:]])],
        verdict="replicas: 3 resources updated, 1 resource replaced; +51.40",
        only=frozenset({UPDATE, REPLACE}),
        says=["overrides[order]"],
    ),
    "zone-added": Recorded(
        edits=[put("network.zones", ["us-east-1a", "us-east-1b", "us-east-1c"])],
        verdict="replicas: 5 resources created, 5 resources updated, 1 resource replaced",
        holds={"Subnet private-us-east-1c": (CREATE, ADDITION)},
        only=frozenset({CREATE, UPDATE, REPLACE}),
    ),
    "zone-of-the-control-plane": Recorded(
        edits=[put("network.zones", ["us-east-1a", "us-east-1c"])],
        verdict="outage: 5 resources created, 6 resources updated, 1 resource replaced, 5 resources deleted",
        holds={CONTROL_PLANE: (UPDATE, SETTINGS)},
        says=["an update of vpcConfig.subnetIds is refused", "There the deployment would stop"],
    ),
    "cidr-changed": Recorded(
        edits=[put("network.cidr", "10.21.0.0/16")],
        verdict="outage: 5 resources updated, 14 resources replaced",
        holds={
            "Vpc network-vpc": (REPLACE, OUTAGE),
            "Subnet private-us-east-1a": (REPLACE, OUTAGE),
            "NatGateway nat-us-east-1a": (REPLACE, OUTAGE),
            "RouteTable network-public": (REPLACE, OUTAGE),
            "VpcEndpoint endpoints-s3": (REPLACE, OUTAGE),
            "InternetGateway internet": (UPDATE, SETTINGS),
            "Group graviton4-spot-group": (UPDATE, NODES),
            CONTROL_PLANE: (UPDATE, OUTAGE),
        },
        only=frozenset({UPDATE, REPLACE}),
        says=["1. outage: tokenfleet-dev-network-vpc (Vpc) is replaced", "18 resources hang on it"],
    ),
    "cluster-renamed": Recorded(
        patches=[
            of_resource(CONTROL_PLANE, put("name", "fleet")),
            of_resource("kubernetes cluster-kubernetes", put("clusterIdentifier", "fleet")),
        ],
        verdict="outage: 5 resources updated, 56 resources replaced",
        holds={
            CONTROL_PLANE: (REPLACE, OUTAGE),
            "kubernetes cluster-kubernetes": (REPLACE, OUTAGE),
            "Addon vpc-cni": (REPLACE, OUTAGE),
            "AccessEntry graviton4-node": (REPLACE, OUTAGE),
            MODEL_POD: (REPLACE, OUTAGE),
            "Namespace namespace-serving": (REPLACE, OUTAGE),
            "LaunchTemplate system-group-volume-template": (UPDATE, SETTINGS),
        },
        only=frozenset({UPDATE, REPLACE}),
        says=["it is deleted before the new one is created", "none of them joins the new one"],
    ),
    "service-cidr": Recorded(
        edits=[put("cluster.serviceCidr", "172.21.0.0/16")],
        verdict="outage: 6 resources updated, 8 resources replaced",
        holds={CONTROL_PLANE: (REPLACE, OUTAGE), "Addon kube-proxy": (REPLACE, OUTAGE)},
        says=["Pulumi takes it for there: pulumi refresh"],
    ),
    "kubernetes-version": Recorded(
        edits=[put("cluster.kubernetesVersion", "1.36")],
        verdict="nodes: 7 resources updated",
        holds={
            CONTROL_PLANE: (UPDATE, NODES),
            "LaunchTemplate graviton4-spot-local-template": (UPDATE, SETTINGS),
            "Release cluster-autoscaler": (UPDATE, REPLICAS),
        },
        only=frozenset({UPDATE}),
        says=["cannot be undone", "nodes launched from now on get the new template"],
    ),
    "warm-nodes": Recorded(
        stack="prod",
        edits=[put("pools.inferentia2.tiers.on-demand.warmNodes", 1)],
        verdict="replicas: 2 resources created, 4 resources updated, 1 resource replaced",
        holds={
            "Group inferentia2-on-demand-group": (UPDATE, SETTINGS),
            "LifecycleHook inferentia2-on-demand-warm-hook": (CREATE, ADDITION),
            # It draws on them, and starts anew with what it is told.
            "Deployment addons-capacity-deployment-capacity-controller": (UPDATE, REPLICAS),
        },
        only=frozenset({CREATE, UPDATE, REPLACE}),
    ),
    "node-image": Recorded(
        edits=[put(f"{POOL}.imageId", "ami-01234567")],
        verdict="settings: 4 resources updated",
        only=frozenset({UPDATE}),
        says=["nodes launched from now on get the new template"],
    ),
    "flag-of-a-model": Recorded(
        edits=[
            put(f"{MODEL}.engineArguments.enable-auto-tool-choice", value=True),
            put(f"{MODEL}.engineArguments.tool-call-parser", "hermes"),
        ],
        verdict="outage: 1 resource updated",
        holds={MODEL_POD: (UPDATE, OUTAGE)},
        only=frozenset({UPDATE}),
        says=["args.--tool-call-parser: (absent) to hermes", "its only replica is away at once"],
    ),
    "flag-of-a-model-of-several-replicas": Recorded(
        stack="prod",
        edits=[
            put("models.qwen3-8b.engineArguments.tool-call-parser", "hermes"),
            put("models.qwen3-8b.engineArguments.enable-auto-tool-choice", value=True),
        ],
        verdict="replicas: 1 resource updated",
        holds={"Deployment vllm-qwen3-8b": (UPDATE, REPLICAS)},
        only=frozenset({UPDATE}),
        says=["qwen3-8b: 2 replicas restart, 1 away at a time"],
    ),
    "revision-of-a-model": Recorded(
        edits=[put(f"{MODEL}.revision", COMMIT)],
        verdict="outage: 5 resources updated",
        holds={
            MODEL_POD: (UPDATE, OUTAGE),
            "LaunchTemplate graviton4-spot-local-template": (UPDATE, SETTINGS),
        },
        only=frozenset({UPDATE}),
        says=[f"revision {COMMIT}, not cdbee75f17c01a7cc42f958dc650907174af0554"],
    ),
    "replica-bounds": Recorded(
        edits=[put(f"{MODEL}.replicas", {"min": 1, "max": 2})],
        verdict="replicas: 3 resources updated, 2 resources replaced",
        holds={
            "ScaledObject scaledobject-vllm-qwen3-4b": (UPDATE, SETTINGS),
            # What it lets in at most is in what Envoy starts with.
            "Deployment edge-deployment-edge": (UPDATE, REPLICAS),
        },
        only=frozenset({UPDATE, REPLACE}),
        says=["replicas 1 to 2, not 1 to 3", "edge: 2 replicas restart, none away at a time."],
    ),
    "replicas-lowered": Recorded(
        stack="prod",
        edits=[put("models.qwen3-8b.replicas.min", 1)],
        verdict="settings: 1 resource updated",
        # How many there are is not the deployment's to say, where they follow the load.
        holds={"ScaledObject scaledobject-vllm-qwen3-8b": (UPDATE, SETTINGS)},
        only=frozenset({UPDATE}),
        says=["replicas 1 to 8, not 2 to 8", "spec.minReplicaCount: 2 to 1"],
    ),
    "load-raised": Recorded(
        edits=[put(f"{MODEL}.traffic.requestsPerSecond", 0.35)],
        verdict="no resource changes; +",
        only=frozenset(),
        says=[
            "qwen3-4b: carries at most 0.54 requests/s, not 0.27",
            "head room above its load 0.19 requests/s, not 0.07",
        ],
    ),
    "nodes-lowered": Recorded(
        edits=[put(f"{POOL}.tiers.on-demand.max", 1)],
        verdict="replicas: 2 resources updated, 1 resource replaced",
        holds={
            "Group graviton4-on-demand-group": (UPDATE, SETTINGS),
            "Deployment capacity-controller": (UPDATE, REPLICAS),
        },
        only=frozenset({UPDATE, REPLACE}),
        says=[
            "at most 1 node, not 2: those above are protected and stay",
            "until it is back nobody acts on a spot notice",
        ],
    ),
    "pool-added": Recorded(
        edits=[put("pools.gpu", L4), put("models.small", SMALL)],
        verdict="replicas: 12 resources created, 3 resources updated, 2 resources replaced; +418.58",
        holds={
            "Group gpu-spot-group": (CREATE, ADDITION),
            "Release cluster-autoscaler": (UPDATE, REPLICAS),
        },
        only=frozenset({CREATE, UPDATE, REPLACE}),
        says=["G and VT instances, spot: the most nodes need 64 vCPUs, not 0"],
    ),
    "pool-renamed": Recorded(
        edits=[moved(POOL, "pools.arm"), put(f"{MODEL}.pool", "arm")],
        verdict="outage: 12 resources created, 5 resources updated, 1 resource replaced, 12 resources deleted",
        holds={
            "Group graviton4-spot-group": (DELETE, NODES),
            "Group arm-spot-group": (CREATE, ADDITION),
            "Role graviton4-node": (DELETE, SETTINGS),
            MODEL_POD: (UPDATE, OUTAGE),
        },
        only=frozenset({CREATE, UPDATE, REPLACE, DELETE}),
        says=["qwen3-4b starts on another pool before", "on a new node"],
    ),
    "tier-removed": Recorded(
        edits=[put(f"{POOL}.tiers.on-demand")],
        verdict="outage: 3 resources updated, 1 resource replaced, 3 resources deleted; -126.01",
        holds={
            "Group graviton4-on-demand-group": (DELETE, NODES),
            MODEL_POD: (UPDATE, OUTAGE),
        },
        only=frozenset({UPDATE, REPLACE, DELETE}),
        says=[
            "replicas of qwen3-4b that run there are evicted",
            "qwen3-4b: 100% of its node-hours on spot, not 64%",
        ],
    ),
    "nodes-of-a-model-gone": Recorded(
        patches=[
            dropped("Group graviton4-on-demand-group"),
            dropped("Group graviton4-spot-group"),
        ],
        verdict="outage: 2 resources deleted",
        holds={"Group graviton4-spot-group": (DELETE, OUTAGE)},
        only=frozenset({DELETE}),
        says=["qwen3-4b has no other nodes: every replica ends"],
    ),
    "model-gone": Recorded(
        stack="prod",
        edits=[put("models.qwen25-7b"), put("pools.inferentia2")],
        verdict="outage: 4 resources updated, 3 resources replaced, 22 resources deleted",
        holds={
            "Deployment vllm-qwen25-7b": (DELETE, OUTAGE),
            "Group inferentia2-spot-group": (DELETE, NODES),
            "AccessEntry inferentia2-node": (DELETE, SETTINGS),
        },
        says=["1. outage: tokenfleet-prod-serving-deployment-vllm-qwen25-7b"],
    ),
    "key-rotated": Recorded(
        secrets=({"apiKey": "0123456789abcdef"}, {"apiKey": "fedcba9876543210"}),
        verdict="no resource is seen to change, a secret is",
        only=frozenset(),
        says=["secret apiKey: what is encrypted there is not what it was", "files of edge-routes"],
    ),
    "key-added": Recorded(
        secrets=(None, {"apiKey": "fedcba9876543210"}),
        verdict="settings: 1 resource deleted, a secret changes",
        holds={"Secret edge-api-key": (DELETE, SETTINGS)},
        only=frozenset({DELETE}),
        says=[
            "secret apiKey is set, and was not",
            "edge-api-key: whoever sends the key in it is refused from then on.",
        ],
    ),
    "key-of-a-client-gone": Recorded(
        secrets=(
            {"clientKeys.alice[0]": "0123456789abcdef", "clientKeys.bob[0]": "fedcba9876543210"},
            {"clientKeys.alice[0]": "0123456789abcdef"},
        ),
        verdict="no resource is seen to change, a secret is",
        only=frozenset(),
        says=["secret clientKeys.bob[0] is gone"],
    ),
    "client-limited": Recorded(
        stack="prod",
        edits=[put("edge.clients", {"nightly": NIGHTLY})],
        secrets=(KEY_OF_NIGHTLY, KEY_OF_NIGHTLY),
        verdict="no resource changes",
        only=frozenset(),
        says=[
            "edge.clients.nightly: 60 requests a minute on a pod, not any number of.",
            "edge.clients.nightly: may call qwen3-8b, not every model.",
            "edge.clients.nightly: is batch from now on.",
        ],
    ),
    "edge-for-more": Recorded(
        stack="prod",
        edits=[put("edge.allowedCidrs", ["198.51.100.0/23"])],
        verdict="settings: 1 resource updated",
        holds={"Service service-edge": (UPDATE, SETTINGS)},
        only=frozenset({UPDATE}),
        says=["edge.allowedCidrs: 198.51.100.0/23 may call, which could not before."],
    ),
    "edge-on-the-internet": Recorded(
        stack="prod",
        edits=[put("edge.exposure", "public")],
        verdict="outage: 1 resource updated",
        holds={"Service service-edge": (UPDATE, OUTAGE)},
        only=frozenset({UPDATE}),
        says=[
            "edge.exposure: models may be called from the internet, not from the VPC",
            "keeps its reach until the Service is deleted",
        ],
    ),
    "tag": Recorded(
        edits=[put("cost.tags.team", "serving")],
        verdict="settings: 9 resources updated",
        holds={
            "aws tokenfleet-dev": (UPDATE, SETTINGS),
            "Group graviton4-spot-group": (UPDATE, SETTINGS),
        },
        only=frozenset({UPDATE}),
        says=["defaultTags.tags.team: platform to serving"],
    ),
    "bucket-setting": Recorded(
        patches=[of_resource(VERSIONING, put("versioningConfiguration.status", "Suspended"))],
        verdict="data-loss: 1 resource updated",
        holds={VERSIONING: (UPDATE, LOSS)},
        only=frozenset({UPDATE}),
        says=["older versions of objects stop being kept"],
    ),
    "bucket-renamed": Recorded(
        patches=[of_resource(BUCKET, put("bucket", "weights"))],
        verdict="data-loss: 11 resources updated, 8 resources replaced",
        holds={
            BUCKET: (REPLACE, LOSS),
            "BucketPolicy models-access": (REPLACE, SETTINGS),
            "RolePolicy graviton4-models": (UPDATE, SETTINGS),
        },
        only=frozenset({UPDATE, REPLACE}),
        says=["its objects: published weights"],
    ),
    "logs-kept-shorter": Recorded(
        edits=[put("observability.logRetentionDays", 3)],
        verdict="data-loss: 1 resource updated",
        holds={"LogGroup cluster-logs": (UPDATE, LOSS)},
        only=frozenset({UPDATE}),
        says=["logs older than 3 days go"],
    ),
    "guard-lifted": Recorded(
        stack="prod",
        edits=[put("cluster.deletionProtection", value=False)],
        verdict="settings: ",
        holds={CONTROL_PLANE: (UPDATE, SETTINGS)},
        only=frozenset({UPDATE}),
        says=[
            "- tokenfleet-prod-cluster-control-plane: nothing protects it from deletion any more."
        ],
    ),
    "nat-choice": Recorded(
        edits=[put("network.natGateways", "onePerZone")],
        verdict="settings: 2 resources created, 1 resource updated; +36.50",
        holds={
            "NatGateway nat-us-east-1b": (CREATE, ADDITION),
            "RouteTable private-us-east-1b": (UPDATE, SETTINGS),
        },
        only=frozenset({CREATE, UPDATE}),
    ),
    "chart-version": Recorded(
        patches=[of_resource("Release cluster-autoscaler", put("version", "9.99.0"))],
        verdict="replicas: 1 resource updated",
        holds={"Release cluster-autoscaler": (UPDATE, REPLICAS)},
        only=frozenset({UPDATE}),
        says=["version: 9.59.0 to 9.99.0", "pods of it restart; those of models do not"],
    ),
    "image-digest": Recorded(
        edits=[put("cluster.digests", {AUTOSCALER: f"sha256:{'1' * 64}"})],
        verdict="replicas: 1 resource updated",
        holds={"Release cluster-autoscaler": (UPDATE, REPLICAS)},
        only=frozenset({UPDATE}),
    ),
    "region": Recorded(
        edits=[put("region", "us-west-2"), put("network.zones", ["us-west-2a", "us-west-2b"])],
        verdict="data-loss: 12 resources created, 10 resources updated, 49 resources replaced",
        holds={
            "aws tokenfleet-dev": (UPDATE, LOSS),
            BUCKET: (REPLACE, LOSS),
            "Vpc network-vpc": (REPLACE, OUTAGE),
            CONTROL_PLANE: (REPLACE, OUTAGE),
            "Subnet private-us-east-1a": (DELETE, OUTAGE),
            "Subnet private-us-west-2a": (CREATE, ADDITION),
            "RolePolicy graviton4-models": (UPDATE, SETTINGS),
        },
        says=["1. data-loss: tokenfleet-dev (aws provider) is updated: region"],
    ),
    "finding": Recorded(
        preview_patches=[lambda document: document["findings"].append(FINDING)],
        verdict="no resource changes",
        only=frozenset(),
        says=["new broken rule: nodes-are-private"],
    ),
    "stack-new": Recorded(
        is_new=True,
        verdict="addition: 129 resources created",
        holds={"Vpc network-vpc": (CREATE, ADDITION)},
        only=frozenset({CREATE}),
        says=["12 of tokenfleet-dev-graviton4"],
    ),
    "stack-gone": Recorded(
        is_gone=True,
        verdict="data-loss: 129 resources deleted",
        holds={
            BUCKET: (DELETE, LOSS),
            "Key cluster-secrets": (DELETE, LOSS),
            CONTROL_PLANE: (DELETE, OUTAGE),
            "Vpc network-vpc": (DELETE, OUTAGE),
        },
        only=frozenset({DELETE}),
        says=["1. data-loss: 2 of tokenfleet-dev-models"],
    ),
}
