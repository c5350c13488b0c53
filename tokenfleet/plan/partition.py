"""The AWS partition of a region."""

_PARTITION_BY_REGION_PREFIX = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def partition_of(region: str) -> str:
    """The AWS partition a region belongs to."""
    return next(
        (name for prefix, name in _PARTITION_BY_REGION_PREFIX.items() if region.startswith(prefix)),
        "aws",
    )
