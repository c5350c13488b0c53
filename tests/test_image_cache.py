"""A stack whose nodes pull engine images through the registry of its account."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.policies.order import later_than
from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.recorded import Mode, Recording

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
Record = Callable[[Mapping[str, Any], Mode], Recording]
ACCOUNT = "111122223333"
CREDENTIALS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
REPOSITORY = "aws:ecr/repository:Repository"


@pytest.fixture
def cached(keys_of: Callable[[str], Keys]) -> Keys:
    keys = keys_of("prod")
    keys["account"] = ACCOUNT
    keys["cluster"]["imageCache"] = {"enabled": True, "dockerHubSecretArn": CREDENTIALS}
    return keys


def test_a_cached_stack_obeys_every_rule(cached: Keys, recording_of: Record) -> None:
    assert not findings(recording_of(cached, "deployment"))


@pytest.mark.parametrize(
    "pulls",
    ["aws:autoscaling/group:Group", "kubernetes:apps/v1:Deployment"],
)
def test_rules_and_repositories_exist_before_anything_pulls_and_outlive_it(
    pulls: str, cached: Keys, recording_of: Record
) -> None:
    recording = recording_of(cached, "deployment")
    needed = {r.urn for kind in (RULE, REPOSITORY) for r in recording.of_type(kind)}
    assert len(needed) == 2 + 3
    for resource in recording.of_type(pulls):
        assert needed <= later_than(recording, resource.urn), resource.name


def test_every_image_of_ours_is_pulled_from_a_repository_that_the_stack_makes(
    cached: Keys, recording_of: Record, plan_of: PlanOf
) -> None:
    recording = recording_of(cached, "deployment")
    made = {
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{r.inputs['name']}"
        for r in recording.of_type(REPOSITORY)
    }
    pods = [
        r.inputs["spec"]
        for kind in ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:DaemonSet")
        for r in recording.of_type(kind)
        # These run on system nodes, a stock image in each.
        if not r.name.endswith(("-capacity-controller", "-deployment-edge"))
    ]
    jobs = [job["spec"] for job in plan_of(cached).serving.compile_jobs.values()]
    images = {image for spec in (*pods, *jobs) for image in _images(spec)}
    assert {image.partition(":")[0] for image in images} == made
    prefixes = [f"{r.inputs['ecrRepositoryPrefix']}/" for r in recording.of_type(RULE)]
    for name in made:
        assert [p for p in prefixes if name.partition("/")[2].startswith(p)], name


def _images(spec: object) -> Iterator[str]:
    template = cast("Mapping[str, Any]", spec)["template"]["spec"]
    for container in (*template.get("initContainers", ()), *template["containers"]):
        yield container["image"]


def test_nodes_may_not_create_repositories(cached: Keys, recording_of: Record) -> None:
    assert "ecr:CreateRepository" not in json.dumps(
        [dict(r.inputs) for r in recording_of(cached, "deployment").resources]
    )


def test_a_named_account_is_the_only_one_that_is_deployed_into(
    cached: Keys, keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    def allowed(keys: Keys) -> object:
        (provider,) = recording_of(keys, "deployment").of_type("pulumi:providers:aws")
        return provider.inputs.get("allowedAccountIds")

    assert allowed(cached) == json.dumps([ACCOUNT])
    assert allowed(keys_of("prod")) is None


def test_without_it_images_are_pulled_as_the_catalogue_pins_them(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    recording = recording_of(keys_of("prod"), "deployment")
    assert not [r for r in recording.resources if r.type.startswith("aws:ecr/")]
    assert "dkr.ecr" not in json.dumps([dict(r.inputs) for r in recording.resources])


@pytest.mark.parametrize("cached_too", [False, True])
def test_a_digest_alone_keeps_no_image_off_the_nat_gateway(
    *, cached_too: bool, cached: Keys, keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = cached if cached_too else keys_of("prod")
    digest = f"sha256:{'b' * 64}"
    keys["cluster"]["digests"] = {"docker.io/vllm/vllm-openai:v0.32.0": digest}
    plan = plan_of(keys)
    (model,) = (model for model in plan.models if model.pool == "h100")
    assert model.image.endswith(f"/vllm/vllm-openai:v0.32.0@{digest}")
    ways = {
        fetch.way
        for fetches in (model.cold_start.fetches, plan.fetches_by_pool["h100"])
        for fetch in fetches
        if fetch.what == "engine image"
    }
    assert ways == {"S3 endpoint" if cached_too else "NAT gateway"}
