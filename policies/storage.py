"""What is stored is encrypted and private."""

from collections.abc import Iterator

from policies.finding import Finding
from policies.values import mapping, mappings
from tokenfleet.preview.recording import Recording

# What a bucket needs beside it, and the sentence when it is not there.
_BESIDE_A_BUCKET = {
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "has no encryption configuration"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "has no public access block",
    "aws:s3/bucketPolicy:BucketPolicy": "has no policy that refuses plain HTTP",
}


def encrypted(recording: Recording) -> Iterator[Finding]:
    """Volumes, buckets and Kubernetes secrets are encrypted."""
    for template in recording.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        devices = list(mappings(template.inputs.get("blockDeviceMappings")))
        if not devices or any(
            str(mapping(device.get("ebs")).get("encrypted")).lower() != "true" for device in devices
        ):
            yield Finding(
                rule="encrypted", resource=template.urn, problem="leaves a volume unencrypted"
            )
    for volume in recording.of_type("aws:ebs/volume:Volume"):
        if volume.inputs.get("encrypted") is not True:
            yield Finding(rule="encrypted", resource=volume.urn, problem="is not encrypted")
    for cluster in recording.of_type("aws:eks/cluster:Cluster"):
        if not mapping(cluster.inputs.get("encryptionConfig")):
            yield Finding(
                rule="encrypted", resource=cluster.urn, problem="keeps secrets without a KMS key"
            )
    for bucket in recording.of_type("aws:s3/bucket:Bucket"):
        for kind, problem in _BESIDE_A_BUCKET.items():
            if not any(bucket.urn in beside.dependencies for beside in recording.of_type(kind)):
                yield Finding(rule="encrypted", resource=bucket.urn, problem=problem)


def private_buckets(recording: Recording) -> Iterator[Finding]:
    """A public access block that leaves something open is not one."""
    for block in recording.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
        for switch in (
            "blockPublicAcls",
            "blockPublicPolicy",
            "ignorePublicAcls",
            "restrictPublicBuckets",
        ):
            if block.inputs.get(switch) is not True:
                yield Finding(
                    rule="private-buckets", resource=block.urn, problem=f"{switch} is off"
                )
