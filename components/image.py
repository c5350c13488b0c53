"""The machine image of a launch template, by id or by look-up."""

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.nodes.image import ImagePlan


def image_id(plan: ImagePlan, parent: pulumi.Resource) -> pulumi.Input[str]:
    """The id of the planned image, read with the AWS provider of ``parent``."""
    if plan.given_id:
        return plan.given_id
    found = aws.ssm.get_parameter_output(
        name=plan.parameter, opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    # ``value`` is the same text, marked as a secret: reviewers would not see images change.
    return found.insecure_value
