import pytest

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.image_cache import ImageCachePlan, plan_image_caches
from tokenfleet.settings.sections import ImageCacheSettings

DIGEST = f"sha256:{'a' * 64}"
CREDENTIALS = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
IMAGES = [
    "docker.io/vllm/vllm-openai:v0.32.0",
    "public.ecr.aws/neuron/inference:1.0",
    f"public.ecr.aws/neuron/other@{DIGEST}",
]


def cache_of(*images: str, region: str = "us-east-1") -> ImageCachePlan:
    (cache,) = plan_image_caches(
        ImageCacheSettings.model_construct(enabled=True, docker_hub_secret_arn=CREDENTIALS),
        images or IMAGES,
        account="111122223333",
        region=region,
        stack="dev",
    )
    return cache


@pytest.mark.parametrize(
    ("image", "path"),
    [
        (IMAGES[0], "dev/docker-hub/vllm/vllm-openai:v0.32.0"),
        (f"{IMAGES[0]}@{DIGEST}", f"dev/docker-hub/vllm/vllm-openai:v0.32.0@{DIGEST}"),
        (
            f"public.ecr.aws/neuron/inference@{DIGEST}",
            f"dev/ecr-public/neuron/inference@{DIGEST}",
        ),
    ],
)
def test_a_reference_keeps_its_tag_and_digest(image: str, path: str) -> None:
    assert cache_of().reference(image) == f"111122223333.dkr.ecr.us-east-1.amazonaws.com/{path}"


def test_an_image_of_a_registry_that_is_not_cached_is_pulled_from_where_it_is() -> None:
    for image in ("ghcr.io/owner/engine:1", "registry.example.com:5000/engine:1"):
        assert cache_of().reference(image) == image


def test_every_reference_points_into_a_repository_that_is_made() -> None:
    cache = cache_of()
    made = {f"{cache.registry}/{name}" for rule in cache.rules for name in rule.repositories}
    pulled = {cache.reference(image).partition("@")[0] for image in IMAGES}
    assert {reference.rpartition(":")[0] or reference for reference in pulled} == made


def test_a_rule_exists_for_registries_in_use_alone_and_credentials_for_docker_hub_alone() -> None:
    secrets = {rule.upstream: rule.secret_arn for rule in cache_of().rules}
    assert secrets == {"registry-1.docker.io": CREDENTIALS, "public.ecr.aws": None}
    assert [rule.upstream for rule in cache_of(IMAGES[1]).rules] == ["public.ecr.aws"]


def test_a_registry_in_china_has_the_names_of_its_partition() -> None:
    assert cache_of(region="cn-north-1").registry.endswith(".dkr.ecr.cn-north-1.amazonaws.com.cn")


def test_a_prefix_of_the_longest_stack_name_is_within_what_ecr_takes() -> None:
    (cache,) = plan_image_caches(
        ImageCacheSettings.model_construct(enabled=True, docker_hub_secret_arn=CREDENTIALS),
        [engine.image for engine in engines().values()],
        account="111122223333",
        region="us-east-1",
        stack="s" * 16,
    )
    assert {rule.upstream for rule in cache.rules} == {"registry-1.docker.io", "public.ecr.aws"}
    assert all(2 <= len(rule.prefix) <= 30 for rule in cache.rules)
