"""What EC2 Image Builder is told: a template that it takes, and documents whose steps do as they say."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.plan.bake.components import MOST_CHARACTERS
from tokenfleet.plan.bake.readable import readable_yaml
from tokenfleet.plan.bake.recipe import BakePlan, UnbakeableError, plan_bake
from tokenfleet.plan.bake.template import bake_template
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
GOLDEN = Path(__file__).parents[2] / "golden" / "bake" / "graviton4.yaml"
DIGEST, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
CREDENTIALS = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
IMAGE = "ami-0123456789abcdef0"
BUCKET = "tokenfleet-prod-models-bucket-0123456"
FOLDER = "/usr/local/libexec/tokenfleet"
TAGS = ("Tags", "AmiTags", "ResourceTags")
POOLS = ("graviton4", "inferentia2", "h100")
# CloudFormation takes no longer a template that is not in a bucket (its user guide, "Quotas").
MOST_BYTES = 51_200


@pytest.fixture
def planned(keys_of: Callable[[str], Keys], plan_of: PlanOf) -> Callable[..., BakePlan]:
    """What is baked for a pool of the prod stack whose images have digests."""

    def plan(
        pool: str = "graviton4", *, weights: bool = False, digest: str = DIGEST, **changed: object
    ) -> BakePlan:
        keys = keys_of("prod")
        keys["cluster"]["digests"] = {engine.image: digest for engine in engines().values()}
        keys["pools"]["h100"]["instanceTypes"] = ["p5.48xlarge"]
        keys["pools"][pool] |= changed
        return plan_bake(plan_of(keys), pool, weights=weights)

    return plan


def test_the_template_is_what_was_agreed(
    planned: Callable[..., BakePlan], pytestconfig: pytest.Config
) -> None:
    text = readable_yaml(_template(planned()))
    if pytestconfig.getoption("--write-golden"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


# Weights of h100 lie on local disks.
@pytest.mark.parametrize(
    ("pool", "with_weights"),
    [("graviton4", False), ("graviton4", True), ("inferentia2", True), ("h100", False)],
)
def test_image_builder_takes_what_the_template_says(
    pool: str, *, with_weights: bool, planned: Callable[..., BakePlan]
) -> None:
    template = _template(planned(pool, weights=with_weights))
    assert len(readable_yaml(template).encode()) < MOST_BYTES
    service = botocore.session.get_session().get_service_model("imagebuilder")
    for resource in template["Resources"].values():
        _, name, kind = resource["Type"].split("::")
        if name != "ImageBuilder":
            continue
        shape = service.operation_model(f"Create{kind}").input_shape
        given = {"clientToken": "0", **_as_api(resource["Properties"])}
        assert shape is not None
        report = ParamValidator().validate(given, shape)
        assert not report.has_errors(), report.generate_report()
        # What the template sets and the API does not know would be passed over in silence.
        assert given.keys() <= shape.members.keys()


@pytest.mark.parametrize("pool", ["graviton4", "inferentia2"])
def test_documents_fit_and_write_the_scripts_as_they_are(
    pool: str, planned: Callable[..., BakePlan], root: Path, tmp_path: Path
) -> None:
    shellcheck = shutil.which("shellcheck") or root / ".venv" / "bin" / "shellcheck"
    written: set[str] = set()
    for text, document in _documents(planned(pool, weights=True)):
        assert len(text) <= MOST_CHARACTERS
        for step in _steps(document):
            (commands,) = step["inputs"]["commands"]
            script = tmp_path / "step"
            script.write_text(f"#!/usr/bin/env bash\n{commands}", encoding="utf-8")
            checked = subprocess.run([shellcheck, script], check=False, capture_output=True)
            assert checked.stdout.decode() == ""
            if step["name"].startswith("Put"):
                here = commands.replace(FOLDER, str(tmp_path / "put"))
                subprocess.run(["bash", "-c", here], check=True)
    for path in (tmp_path / "put").iterdir():
        assert path.read_bytes() == (root / "userdata" / path.name).read_bytes()
        assert path.stat().st_mode & 0o111
        written.add(path.name)
    assert written == {"bake-image", "baked-image", "bake-weights", "model-cache", "model-loader"}


def test_the_image_is_looked_for_from_a_machine_that_starts_from_it(
    planned: Callable[..., BakePlan],
) -> None:
    plan = planned()
    assert plan.image == f"{engines()['vllm-cpu'].image}@{DIGEST}"
    ((_, document),) = _documents(plan)
    steps = {(p["name"], s["name"]): s for p in document["phases"] for s in p["steps"]}
    (baked,) = steps["build", "BakeImage"]["inputs"]["commands"]
    (looked,) = steps["test", "LookForIt"]["inputs"]["commands"]
    assert baked == f"{FOLDER}/bake-image {plan.image}\n"
    assert f"{FOLDER}/baked-image {plan.image}\n" in looked
    tests = _template(plan)["Resources"]["Image"]["Properties"]["ImageTestsConfiguration"]
    assert tests["ImageTestsEnabled"]


@pytest.mark.parametrize("pool", POOLS)
def test_it_is_made_from_the_image_that_nodes_start_from_on_the_cheapest_that_boots_it(
    pool: str, planned: Callable[..., BakePlan]
) -> None:
    plan = planned(pool)
    recipe = _template(plan)["Resources"]["Recipe"]["Properties"]
    # CloudFormation user guide, "Get a plaintext value from Systems Manager Parameter Store".
    assert recipe["ParentImage"] == f"{{{{resolve:ssm:{plan.parent.parameter}}}}}"
    assert plan.architecture in plan.parent.parameter
    kind = instance_type(plan.instance_type)
    assert kind.architecture == plan.architecture
    assert plan.usd_per_hour is not None
    assert plan.usd_per_hour < 1


def test_it_is_made_from_a_given_image_where_nodes_start_from_one(
    planned: Callable[..., BakePlan],
) -> None:
    template = _template(planned(imageId=IMAGE))
    assert template["Resources"]["Recipe"]["Properties"]["ParentImage"] == IMAGE


def test_other_contents_are_other_resources_and_the_same_are_the_same(
    planned: Callable[..., BakePlan],
) -> None:
    def names(plan: BakePlan) -> set[str]:
        resources = _deployed(plan, BUCKET).values()
        return {
            r["Properties"]["Name"]
            for r in resources
            if r["Type"].endswith(("Component", "Recipe"))
        }

    assert names(planned()) == names(planned())
    assert not names(planned()) & names(planned(digest=OTHER))
    assert not names(planned()) & names(planned(weights=True))
    assert not names(planned()) & names(planned(imageId=IMAGE))


def test_no_two_recipes_of_one_name_differ_whatever_bucket_the_template_is_deployed_with(
    planned: Callable[..., BakePlan],
) -> None:
    plan = planned(weights=True)
    one, other = (_deployed(plan, bucket) for bucket in (BUCKET, "b" * 63))
    for name, resource in one.items():
        properties, others = resource["Properties"], other[name]["Properties"]
        if resource["Type"].endswith(("Component", "Recipe")):
            same_name = properties["Name"] == others["Name"]
            assert same_name == (properties == others)
    assert one["Recipe"] != other["Recipe"]


def test_the_longest_bucket_of_the_longest_pool_and_stack_leaves_a_name_that_image_builder_takes(
    planned: Callable[..., BakePlan],
) -> None:
    longest_together, longest_pool = 26, 20
    plan = replace(planned(weights=True), name="p" * (longest_together + 1 + 1 + longest_pool))
    service = botocore.session.get_session().get_service_model("imagebuilder")
    shape = service.operation_model("CreateImageRecipe").input_shape
    assert shape is not None
    pattern = shape.members["name"].metadata["pattern"]
    allowed = _template(plan)["Parameters"]["ModelBucket"]["AllowedPattern"]
    for bucket, taken in {BUCKET: True, "b" * 63: True, "with.dots": False, "": False}.items():
        name = _deployed(plan, bucket)["Recipe"]["Properties"]["Name"]
        assert bool(re.fullmatch(allowed, bucket)) == taken
        assert re.fullmatch(pattern, name) or not taken


def test_a_second_deployment_keeps_nothing_of_the_first_that_the_stack_file_decides(
    planned: Callable[..., BakePlan],
) -> None:
    # `aws cloudformation deploy` passes over new defaults of parameters that are there.
    kept = _template(planned(weights=True))["Parameters"]
    assert kept.keys() == {"SubnetId", "SecurityGroupIds", "ModelBucket"}


def test_only_with_weights_may_the_machine_read_the_bucket_and_has_a_second_volume(
    planned: Callable[..., BakePlan],
) -> None:
    for weights in (False, True):
        plan = planned(weights=weights)
        template = _template(plan)
        role = template["Resources"]["Role"]["Properties"]
        assert ("Policies" in role) == weights == ("ModelBucket" in template["Parameters"])
        devices = template["Resources"]["Recipe"]["Properties"]["BlockDeviceMappings"]
        assert [d["DeviceName"] for d in devices] == ["/dev/xvda", "/dev/xvdb"][: 1 + weights]
        assert all(device["Ebs"]["Encrypted"] for device in devices)
        assert (plan.weights_gb > 0) == weights == bool(plan.revisions)


def test_the_machine_may_pull_from_ecr_only_where_the_image_is_there(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["account"] = "111122223333"
    keys["cluster"]["adminPrincipals"] = {"a": "arn:aws:iam::111122223333:role/A"}
    keys["edge"].pop("certificateArn")
    keys["cluster"]["digests"] = {engine.image: DIGEST for engine in engines().values()}
    cached = {"enabled": True, "dockerHubSecretArn": CREDENTIALS}
    for cache in ({}, cached):
        keys["cluster"]["imageCache"] = cache
        plan = plan_bake(plan_of(keys), "graviton4", weights=False)
        role = _template(plan)["Resources"]["Role"]["Properties"]
        assert ("ContainerRegistryPullOnly" in str(role["ManagedPolicyArns"])) == bool(cache)
        assert plan.image.startswith("111122223333.dkr.ecr.") == bool(cache)
        # The stack file names it as the catalogue does, whatever it comes by.
        assert plan.engine_image == f"{engines()['vllm-cpu'].image}@{DIGEST}"


@pytest.mark.parametrize(
    ("pool", "digest", "part"),
    [
        pytest.param("graviton4", None, "no digest says what that tag stands for", id="tag"),
        pytest.param("h100", DIGEST, "are empty at boot", id="weights under local disks"),
    ],
)
def test_what_nodes_would_not_find_is_not_baked(
    pool: str,
    digest: str | None,
    part: str,
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = keys_of("prod")
    if digest:
        keys["cluster"]["digests"] = {engine.image: digest for engine in engines().values()}
    with pytest.raises(UnbakeableError, match=re.escape(part)):
        plan_bake(plan_of(keys), pool, weights=True)


def _template(plan: BakePlan) -> Any:  # noqa: ANN401 - a document of CloudFormation
    return bake_template(plan)


def _deployed(plan: BakePlan, bucket: str) -> dict[str, Any]:
    """The resources with the bucket that a deployment gives, where the template names it."""

    def filled(value: Any) -> Any:  # noqa: ANN401 - properties of CloudFormation
        if isinstance(value, list):
            return [filled(each) for each in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        if value == {"Ref": "ModelBucket"}:
            return bucket
        properties = cast("Keys", value)
        if "Fn::Sub" in properties:
            return properties["Fn::Sub"].replace("${ModelBucket}", bucket)
        return {key: filled(each) for key, each in properties.items()}

    return filled(_template(plan)["Resources"])


def _documents(plan: BakePlan) -> Iterator[tuple[str, Any]]:
    """The text and the contents of every component."""
    for resource in _template(plan)["Resources"].values():
        if resource["Type"] == "AWS::ImageBuilder::Component":
            text = resource["Properties"]["Data"]
            yield text, yaml.safe_load(text)


def _steps(document: Any) -> Iterator[Any]:  # noqa: ANN401 - a document of AWSTOE
    for phase in document["phases"]:
        yield from phase["steps"]


def _as_api(value: Any) -> Any:  # noqa: ANN401 - properties of CloudFormation
    """Properties as the API names them, with a text for what the deployment fills in."""
    if isinstance(value, list):
        return [_as_api(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    properties = cast("Keys", value)
    if properties.keys() & {"Ref", "Fn::GetAtt", "Fn::Sub"}:
        return "arn:aws:imagebuilder:us-east-1:111122223333:component/a/1.0.0/1"
    if "Fn::If" in properties:
        return ["sg-0"] if properties["Fn::If"][1] == {"Ref": "SecurityGroupIds"} else "subnet-0"
    return {
        _api_name(key): each if key in TAGS else _as_api(each) for key, each in properties.items()
    }


def _api_name(key: str) -> str:
    return {"Version": "semanticVersion", "Name": "name"}.get(key, key[0].lower() + key[1:])
