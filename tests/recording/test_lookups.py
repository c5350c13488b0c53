"""What a program asks a cloud under the recorder: answered if anybody said how, else it is named."""

from collections.abc import Mapping
from pathlib import Path

import pulumi
import pytest

from tokenfleet.recording.configured import Configured
from tokenfleet.recording.lookups import Answers
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.recording.recorder import record

PREAMBLE = """
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="us-east-1")
asked = pulumi.InvokeOptions(provider=provider)
with_provider = pulumi.InvokeOutputOptions(provider=provider)
"""
IMAGES = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/arm64/standard"
RECOMMENDED = f"{IMAGES}/recommended/image_id"
RELEASE = f"{IMAGES}/x-v20261012/image_id"
MODES: tuple[Mode, ...] = ("preview", "deployment")


def recorded(
    folder: Path, program: str, mode: Mode = "preview", answers: Answers | None = None
) -> Recording:
    (folder / "__main__.py").write_text(PREAMBLE + program, encoding="utf-8")
    return record(folder, "test", "dev", Configured("test", {}, []), mode, answers=answers)


# A question, and where in an answers file its answer belongs.
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "a function": (
        "aws.ec2.get_ami_output(most_recent=True, opts=with_provider)",
        "functions: {aws:ec2/getAmi:getAmi: ",
    ),
    "a function that is awaited": (
        'aws.ec2.get_vpc(id="vpc-1", opts=asked)',
        "functions: {aws:ec2/getVpc:getVpc: ",
    ),
    "zones": (
        "aws.get_availability_zones_output(opts=with_provider)",
        "functions: {aws:index/getAvailabilityZones:getAvailabilityZones: ",
    ),
    "a parameter of ours": (
        'aws.ssm.get_parameter_output(name="/our/own", opts=with_provider)',
        "aws:ssm/getParameter:getParameter (/our/own)",
    ),
    "an image that moves": (
        f'aws.ssm.get_parameter_output(name="{RECOMMENDED}", opts=with_provider)',
        "recommended",
    ),
    "another stack": (
        'pulumi.StackReference("acme/network/prod").require_output("vpcId")',
        "stackReferences: {acme/network/prod: ",
    ),
    "a resource that exists": (
        'aws.ec2.Vpc.get("shared", "vpc-1", opts=pulumi.ResourceOptions(provider=provider))',
        "resources: {aws:ec2/vpc:Vpc: ",
    ),
    "a method of a resource": (
        'pulumi.runtime.call("eks:index:Cluster/getKubeconfig", {}, provider)',
        "functions: {eks:index:Cluster/getKubeconfig: ",
    ),
}


# The SDK leaves what waits for the answer of a StackReference behind.
@pytest.mark.filterwarnings(
    "ignore:.*coroutine object Output:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(("question", "place"), QUESTIONS.values(), ids=list(QUESTIONS))
@pytest.mark.parametrize("mode", MODES)
def test_a_question_nobody_answered_is_named_with_the_place_of_its_answer(
    question: str, place: str, mode: Mode, tmp_path: Path
) -> None:
    with pytest.raises(pulumi.RunError, match=r"^__main__\.py(:\d+)?: the program") as raised:
        recorded(tmp_path, question, mode)
    assert place in str(raised.value)
    assert "--answers FILE" in str(raised.value)


ANSWERS = Answers(
    stack_references={"acme/network/prod": {"vpcId": "vpc-1", "zones": ["a", "b"]}},
    functions={
        "aws:ec2/getVpc:getVpc": {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"},
        "eks:index:Cluster/getKubeconfig": {"result": "kubeconfig"},
    },
    resources={"aws:ec2/vpc:Vpc": {"cidrBlock": "10.1.0.0/16"}},
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ('aws.ec2.get_vpc_output(id="vpc-1", opts=with_provider).cidr_block', "10.0.0.0/16"),
        ('aws.ec2.get_vpc(id="vpc-1", opts=asked).cidr_block', "10.0.0.0/16"),
        ('pulumi.StackReference("acme/network/prod").require_output("vpcId")', "vpc-1"),
        ('pulumi.StackReference("acme/network/prod").get_output("zones")', ["a", "b"]),
        ('pulumi.StackReference("it", "acme/network/prod").get_output("vpcId")', "vpc-1"),
        ('aws.ec2.Vpc.get("shared", "vpc-1").cidr_block', "10.1.0.0/16"),
        ('aws.ec2.Vpc.get("shared", "vpc-1").id', "vpc-1"),
        (
            'pulumi.runtime.call("eks:index:Cluster/getKubeconfig", {}, provider)["result"]',
            "kubeconfig",
        ),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_what_is_answered_is_known_to_the_program(
    question: str, answer: object, mode: Mode, tmp_path: Path
) -> None:
    program = f'pulumi.export("answer", {question})'
    assert recorded(tmp_path, program, mode, ANSWERS).outputs["answer"] == answer


def test_an_image_is_known_in_a_preview_and_made_up(tmp_path: Path) -> None:
    recording = recorded(
        tmp_path,
        f"""
image = aws.ssm.get_parameter_output(name="{RELEASE}", opts=with_provider).insecure_value
pulumi.export("image", image)
""",
    )
    assert str(recording.outputs["image"]).startswith("ami-")
    assert [lookup.provider.rpartition("::")[2] for lookup in recording.lookups] == ["aws"]
