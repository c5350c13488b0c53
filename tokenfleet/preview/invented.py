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
    arn_name = inputs.get("name") or name
    outputs: dict[str, object] = {
        "name": arn_name,
        "arn": f"arn:aws:{type_token.split(':')[1].partition('/')[0]}:{region}:{_ACCOUNT}:{arn_name}",
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
        case _ if type_token.startswith("kubernetes:"):
            return {}
        case _:
            pass
    return outputs
