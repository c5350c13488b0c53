"""Engine images by way of the account's own registry: rules, repositories, and rewritten references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.pulled.registries import registries
from tokenfleet.plan.partition import dns_suffix
from tokenfleet.settings.sections import ImageCacheSettings


@dataclass(frozen=True, kw_only=True)
class CacheRulePlan:
    """What is pulled below ``prefix`` comes from ``upstream`` where ECR has no copy.

    ``repositories`` hold the copies. They are made beforehand: ECR makes what is missing at the
    first pull, but only for a node that may create repositories, without tags, and for ever.
    """

    namespace: str
    prefix: str
    upstream: str
    secret_arn: str | None
    repositories: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ImageCachePlan:
    """The pull-through cache of a stack in the registry of its account and region."""

    registry: str
    rules: Sequence[CacheRulePlan]

    def reference(self, image: str) -> str:
        """Where nodes pull an image; tag and digest stay as they are.

        An image of a registry that ECR does not cache is pulled from where it is.
        """
        host, _, path = image.partition("/")
        found = registries().get(host)
        prefixes = {rule.namespace: rule.prefix for rule in self.rules}
        if found is None or found.namespace not in prefixes:
            return image
        return f"{self.registry}/{prefixes[found.namespace]}/{path}"


def plan_image_caches(
    settings: ImageCacheSettings,
    images: Iterable[str],
    *,
    account: str | None,
    region: str,
    stack: str,
) -> Sequence[ImageCachePlan]:
    """The cache for those images, if one is wanted.

    A rule is unique in an account and region, and its prefix has 30 characters at most
    (CreatePullThroughCacheRule): the name of the stack keeps two stacks apart.
    """
    if not settings.enabled or account is None:
        return []
    repositories: dict[str, set[str]] = {}
    for image in images:
        host, _, path = image.partition("/")
        if host in registries():
            repositories.setdefault(host, set()).add(_repository(path))
    cache = ImageCachePlan(
        registry=f"{account}.dkr.ecr.{region}.{dns_suffix(region)}",
        rules=[
            CacheRulePlan(
                namespace=registry.namespace,
                prefix=(prefix := f"{stack}/{registry.namespace}"),
                upstream=registry.upstream,
                secret_arn=settings.docker_hub_secret_arn if registry.needs_secret else None,
                repositories=[f"{prefix}/{path}" for path in sorted(repositories[host])],
            )
            for host, registry in registries().items()
            if host in repositories
        ],
    )
    return [cache]


def _repository(path: str) -> str:
    """A reference's path without tag and digest."""
    named, _, _ = path.partition("@")
    folder, slash, last = named.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"
