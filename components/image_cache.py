"""Copies of engine images in the account's own registry."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.image_cache import ImageCachePlan


@dataclass(frozen=True, kw_only=True)
class ImageCacheArgs:
    """Which registries to pull through, and what into."""

    plan: ImageCachePlan


class ImageCache(pulumi.ComponentResource):
    """A pull-through cache rule for each registry, and a repository for each image.

    Give it to whatever pulls as ``depends_on``: an image that is asked for earlier is not found.
    """

    def __init__(
        self, name: str, args: ImageCacheArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:image_cache:ImageCache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for rule in args.plan.rules:
            aws.ecr.PullThroughCacheRule(
                f"{name}-{rule.namespace}",
                ecr_repository_prefix=rule.prefix,
                upstream_registry_url=rule.upstream,
                credential_arn=rule.secret_arn,
                opts=child,
            )
            for repository in rule.repositories:
                aws.ecr.Repository(
                    f"{name}-{repository.replace('/', '-')}",
                    name=repository,
                    # Copies, which a next pull makes again: no reason to stop a destroy.
                    force_delete=True,
                    opts=child,
                )
        self.register_outputs({})
