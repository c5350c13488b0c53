"""Look-ups under the recorder: declared ones are answered, any other stops the program."""

from pathlib import Path

import pytest

from tokenfleet.recording.configured import Configured
from tokenfleet.recording.lookups import UndeclaredLookupError
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.recording.recorder import record

PREAMBLE = """
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="us-east-1")
with_provider = pulumi.InvokeOutputOptions(provider=provider)
"""
IMAGES = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/arm64/standard"
RECOMMENDED = f"{IMAGES}/recommended/image_id"
RELEASE = f"{IMAGES}/x-v20261012/image_id"


def recorded(folder: Path, program: str, mode: Mode = "preview") -> Recording:
    (folder / "__main__.py").write_text(PREAMBLE + program, encoding="utf-8")
    return record(folder, "test", "dev", Configured("test", {}, []), mode)


@pytest.mark.parametrize(
    ("lookup", "says"),
    [
        ("aws.ec2.get_ami_output(most_recent=True, opts=with_provider)", "getAmi"),
        ("aws.get_availability_zones_output(opts=with_provider)", "getAvailabilityZones"),
        ("aws.get_caller_identity_output(opts=with_provider)", "getCallerIdentity"),
        ('aws.ssm.get_parameter_output(name="/our/own", opts=with_provider)', "/our/own"),
        (
            f'aws.ssm.get_parameter_output(name="{RECOMMENDED}", opts=with_provider)',
            "recommended",
        ),
    ],
)
@pytest.mark.parametrize("mode", ["preview", "deployment"])
def test_what_only_an_account_can_answer_stops_the_program(
    lookup: str, says: str, mode: Mode, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match=says) as raised:
        recorded(tmp_path, lookup, mode)
    assert UndeclaredLookupError.__name__ in repr(raised.value) + str(raised.value)


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
