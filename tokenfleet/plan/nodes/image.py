"""Which machine image a group's nodes start from."""

from dataclasses import dataclass

from tokenfleet.catalogue.pulled.releases import ami_release


@dataclass(frozen=True, kw_only=True)
class ImagePlan:
    """A machine image: ``given_id`` where the stack names one, else what ``parameter`` holds.

    The parameter is read by the program, not by EC2 at launch (``resolve:ssm:``): EC2 takes only
    parameters of data type ``aws:ec2:image`` there, and those of EKS are text
    (docs/decisions/2026-11-28-images-looked-up.md).
    """

    parameter: str
    given_id: str | None


def plan_image(
    kubernetes_version: str, architecture: str, variant: str, given_id: str | None
) -> ImagePlan:
    """The pinned release of the EKS image for that version, or the image that was given."""
    return ImagePlan(
        parameter=ami_release().parameter(kubernetes_version, architecture, variant),
        given_id=given_id,
    )
