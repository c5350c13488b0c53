"""Contradictions about where engine images are pulled from."""

from collections.abc import Iterator

from tokenfleet.catalogue.pulled.registries import registries
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.nodes.pools import engine_of
from tokenfleet.plan.partition import partition_of
from tokenfleet.settings.draft import Draft

_SECRET_PATH = "cluster.imageCache.dockerHubSecretArn"  # noqa: S105 - the path of a key


def image_mistakes(draft: Draft) -> Iterator[Mistake]:
    """A cache without an account, without credentials, or with those of another place."""
    if draft.cluster is None:
        return
    cache = draft.cluster.image_cache
    secret = cache.docker_hub_secret_arn
    if not cache.enabled:
        if secret:
            problem = "has no effect without cluster.imageCache.enabled: true"
            yield Mistake(path=_SECRET_PATH, value=secret, problem=problem)
        return
    if draft.account is None and not any(m.path == "account" for m in draft.mistakes):
        yield Mistake(
            path="cluster.imageCache.enabled",
            value="true",
            problem=(
                "the account's registry is part of the name of every image: give tokenfleet:account,"
                " 12 digits in quotes (aws sts get-caller-identity --query Account)"
            ),
        )
    needing = {
        name: image
        for name, image in _images(draft)
        if registries()[image.partition("/")[0]].needs_secret
    }
    if secret is None:
        for name, image in needing.items():
            yield Mistake(
                path=_SECRET_PATH,
                value="",
                problem=(
                    f"pool {name} runs {image}, and ECR pulls from Docker Hub with a user and an"
                    " access token only: keep them in Secrets Manager under a name that begins with"
                    " ecr-pullthroughcache/ and give its ARN (docs/deploy.md)"
                ),
            )
        return
    if not needing and draft.pools:
        problem = "has no effect: no pool runs an image of Docker Hub. Leave it out"
        yield Mistake(path=_SECRET_PATH, value=secret, problem=problem)
    _, partition, _, region, account, _ = secret.split(":", 5)
    for what, here, there in (
        ("partition", draft.region and partition_of(draft.region), partition),
        ("region", draft.region, region),
        ("account", draft.account, account),
    ):
        if here is not None and here != there:
            problem = (
                f"is in {what} {there}, the stack in {here}: ECR reads a secret beside it only"
            )
            yield Mistake(path=_SECRET_PATH, value=secret, problem=problem)


def _images(draft: Draft) -> Iterator[tuple[str, str]]:
    """Pool and engine image, of registries that ECR caches."""
    for name, pool in sorted(draft.pools.items()):
        image = engine_of(pool).image
        if image.partition("/")[0] in registries():
            yield name, image
