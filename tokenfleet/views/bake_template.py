"""A template that bakes a machine image, as its user reads and deploys it."""

from collections.abc import Iterator, Mapping

from tokenfleet.plan.bake.readable import readable_yaml
from tokenfleet.plan.bake.recipe import BakePlan


def bake_text(plan: BakePlan, template: Mapping[str, object]) -> str:
    """The template as YAML, below what it does, how it is deployed, and what then goes where."""
    heading = "".join(f"# {line}".rstrip() + "\n" for line in _heading(plan))
    return f"{heading}{readable_yaml(template)}"


def _heading(plan: BakePlan) -> Iterator[str]:
    price = f", ${plan.usd_per_hour:.2f} an hour" if plan.usd_per_hour else ""
    yield f"The machine image of pool {plan.pool}, on which containerd has, unpacked,"
    yield f"  {plan.image}"
    if plan.snapshots:
        yield f"and on a second volume {plan.weights_gb:.1f} GB of weights:"
        yield from (f"  {snapshot}" for snapshot in plan.snapshots)
        yield "Its snapshot is paid for as long as the image is there."
    yield f"Made on one {plan.instance_type}{price}, then tried on another; both end with it."
    yield ""
    yield "To make it:"
    yield f"  aws cloudformation deploy --region {plan.region} \\"
    yield f"    --stack-name {_stack(plan)} \\"
    yield "    --template-file bake.yaml --capabilities CAPABILITY_IAM" + (
        " \\" if plan.snapshots else ""
    )
    if plan.snapshots:
        yield '    --parameter-overrides ModelBucket="$(pulumi stack output modelBucket)"'
    yield "Without a default VPC, also the parameters SubnetId and SecurityGroupIds."
    yield ""
    yield "Its id is in what this prints:"
    yield f"  aws cloudformation describe-stacks --region {plan.region} \\"
    yield f"    --stack-name {_stack(plan)} \\"
    yield "    --query Stacks[].Outputs --output table"
    yield f"and goes into the stack file, below pools.{plan.pool}:"
    yield "  baked:"
    yield "    imageId: ami-..."
    yield f"    engineImage: {plan.engine_image}"
    if weights := plan.revisions:
        yield "    weights:"
        yield from (f"      - {snapshot}" for snapshot in weights)


def _stack(plan: BakePlan) -> str:
    return f"{plan.name}-image"
