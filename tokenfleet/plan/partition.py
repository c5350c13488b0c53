"""What an AWS partition is called, and what the names of its services end in."""

_PARTITION_BY_REGION_PREFIX = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def partition_of(region: str) -> str:
    """The AWS partition a region belongs to."""
    return next(
        (name for prefix, name in _PARTITION_BY_REGION_PREFIX.items() if region.startswith(prefix)),
        "aws",
    )


def dns_suffix(region: str) -> str:
    """What the names of a region's services end in."""
    return "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"
