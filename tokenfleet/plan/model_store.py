"""The bucket that is the source of truth for weights: what it keeps, for how long, and its address."""

from dataclasses import dataclass

from tokenfleet.plan.partition import dns_suffix


@dataclass(frozen=True, kw_only=True)
class ModelStorePlan:
    """The bucket that is the source of truth for weights."""

    region: str
    force_destroy: bool
    incomplete_upload_days: int
    superseded_version_days: int


def plan_model_store(region: str, *, keep: bool) -> ModelStorePlan:
    """The bucket of a stack; ``keep``: whether it refuses to be deleted while it holds something."""
    return ModelStorePlan(
        region=region,
        force_destroy=not keep,
        incomplete_upload_days=1,
        superseded_version_days=30,
    )


def store_url(bucket: str, region: str) -> str:
    """The address of a bucket, as the loader wants it: virtual-hosted style, in its region."""
    return f"https://{bucket}.s3.{region}.{dns_suffix(region)}"
