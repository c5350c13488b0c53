"""Stand-ins for what only the cloud can tell: ids, ARNs, endpoints.

Plainly made up, and stable: two recordings of one stack are equal.
"""

import base64
from collections.abc import Mapping

_ACCOUNT = "111122223333"


def invented_id(type_token: str, name: str) -> str:
    """The id of a resource that was never created."""
    kind = type_token.rpartition(":")[2]
    return f"{kind[:1].lower()}{kind[1:]}-{name}"


def invented_outputs(
    type_token: str, name: str, inputs: Mapping[str, object], region: str
) -> Mapping[str, object]:
    """What the provider would add to the inputs of a resource, camelCase."""
    physical_name = str(inputs.get("name") or name)
    outputs: dict[str, object] = {
        "name": physical_name,
        "arn": _arn(type_token, physical_name, region),
    }
    match type_token:
        case "aws:eks/cluster:Cluster":
            authority = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
            vpc = inputs.get("vpcConfig")
            outputs |= {
                "endpoint": f"https://{name}.example.eks.amazonaws.com",
                "certificateAuthority": {"data": authority},
                "vpcConfig": {
                    **(vpc if isinstance(vpc, Mapping) else {}),
                    "clusterSecurityGroupId": f"sg-{name}",
                },
            }
        case "aws:ec2/launchTemplate:LaunchTemplate":
            outputs |= {"latestVersion": 1}
        case "aws:sqs/queue:Queue":
            outputs["url"] = f"https://sqs.{region}.amazonaws.com/{_ACCOUNT}/{physical_name}"
        case _ if type_token.startswith("kubernetes:"):
            return {}
        case _:
            pass
    return outputs


def _arn(type_token: str, name: str, region: str) -> str:
    """An ARN of the shape that the service uses, so that policies on it can be judged."""
    match type_token:
        case "aws:s3/bucket:Bucket":
            return f"arn:aws:s3:::{name}"
        case "aws:cloudwatch/logGroup:LogGroup":
            return f"arn:aws:logs:{region}:{_ACCOUNT}:log-group:{name}"
        case "aws:sqs/queue:Queue":
            return f"arn:aws:sqs:{region}:{_ACCOUNT}:{name}"
        case "aws:cloudwatch/eventRule:EventRule":
            return f"arn:aws:events:{region}:{_ACCOUNT}:rule/{name}"
        case _ if type_token.startswith("aws:iam/"):
            kind = type_token.partition("/")[2].partition(":")[0]
            return f"arn:aws:iam::{_ACCOUNT}:{kind}/{name}"
        case _:
            service, _, kind = type_token.removeprefix("aws:").partition("/")
            return f"arn:aws:{service}:{region}:{_ACCOUNT}:{kind.partition(':')[0]}/{name}"
