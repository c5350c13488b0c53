"""Mistakes in how things are stored."""

from collections.abc import Mapping

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    added,
    assert_reported_alone,
    changed,
    pick,
    removed,
    reported,
    restated,
)
from tokenfleet.recording.recorded import Recording

SPOT = ":LaunchTemplate::*-graviton4-spot-local-template"
ON_DEMAND = ":LaunchTemplate::*-h100-on-demand-local-template"
CLUSTER = "aws:eks/cluster:Cluster::*"
BUCKET = ":Bucket::*"
BLOCK = ":BucketPublicAccessBlock::*"
POLICY = ":BucketPolicy::*"
COMPILER = ":RolePolicy::*-compiler-policy"
VOLUME = "aws:ebs/volume:Volume"
PLAIN_DEVICE = {"deviceName": "/dev/xvdb", "ebs": {"volumeSize": 100}}
DEVICE = {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}


def unencrypted(plant: Plant, on: str, says: str) -> Planted:
    """Something that is kept in the clear."""
    return Planted(plant=plant, rule="encrypted", on=on, says=says)


def opened(switch: str, to: object) -> Planted:
    """A public access block with a gap."""
    return Planted(
        plant=changed(BLOCK, switch, to=to), rule="private-buckets", on=BLOCK, says=switch
    )


def replaceable(plant: Plant, says: str) -> Planted:
    """A bucket in which something can be overwritten."""
    return Planted(plant=plant, rule="written-once", on=POLICY, says=says)


MISTAKES: Mapping[str, Planted] = {
    "spot template without encryption": unencrypted(
        changed(SPOT, "blockDeviceMappings", 0, "ebs", "encrypted", to="false"),
        SPOT,
        "a volume unencrypted",
    ),
    "template that does not mention encryption": unencrypted(
        changed(ON_DEMAND, "blockDeviceMappings", 0, "ebs", "encrypted", to=...),
        ON_DEMAND,
        "a volume unencrypted",
    ),
    "second volume without encryption": unencrypted(
        changed(SPOT, "blockDeviceMappings", to=[DEVICE, PLAIN_DEVICE]),
        SPOT,
        "a volume unencrypted",
    ),
    "template that leaves its volume to the image": unencrypted(
        changed(SPOT, "blockDeviceMappings", to=...), SPOT, "a volume unencrypted"
    ),
    "volume without encryption": unencrypted(
        added(VOLUME, size=10, encrypted=False), "::planted", "not encrypted"
    ),
    "volume that does not mention encryption": unencrypted(
        added(VOLUME, size=10), "::planted", "not encrypted"
    ),
    "cluster without a key for its secrets": unencrypted(
        changed(CLUSTER, "encryptionConfig", to=...), CLUSTER, "without a KMS key"
    ),
    "cluster with an empty encryption config": unencrypted(
        changed(CLUSTER, "encryptionConfig", to={}), CLUSTER, "without a KMS key"
    ),
    "cluster whose key covers nothing": unencrypted(
        changed(CLUSTER, "encryptionConfig", "resources", to=[]), CLUSTER, "without a KMS key"
    ),
    "bucket with an empty encryption configuration": unencrypted(
        changed(":BucketServerSideEncryptionConfiguration::*", "rules", to=[]),
        BUCKET,
        "no encryption",
    ),
    "bucket with a policy that refuses nothing": unencrypted(
        restated(POLICY, "DenyPlainHttp"), BUCKET, "refuses plain HTTP"
    ),
    "bucket without encryption": unencrypted(
        removed(":BucketServerSideEncryptionConfiguration::*"), BUCKET, "no encryption"
    ),
    "bucket without a public access block": unencrypted(
        removed(BLOCK), BUCKET, "no public access block"
    ),
    "bucket that takes plain HTTP": unencrypted(
        removed(":BucketPolicy::*"), BUCKET, "refuses plain HTTP"
    ),
    "public ACLs accepted": opened("blockPublicAcls", to=False),
    "public policy accepted": opened("blockPublicPolicy", to=False),
    "public ACLs obeyed": opened("ignorePublicAcls", to=False),
    "public bucket not restricted": opened("restrictPublicBuckets", to=False),
    "switch left to its default": opened("restrictPublicBuckets", to=...),
    "objects may be replaced": replaceable(restated(POLICY, "DenyReplacing"), "deny s3:PutObject"),
    "objects may be replaced by some": replaceable(
        restated(POLICY, "DenyReplacing", Principal={"AWS": "arn:aws:iam::1:role/one"}),
        "deny s3:PutObject",
    ),
    "only what asks is refused": replaceable(
        restated(
            POLICY,
            "DenyReplacing",
            Condition={
                "Null": {"s3:if-none-match": "false"},
                "Bool": {"s3:ObjectCreationOperation": "true"},
            },
        ),
        "deny s3:PutObject",
    ),
    "parts of uploads are refused": replaceable(
        restated(POLICY, "DenyReplacing", Condition={"Null": {"s3:if-none-match": "true"}}),
        "deny s3:PutObject",
    ),
    "a role may write what can be replaced": replaceable(
        restated(COMPILER, "PublishArtifacts", Resource="arn:aws:s3:::bucket/artifacts/*"),
        "lets arn:aws:s3:::bucket/artifacts/* be replaced",
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "encryption as a boolean": changed(SPOT, "blockDeviceMappings", 0, "ebs", "encrypted", to=True),
    "a second volume that is encrypted": changed(
        SPOT, "blockDeviceMappings", to=[DEVICE, DEVICE | {"deviceName": "/dev/xvdb"}]
    ),
    "a volume that is encrypted": added(VOLUME, size=10, encrypted=True),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_storage_in_the_clear_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_encrypted_storage_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []


def test_a_second_bucket_needs_its_own_companions(prod: Recording) -> None:
    recording = added("aws:s3/bucket:Bucket")(prod)
    bucket = pick(recording, "::planted").urn
    assert reported(recording) == [("encrypted", bucket)] * 3
