"""What is stored is encrypted and private."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import mapping, mappings, parsed, texts
from tokenfleet.recording.recorded import RecordedResource, Recording

_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
# Amazon S3 user guide, "Enforce conditional writes on Amazon S3 buckets": parts cannot ask.
_UNCONDITIONAL = {
    "Null": {"s3:if-none-match": "true"},
    "Bool": {"s3:ObjectCreationOperation": "true"},
}


def encrypted(recording: Recording) -> Iterator[Finding]:
    """Volumes, buckets and Kubernetes secrets are encrypted, at rest and on the way."""
    for template in recording.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        volumes = [
            mapping(device.get("ebs"))
            for device in mappings(template.inputs.get("blockDeviceMappings"))
            # Instance store and devices left out are no volumes.
            if not device.get("virtualName") and device.get("noDevice") is None
        ]
        if not volumes or any(str(v.get("encrypted")).lower() != "true" for v in volumes):
            yield _finding(template, "leaves a volume unencrypted")
    for volume in recording.of_type("aws:ebs/volume:Volume"):
        if volume.inputs.get("encrypted") is not True:
            yield _finding(volume, "is not encrypted")
    for cluster in recording.of_type("aws:eks/cluster:Cluster"):
        encryption = mapping(cluster.inputs.get("encryptionConfig"))
        key = mapping(encryption.get("provider")).get("keyArn")
        if not key or "secrets" not in texts(encryption.get("resources")):
            yield _finding(cluster, "keeps secrets without a KMS key")
    for bucket in recording.of_type("aws:s3/bucket:Bucket"):
        for kind, suffices, problem in (
            (_ENCRYPTION, _encrypts, "has no encryption configuration"),
            (_ACCESS_BLOCK, bool, "has no public access block"),
            (_POLICY, _refuses_plain_http, "has no policy that refuses plain HTTP"),
        ):
            if not any(
                bucket.urn in beside.dependencies and suffices(beside.inputs)
                for beside in recording.of_type(kind)
            ):
                yield _finding(bucket, problem)


def _encrypts(inputs: Mapping[str, object]) -> bool:
    rules = mappings(inputs.get("rules"))
    return any(mapping(rule.get("applyServerSideEncryptionByDefault")) for rule in rules)


def _refuses_plain_http(inputs: Mapping[str, object]) -> bool:
    return any(
        statement.get("Effect") == "Deny"
        and "s3:*" in texts(statement.get("Action"))
        and mapping(mapping(statement.get("Condition")).get("Bool")).get("aws:SecureTransport")
        == "false"
        for statement in mappings(parsed(inputs.get("policy")).get("Statement"))
    )


def _finding(resource: RecordedResource, problem: str) -> Finding:
    return Finding(rule="encrypted", resource=resource.urn, problem=problem)


def private_buckets(recording: Recording) -> Iterator[Finding]:
    """A public access block that leaves something open is not one."""
    for block in recording.of_type(_ACCESS_BLOCK):
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


def written_once(recording: Recording) -> Iterator[Finding]:
    """What an identity may write it may not overwrite: the bucket refuses it, not the writer."""
    writable = [
        resource
        for role in recording.of_type("aws:iam/rolePolicy:RolePolicy")
        for statement in mappings(parsed(role.inputs.get("policy")).get("Statement"))
        if "s3:PutObject" in texts(statement.get("Action"))
        for resource in texts(statement.get("Resource"))
    ]
    for policy in recording.of_type(_POLICY):
        kept = [
            resource
            for statement in mappings(parsed(policy.inputs.get("policy")).get("Statement"))
            if (statement.get("Effect"), statement.get("Principal")) == ("Deny", "*")
            and "s3:PutObject" in texts(statement.get("Action"))
            and statement.get("Condition") == _UNCONDITIONAL
            for resource in texts(statement.get("Resource"))
        ]
        if not kept:
            yield Finding(
                rule="written-once",
                resource=policy.urn,
                problem="lets objects be replaced: deny s3:PutObject without s3:if-none-match",
            )
        for resource in writable if kept else ():
            if not any(fnmatchcase(resource, pattern) for pattern in kept):
                yield Finding(
                    rule="written-once",
                    resource=policy.urn,
                    problem=f"lets {resource} be replaced, which a role may write",
                )
