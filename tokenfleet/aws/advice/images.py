"""Machine images as an account sees them: its own, those shared with it, and public ones."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tokenfleet.aws.advice.facts import MachineImage

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def machine_images(ec2: "EC2Client", ids: Sequence[str]) -> Mapping[str, MachineImage]:
    """Images by id; one that the account may not use, or that is in another region, is absent."""
    # By filter: asked for by id, one that is missing makes an error of all.
    found = ec2.describe_images(Filters=[{"Name": "image-id", "Values": [*ids]}])["Images"]
    return {
        image.get("ImageId", ""): MachineImage(
            architecture=str(image.get("Architecture", "")),
            state=str(image.get("State", "")),
            gib_by_device={
                device.get("DeviceName", ""): device.get("Ebs", {}).get("VolumeSize", 0)
                for device in image.get("BlockDeviceMappings", ())
                if "Ebs" in device
            },
        )
        for image in found
    }
