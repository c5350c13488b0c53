"""The CloudFormation template of a pipeline that makes a machine image, once for each deployment."""

import json
from collections.abc import Mapping, Sequence

from tokenfleet.plan.bake.components import (
    BUCKET,
    Document,
    engine_component,
    loader_component,
    weights_component,
)
from tokenfleet.plan.bake.readable import readable_yaml
from tokenfleet.plan.bake.recipe import BakePlan, mark_of
from tokenfleet.plan.iam import instance_trust
from tokenfleet.plan.permissions import model_reader_policy

Properties = dict[str, object]
_ROOT_DEVICE, _WEIGHTS_DEVICE = "/dev/xvda", "/dev/xvdb"
# What unpacking makes use of (plan.nodes.disks); nodes' own volumes are as their pool plans.
_BUILD_MIB_PER_SECOND = 300
# Image Builder's own prerequisite: the agent that runs its documents and reports (Image Builder
# user guide, "Prerequisites", read 2026-11-29).
_BUILDER_POLICIES = ("AmazonSSMManagedInstanceCore", "EC2InstanceProfileForImageBuilder")
_PULL_POLICY = "AmazonEC2ContainerRegistryPullOnly"
_LEAST_TEST_MINUTES = 60
# S3's, but for the dots, which no name of a recipe may have (CreateImageRecipe, botocore's model).
_BUCKET_NAME = "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"


def bake_template(plan: BakePlan) -> Properties:
    """The template, its keys as CloudFormation spells them.

    Image Builder changes no component and no recipe that is there: each carries in its name a mark
    of what it holds, so that other contents are another resource and the image is made anew. The
    bucket of weights is known when that is deployed: a recipe with one has it in its name as well.
    """
    documents: dict[str, Document] = {"Engine": engine_component(plan)}
    if plan.snapshots:
        documents |= {"Loader": loader_component(), "Weights": weights_component(plan)}
    mark = mark_of(json.dumps([documents, _recipe(plan, "", list(documents))]))
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Machine image of pool {plan.pool} with its engine unpacked ({plan.name})",
        "Parameters": _parameters(plan),
        "Conditions": {"InSubnet": {"Fn::Not": [{"Fn::Equals": [_ref("SubnetId"), ""]}]}},
        "Resources": {
            "Role": _resource("AWS::IAM::Role", _role(plan)),
            "InstanceProfile": _resource("AWS::IAM::InstanceProfile", {"Roles": [_ref("Role")]}),
            "Infrastructure": _resource(
                "AWS::ImageBuilder::InfrastructureConfiguration", _infrastructure(plan)
            ),
            **{
                name: _resource("AWS::ImageBuilder::Component", _component(plan, name, text, mark))
                for name, text in documents.items()
            },
            "Recipe": _resource(
                "AWS::ImageBuilder::ImageRecipe", _recipe(plan, mark, list(documents))
            ),
            "Image": _resource("AWS::ImageBuilder::Image", _image(plan)),
        },
        "Outputs": {
            "ImageId": {
                "Description": f"pools.{plan.pool}.baked.imageId",
                "Value": {"Fn::GetAtt": ["Image", "ImageId"]},
            },
            "EngineImage": {
                "Description": f"pools.{plan.pool}.baked.engineImage",
                "Value": plan.engine_image,
            },
        },
    }


def _parameters(plan: BakePlan) -> Properties:
    text = {"Type": "String", "Default": ""}
    found: Properties = {
        "SubnetId": {**text, "Description": "where to build; without it, the default VPC"},
        "SecurityGroupIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "Description": "with a subnet: groups that may reach AWS",
        },
    }
    if plan.snapshots:
        found[BUCKET] = {
            "Type": "String",
            "Description": "pulumi stack output modelBucket",
            "AllowedPattern": _BUCKET_NAME,
        }
    return found


def _role(plan: BakePlan) -> Properties:
    policies = [*_BUILDER_POLICIES, *([_PULL_POLICY] if ".dkr.ecr." in plan.registry else [])]
    role: Properties = {
        "AssumeRolePolicyDocument": json.loads(instance_trust()),
        "ManagedPolicyArns": [
            _sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{p}") for p in policies
        ],
        "Tags": _tags(plan),
    }
    if plan.snapshots:
        reading = json.loads(model_reader_policy(f"arn:${{AWS::Partition}}:s3:::${{{BUCKET}}}"))
        for statement in reading["Statement"]:
            statement["Resource"] = [_sub(arn) for arn in statement["Resource"]]
        role["Policies"] = [{"PolicyName": "ReadModels", "PolicyDocument": reading}]
    return role


def _infrastructure(plan: BakePlan) -> Properties:
    def in_subnet(value: object) -> Properties:
        return {"Fn::If": ["InSubnet", value, _ref("AWS::NoValue")]}

    return {
        "Name": plan.name,
        "InstanceProfileName": _ref("InstanceProfile"),
        "InstanceTypes": [plan.instance_type],
        "InstanceMetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "SubnetId": in_subnet(_ref("SubnetId")),
        "SecurityGroupIds": in_subnet(_ref("SecurityGroupIds")),
        "TerminateInstanceOnFailure": True,
        "ResourceTags": dict(plan.tags),
        "Tags": dict(plan.tags),
    }


def _component(plan: BakePlan, name: str, document: Document, mark: str) -> Properties:
    return {
        "Name": f"{plan.name}-{name.lower()}-{mark}",
        "Platform": "Linux",
        "Version": "1.0.0",
        "Data": readable_yaml(document),
        "Tags": dict(plan.tags),
    }


def _recipe(plan: BakePlan, mark: str, components: Sequence[str]) -> Properties:
    sizes = {_ROOT_DEVICE: plan.root_gib, _WEIGHTS_DEVICE: plan.weights_gib}
    given: Mapping[str, Properties] = {
        "Weights": {"Parameters": [{"Name": BUCKET, "Value": [_ref(BUCKET)]}]}
    }
    name = f"{plan.name}-{mark}"
    return {
        # Project and stack have 26 characters at most (plan.decide), a pool 20, a bucket 63: in all
        # 125 of the 128 that Image Builder takes.
        "Name": _sub(f"{name}-${{{BUCKET}}}") if plan.snapshots else name,
        "Version": "1.0.0",
        # Not a parameter of the template: a second deployment keeps the values of the first
        # (aws-cli awscli/customizations/cloudformation/deployer.py), and the image would be that
        # of an older release. Here it is part of the mark.
        "ParentImage": plan.parent.given_id or f"{{{{resolve:ssm:{plan.parent.parameter}}}}}",
        "Components": [{"ComponentArn": _ref(name), **given.get(name, {})} for name in components],
        "BlockDeviceMappings": [
            {
                "DeviceName": device,
                "Ebs": {
                    "VolumeType": "gp3",
                    "VolumeSize": gib,
                    "Throughput": _BUILD_MIB_PER_SECOND,
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
            for device, gib in sizes.items()
            if gib
        ],
        "AmiTags": {**plan.tags, "Name": plan.name, "tokenfleet:engine": plan.image},
        "Tags": dict(plan.tags),
    }


def _image(plan: BakePlan) -> Properties:
    return {
        "ImageRecipeArn": _ref("Recipe"),
        "InfrastructureConfigurationArn": _ref("Infrastructure"),
        "ImageTestsConfiguration": {
            "ImageTestsEnabled": True,
            "TimeoutMinutes": _LEAST_TEST_MINUTES,
        },
        "Tags": dict(plan.tags),
    }


def _resource(kind: str, properties: Properties) -> Properties:
    return {"Type": kind, "Properties": properties}


def _tags(plan: BakePlan) -> Sequence[Mapping[str, str]]:
    return [{"Key": key, "Value": value} for key, value in plan.tags.items()]


def _ref(name: str) -> Properties:
    return {"Ref": name}


def _sub(text: str) -> Properties:
    return {"Fn::Sub": text}
