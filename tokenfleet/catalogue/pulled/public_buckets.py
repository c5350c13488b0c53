"""Buckets of others that nodes read: layers of images, packages."""

from collections.abc import Mapping, Sequence
from functools import cache

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file


class PublicBucket(Fact):
    """Where a registry, or what else nodes fetch from, keeps its files; no bucket: not in S3."""

    registry: str | None = None
    bucket: str | None = None
    bucket_by_region: Mapping[str, str] = {}
    holds: str
    source: str

    def name_in(self, region: str) -> str | None:
        """The name of the bucket that a node in this region is sent to."""
        if self.bucket is None:
            return None
        return self.bucket_by_region.get(region, self.bucket.format(region=region))


_ROWS = TypeAdapter(tuple[PublicBucket, ...])


@cache
def public_buckets() -> Sequence[PublicBucket]:
    """Every known one."""
    return _ROWS.validate_python(
        yaml.load(data_file("public_buckets.yaml"), Loader=yaml.CSafeLoader)
    )
