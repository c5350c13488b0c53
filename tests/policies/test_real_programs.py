"""The rules over recordings of small real programs, so that they see what Pulumi really sends."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorder import record

PREAMBLE = """
import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes


class Box(pulumi.ComponentResource):
    def __init__(self, name, providers, finished=True):
        opts = pulumi.ResourceOptions(providers=providers)
        super().__init__("test:box:Box", name, None, opts)
        if finished:
            self.register_outputs({})


tags = {"tokenfleet:project": "p", "tokenfleet:stack": "s"}
provider = aws.Provider(
    "aws", region="us-east-1", default_tags=aws.ProviderDefaultTagsArgs(tags=tags)
)
cluster = kubernetes.Provider("kubernetes", kubeconfig="{}")
box = Box("box", [provider, cluster])
child = pulumi.ResourceOptions(parent=box)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=child)
"""
ANY = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::a/*"}}'
OPEN = 'from_port=0, to_port=0, protocol="-1", cidr_blocks=["0.0.0.0/0"]'
OPEN_TO_ALL = 'security_group_id="sg-1", ip_protocol="tcp", cidr_ipv4="0.0.0.0/0"'

PROGRAMS: Mapping[str, tuple[str, Sequence[tuple[str, str]]]] = {
    "nothing wrong": ("", []),
    "one name twice": (
        'aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16", opts=child)',
        [("unique-urns", "vpc")],
    ),
    "resource outside of any component": (
        'aws.ec2.Vpc("orphan", opts=pulumi.ResourceOptions(provider=provider))',
        [("parented", "orphan")],
    ),
    "resource below a resource": (
        'aws.ec2.InternetGateway("gateway", opts=pulumi.ResourceOptions(parent=vpc))',
        [("parented", "gateway")],
    ),
    "component that never finishes": (
        'Box("open", [provider], finished=False)',
        [("outputs-registered", "open")],
    ),
    "component without providers": (
        'aws.ec2.Vpc("default", opts=pulumi.ResourceOptions(parent=Box("bare", [])))',
        [("explicit-providers", "default")],
    ),
    "look-up with a default provider": (
        'aws.ssm.get_parameter_output(name="/aws/service/eks/optimized-ami/1.35/x/image_id")',
        [("explicit-providers", "aws:ssm/getParameter:getParameter")],
    ),
    "Output shown in a text": (
        'aws.ec2.Subnet("subnet", vpc_id=f"{vpc.id!r}", opts=child)',
        [("no-output-as-text", "subnet")],
    ),
    "Secret of a secret value": (
        'kubernetes.core.v1.Secret("key", string_data={"key": "hunter2"}, opts=child)',
        [],
    ),
    "role policy with every action": (
        f"aws.iam.RolePolicy('policy', role='role', policy='{ANY}', opts=child)",
        [("no-unexplained-wildcards", "policy")],
    ),
    "security group with an open rule": (
        f'aws.ec2.SecurityGroup("group", ingress=[aws.ec2.SecurityGroupIngressArgs({OPEN})], opts=child)',
        [("no-public-ingress", "group")],
    ),
    "open ingress rule": (
        f'aws.vpc.SecurityGroupIngressRule("rule", {OPEN_TO_ALL}, opts=child)',
        [("no-public-ingress", "rule")],
    ),
    "volume in the clear": (
        'aws.ebs.Volume("volume", availability_zone="us-east-1a", size=1, opts=child)',
        [("encrypted", "volume")],
    ),
    "bucket with nothing beside it": (
        'aws.s3.Bucket("bucket", opts=child)',
        [("encrypted", "bucket")] * 3,
    ),
    "provider without tags": (
        'aws.Provider("bare", region="us-east-1")',
        [("tagged", "bare")],
    ),
}


@pytest.mark.parametrize(
    ("program", "expected"), [pytest.param(*row, id=name) for name, row in PROGRAMS.items()]
)
def test_a_real_programs_mistake_is_reported(
    tmp_path: Path, program: str, expected: Sequence[tuple[str, str]]
) -> None:
    (tmp_path / "__main__.py").write_text(PREAMBLE + program, encoding="utf-8")
    configured = Configured("p", {"region": "us-east-1"}, [])
    recording = record(tmp_path, "p", "s", configured, "deployment")
    found = [(f.rule, f.resource.rpartition("::")[2]) for f in findings(recording)]
    assert found == expected
