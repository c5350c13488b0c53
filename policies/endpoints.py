"""What may leave the VPC through its endpoint of S3."""

from collections.abc import Iterator, Mapping

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import mappings, parsed, texts
from tokenfleet.recording.recorded import Recording

_READING = frozenset({"s3:GetObject"})


def narrow_s3_endpoint(recording: Recording) -> Iterator[Finding]:
    """Without a policy everything may go anywhere; with one, to no bucket but the stack's own."""
    own = {
        str(bucket.inputs.get("bucket") or bucket.name)
        for bucket in recording.of_type("aws:s3/bucket:Bucket")
    }
    for endpoint in recording.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        if not str(endpoint.inputs.get("serviceName")).endswith(".s3"):
            continue
        statements = [*mappings(parsed(endpoint.inputs.get("policy")).get("Statement"))]
        if not statements:
            problem = "has no policy, which lets everybody in the VPC write to every bucket"
            yield Finding(rule="narrow-s3-endpoint", resource=endpoint.urn, problem=problem)
        for statement in statements:
            for stranger in _strangers(statement, own):
                problem = f"lets more than reads through to {stranger}: name the stack's bucket"
                yield Finding(rule="narrow-s3-endpoint", resource=endpoint.urn, problem=problem)


def _strangers(statement: Mapping[str, object], own: set[str]) -> Iterator[str]:
    """The buckets that are not the stack's and may be more than read from."""
    if statement.get("Effect") != "Allow" or _READING.issuperset(texts(statement.get("Action"))):
        return
    for resource in texts(statement.get("Resource")):
        bucket = resource.rpartition(":::")[2].partition("/")[0]
        if bucket not in own:
            yield bucket
