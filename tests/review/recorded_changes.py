"""Changes of a stack as people make them, with what a review of each must say: data, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.review.states import Edit, dropped, moved, of_resource, put, state_of
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


CHANGES: Mapping[str, Recorded] = {
    "price-of-a-type": Recorded(
        edits=[put("cost.prices", {"c8gd.4xlarge": {"usd": 0.9, "spotUsd": 0.4, **SAID}})],
        verdict="",
    ),
    "type-added": Recorded(
        edits=[put(f"{POOL}.instanceTypes", [*TYPES, "r8g.4xlarge"])], verdict=""
    ),
    "zone-added": Recorded(
        edits=[put("network.zones", ["us-east-1a", "us-east-1b", "us-east-1c"])], verdict=""
    ),
    "cidr-changed": Recorded(edits=[put("network.cidr", "10.21.0.0/16")], verdict=""),
    "cluster-renamed": Recorded(
        patches=[
            of_resource("Cluster control-plane", put("name", "fleet")),
            of_resource("kubernetes cluster-kubernetes", put("clusterIdentifier", "fleet")),
        ],
        verdict="",
    ),
    "kubernetes-version": Recorded(edits=[put("cluster.kubernetesVersion", "1.36")], verdict=""),
    "flag-of-a-model": Recorded(
        edits=[
            put(f"{MODEL}.engineArguments.enable-auto-tool-choice", value=True),
            put(f"{MODEL}.engineArguments.tool-call-parser", "hermes"),
        ],
        verdict="",
    ),
    "revision-of-a-model": Recorded(edits=[put(f"{MODEL}.revision", COMMIT)], verdict=""),
    "replica-bounds": Recorded(edits=[put(f"{MODEL}.replicas", {"min": 1, "max": 2})], verdict=""),
    "pool-added": Recorded(edits=[put("pools.gpu", L4), put("models.small", SMALL)], verdict=""),
    "pool-renamed": Recorded(
        edits=[moved(POOL, "pools.arm"), put(f"{MODEL}.pool", "arm")], verdict=""
    ),
    "tier-removed": Recorded(edits=[put(f"{POOL}.tiers.on-demand")], verdict=""),
    "key-rotated": Recorded(
        secrets=({"apiKey": "0123456789abcdef"}, {"apiKey": "fedcba9876543210"}), verdict=""
    ),
    "tag": Recorded(edits=[put("cost.tags.team", "serving")], verdict=""),
    "bucket-setting": Recorded(
        patches=[
            of_resource(
                "BucketVersioning models-versioning",
                put("versioningConfiguration.status", "Suspended"),
            )
        ],
        verdict="",
    ),
    "bucket-renamed": Recorded(
        patches=[of_resource("Bucket models-bucket", put("bucket", "weights"))], verdict=""
    ),
    "service-cidr": Recorded(edits=[put("cluster.serviceCidr", "172.21.0.0/16")], verdict=""),
    "node-image": Recorded(edits=[put(f"{POOL}.imageId", "ami-01234567")], verdict=""),
    "model-gone": Recorded(
        stack="prod", edits=[put("models.qwen25-7b"), put("pools.inferentia2")], verdict=""
    ),
    "nodes-lowered": Recorded(edits=[put(f"{POOL}.tiers.on-demand.max", 1)], verdict=""),
    "types-reordered": Recorded(
        edits=[put(f"{POOL}.instanceTypes", [TYPES[1], TYPES[0], *TYPES[2:]])], verdict=""
    ),
    "tier-and-its-models-pool": Recorded(
        patches=[dropped("Group graviton4-on-demand-group"), dropped("Group graviton4-spot-group")],
        verdict="",
    ),
    "nat-choice": Recorded(edits=[put("network.natGateways", "onePerZone")], verdict=""),
    "chart-version": Recorded(
        patches=[of_resource("Release cluster-autoscaler", put("version", "9.99.0"))], verdict=""
    ),
    "image-digest": Recorded(
        edits=[put("cluster.digests", {AUTOSCALER: f"sha256:{'1' * 64}"})], verdict=""
    ),
    "stack-new": Recorded(is_new=True, verdict=""),
    "stack-gone": Recorded(is_gone=True, verdict=""),
    "region": Recorded(
        edits=[put("region", "us-west-2"), put("network.zones", ["us-west-2a", "us-west-2b"])],
        verdict="",
    ),
    "finding": Recorded(
        preview_patches=[lambda document: document["findings"].append(FINDING)], verdict=""
    ),
    "prod-replicas-lowered": Recorded(
        stack="prod",
        edits=[put("models.qwen3-8b.replicas.max", 2), put("pools.graviton4.tiers.spot.max", 3)],
        verdict="",
    ),
    "nothing": Recorded(verdict="nothing changes"),
}
