"""What single values of a stack file must look like."""

from ipaddress import IPv4Network, ip_network
from typing import Annotated

from pydantic import (
    AfterValidator,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

# Ranges of ASCII, never \\d or \\w: those take letters and digits of every script.
# Names end up in Kubernetes labels and Auto Scaling group names; 20 keeps
# "<project>-<stack>-<pool>-on-demand" below the 63 characters of a label value.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
ZoneName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+[a-z]$")]
ZoneId = Annotated[str, StringConstraints(pattern=r"^[a-z]+[0-9]+-az[0-9]+$")]
InstanceTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
ImageId = Annotated[str, StringConstraints(pattern=r"^ami-[0-9a-f]{8,17}$")]
PrincipalArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$"),
]
CertificateArn = Annotated[
    str,
    StringConstraints(
        max_length=2048,
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$",
    ),
]
# As a number it would lose leading zeros.
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
# The name and length ECR demands of credentials for an upstream registry
# (CreatePullThroughCacheRule, botocore's model of 2026-10).
CacheSecretArn = Annotated[
    str,
    StringConstraints(
        max_length=612,
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[A-Za-z0-9/_+=.@-]+$",
    ),
]
Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$")]
ReservationId = Annotated[str, StringConstraints(pattern=r"^cr-[0-9a-f]{8,17}$")]
# As the Hub has them (huggingface_hub, validate_repo_id): no part begins or ends with - or . or has
# two of them. So none leads out of a folder or a prefix of keys, or is taken for a flag.
HuggingFaceId = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*/[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$",
        max_length=2 * 96 + 1,
    ),
]
# A branch or tag moves; only a commit pins what is served.
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
PublishedMark = Annotated[str, StringConstraints(pattern=r"^weights-[0-9a-f]{12}$")]
# Whether the stack pulls such a thing is checked where that is known.
PulledName = Annotated[str, StringConstraints(pattern=r"^[!-~]+/[!-~]+:[A-Za-z0-9_.+-]+$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
PinnedImage = Annotated[
    str,
    StringConstraints(pattern=r"^[!-?A-~]+/[!-?A-~]+:[A-Za-z0-9_.-]+@sha256:[0-9a-f]{64}$"),
]
SnapshotName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/[0-9a-f]{40}$")
]
# Whether a stack pays such a thing is checked where that is known.
PricedName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]
FlagName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]


def _flag_value(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError as error:
        msg = "must be true, a number or text"
        raise ValueError(msg) from error


# One message for a value that is none of them, instead of one for each type it is not.
FlagValue = Annotated[bool | int | float | str, WrapValidator(_flag_value)]
TagKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/=+@-]+$", max_length=128)]
TagValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ .:/=+@-]*$", max_length=256)]

FORM_BY_TYPE: dict[object, str] = {
    Name: "1 to 20 lower-case letters, digits and hyphens, beginning with a letter",
    RegionName: "an AWS region such as us-east-1",
    ZoneName: "an availability zone such as us-east-1a",
    ZoneId: "a zone id such as use1-az1",
    InstanceTypeName: "an EC2 instance type such as c8gd.4xlarge",
    ImageId: "a machine image such as ami-0123456789abcdef0",
    PrincipalArn: "the ARN of an IAM role or user, such as arn:aws:iam::111122223333:role/Admin",
    CertificateArn: "the ARN of a certificate in ACM, such as"
    " arn:aws:acm:us-east-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef",
    AccountId: "an AWS account of 12 digits, in quotes, such as '111122223333'",
    CacheSecretArn: (
        "the ARN of a Secrets Manager secret whose name begins with ecr-pullthroughcache/, such as"
        " arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
    ),
    Email: "an e-mail address",
    ReservationId: "a capacity reservation id such as cr-0123456789abcdef0",
    HuggingFaceId: "a Hugging Face id such as Qwen/Qwen3-8B",
    Revision: "a full commit id, 40 hexadecimal digits: a branch or tag would move",
    PublishedMark: "what tokenfleet models --stack STACK prints, such as weights-0123456789ab",
    PulledName: "registry, repository and tag, such as docker.io/vllm/vllm-openai:v0.32.0",
    Digest: "sha256: and 64 hexadecimal digits",
    PinnedImage: "registry, repository, tag and digest, such as"
    " docker.io/vllm/vllm-openai:v0.32.0@sha256: and 64 hexadecimal digits",
    SnapshotName: "a model and its revision such as Qwen/Qwen3-8B/ and 40 hexadecimal digits",
    PricedName: "an instance type such as c8gd.4xlarge or a service such as natGateway",
    FlagName: "a flag without its leading dashes, such as enable-auto-tool-choice",
    TagKey: "a tag key: up to 128 letters, digits and _.:/=+-@",
    TagValue: "a tag value: up to 256 letters, digits, spaces and _.:/=+-@",
}
"""What each patterned text must look like, for messages."""


def no_switch(value: object) -> object:
    """Anything but true and false, which count as 1 and 0 among numbers."""
    if isinstance(value, bool):
        msg = "must be a number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic makes a finding of this one only
    return value


def no_range(found: object) -> str | None:
    """Why a text is no IPv4 range, and what to write; None where it is one."""
    try:
        network = ip_network(str(found), strict=False)
    except ValueError:
        return "must be an IPv4 range, such as 10.20.0.0/16"
    if not isinstance(network, IPv4Network):
        return "is a range of IPv6, and all of this is IPv4 alone: name IPv4 ranges, such as 10.20.0.0/16"
    starts = str(found).partition("/")[0] == str(network.network_address)
    return None if starts else f"has host bits set: write {network}"


def private(network: IPv4Network) -> IPv4Network:
    """The range, if it lies in one of the private ranges of RFC 1918."""
    ranges = [IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    if not any(network.subnet_of(known) for known in ranges):
        msg = "must lie in a private range: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
        raise ValueError(msg)
    return network


# AWS allows /16 at most. Eight zone slots, each split into a private and a public half: below
# /20 the public subnets would be smaller than the /28 that AWS accepts.
LARGEST_VPC, _SMALLEST_VPC = 16, 20


def _sixteen_to_twenty(network: IPv4Network) -> IPv4Network:
    if not LARGEST_VPC <= network.prefixlen <= _SMALLEST_VPC:
        msg = "must be between /16 (the largest VPC AWS allows) and /20 (room for eight zones)"
        raise ValueError(msg)
    return network


VpcCidr = Annotated[IPv4Network, AfterValidator(private), AfterValidator(_sixteen_to_twenty)]
