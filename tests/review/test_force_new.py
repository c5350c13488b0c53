"""Which changes replace, which update, which fail: facts that people know of AWS and Kubernetes."""

import pytest

from tokenfleet.recording.recorded import SECRET, UNKNOWN
from tokenfleet.review.force_new import deletes_first, forces_replacement, known_types

_CLUSTER = "aws:eks/cluster:Cluster"
_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token
_VOLUME = "kubernetes:core/v1:PersistentVolume"
_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
_KUBERNETES = "pulumi:providers:kubernetes"
_KEY = {"provider": {"keyArn": "a"}, "resources": ["secrets"]}

FACTS: list[tuple[str, str, object, object, str]] = [
    ("aws:ec2/vpc:Vpc", "cidrBlock", "10.0.0.0/16", "10.1.0.0/16", "replace"),
    ("aws:ec2/vpc:Vpc", "instanceTenancy", "default", "dedicated", "replace"),
    ("aws:ec2/vpc:Vpc", "instanceTenancy", "dedicated", "default", "update"),
    ("aws:ec2/vpc:Vpc", "enableDnsHostnames", True, False, "update"),
    ("aws:ec2/subnet:Subnet", "availabilityZone", "us-east-1a", "us-east-1b", "replace"),
    ("aws:ec2/subnet:Subnet", "vpcId", "vpc-1", UNKNOWN, "replace"),
    ("aws:ec2/subnet:Subnet", "tags.Name", "a", "b", "update"),
    ("aws:ec2/natGateway:NatGateway", "subnetId", "subnet-1", "subnet-2", "replace"),
    ("aws:ec2/routeTable:RouteTable", "routes[0].natGatewayId", "nat-1", "nat-2", "update"),
    ("aws:ec2/flowLog:FlowLog", "maxAggregationInterval", 60, 600, "replace"),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy", "{}", "{ }", "update"),
    ("aws:ec2/securityGroup:SecurityGroup", "description", "a", "b", "replace"),
    (_RULE, "cidrIpv4", "10.0.0.0/16", "10.1.0.0/16", "update"),
    (_RULE, "cidrIpv4", "10.0.0.0/16", None, "replace"),
    (_RULE, "referencedSecurityGroupId", None, UNKNOWN, "replace"),
    (_TEMPLATE, "userData", "a", "b", "update"),
    (_TEMPLATE, "imageId", "ami-1", "ami-2", "update"),
    (_TEMPLATE, "name", "a", "b", "replace"),
    (_GROUP, "name", "a", "b", "replace"),
    (_GROUP, "vpcZoneIdentifiers[1]", None, "subnet-2", "update"),
    (_GROUP, "mixedInstancesPolicy.launchTemplate.overrides.0.instanceType", "a", "b", "update"),
    (_GROUP, "maxSize", 3, 4, "update"),
    (_CLUSTER, "name", "a", "b", "replace"),
    (_CLUSTER, "roleArn", "a", "b", "replace"),
    (_CLUSTER, "version", "1.35", "1.36", "update"),
    (_CLUSTER, "version", "1.9", "1.10", "update"),
    (_CLUSTER, "version", "1.36", "1.35", "refused"),
    (_CLUSTER, "version", "1.36", UNKNOWN, "refused"),
    (_CLUSTER, "vpcConfig.subnetIds[0]", "subnet-1", "subnet-2", "refused"),
    (_CLUSTER, "vpcConfig.controlPlaneEgressMode", "CUSTOMER_ROUTED", "AWS_MANAGED", "replace"),
    (_CLUSTER, "vpcConfig.controlPlaneEgressMode", "AWS_MANAGED", "CUSTOMER_ROUTED", "update"),
    (_CLUSTER, "accessConfig.authenticationMode", "CONFIG_MAP", "API", "update"),
    (_CLUSTER, "accessConfig.bootstrapClusterCreatorAdminPermissions", True, False, "replace"),
    (_CLUSTER, "kubernetesNetworkConfig.serviceIpv4Cidr", "a", "b", "replace"),
    (_CLUSTER, "kubernetesNetworkConfig", {"ipFamily": "ipv4"}, {"ipFamily": "ipv6"}, "replace"),
    (_CLUSTER, "encryptionConfig", None, _KEY, "update"),
    (_CLUSTER, "encryptionConfig", _KEY, None, "replace"),
    (_CLUSTER, "encryptionConfig.resources[0]", "secrets", None, "replace"),
    (_CLUSTER, "encryptionConfig.provider.keyArn", "a", UNKNOWN, "refused"),
    (_CLUSTER, "deletionProtection", True, False, "update"),
    ("aws:eks/addon:Addon", "configurationValues", "{}", "{ }", "update"),
    ("aws:eks/addon:Addon", "namespaceConfig.namespace", "a", "b", "replace"),
    ("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "accessScope.type", "a", "b", "replace"),
    ("aws:eks/podIdentityAssociation:PodIdentityAssociation", "roleArn", "a", "b", "update"),
    ("aws:iam/role:Role", "name", "a", "b", "replace"),
    ("aws:iam/role:Role", "assumeRolePolicy", "{}", "{ }", "update"),
    ("aws:iam/rolePolicy:RolePolicy", "policy", "{}", "{ }", "update"),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", "a", "b", "replace"),
    ("aws:kms/key:Key", "description", "a", "b", "update"),
    ("aws:kms/key:Key", "multiRegion", None, True, "replace"),
    ("aws:s3/bucket:Bucket", "bucket", "a", "b", "replace"),
    ("aws:s3/bucket:Bucket", "forceDestroy", False, True, "update"),
    ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Enabled", "Suspended", "update"),
    ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Enabled", "Disabled", "refused"),
    ("aws:ecr/repository:Repository", "encryptionConfigurations[0].kmsKey", "a", "b", "replace"),
    (_DEPLOYMENT, "spec.template.spec.containers[0].image", "a", "b", "update"),
    (_DEPLOYMENT, "spec.selector.matchLabels.app", "a", "b", "replace"),
    (_DEPLOYMENT, "metadata.name", "a", "b", "replace"),
    (_DEPLOYMENT, 'metadata.annotations["pulumi.com/skipAwait"]', "true", "false", "update"),
    ("kubernetes:apps/v1:DaemonSet", "spec.selector", {"a": 1}, {"a": 2}, "replace"),
    (_CONFIG_MAP, 'data["serve.py"]', "a", "b", "replace"),
    (_CONFIG_MAP, "immutable", None, True, "update"),
    (_CONFIG_MAP, "immutable", True, None, "refused"),
    (_SECRET, "stringData.api-keys", SECRET, SECRET, "replace"),
    (_SECRET, "stringData", {"a": SECRET}, {"a": SECRET}, "replace"),
    (_VOLUME, "spec.hostPath.path", "/a", "/b", "replace"),
    (_VOLUME, "spec.capacity.storage", "1Ti", "2Ti", "update"),
    (_VOLUME, "spec.nodeAffinity", None, {"required": {}}, "update"),
    (_VOLUME, "spec", {"csi": {"driver": "a"}}, {"csi": {"driver": "b"}}, "replace"),
    (_CLAIM, "spec.storageClassName", "", "gp3", "replace"),
    (_CLAIM, "spec.resources.requests.storage", "2Ti", "1Ti", "refused"),
    ("kubernetes:core/v1:Service", "spec.clusterIP", "None", "10.0.0.9", "replace"),
    ("kubernetes:core/v1:Service", "spec.ports[0].port", 80, 8000, "update"),
    ("kubernetes:policy/v1:PodDisruptionBudget", "spec.maxUnavailable", 1, 2, "update"),
    ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "roleRef.name", "a", "b", "replace"),
    ("kubernetes:scheduling.k8s.io/v1:PriorityClass", "value", 1, 2, "refused"),
    ("kubernetes:helm.sh/v3:Release", "version", "1.0.0", "1.1.0", "update"),
    ("kubernetes:helm.sh/v3:Release", "namespace", "a", "b", "replace"),
    ("pulumi:providers:aws", "region", "us-east-1", "us-west-2", "replaces-managed"),
    ("pulumi:providers:aws", "defaultTags.tags.team", "a", "b", "update"),
    (_KUBERNETES, "clusterIdentifier", "a", "b", "replace"),
    (_KUBERNETES, "clusterIdentifier", None, "a", "update"),
    (_KUBERNETES, "kubeconfig", "a", UNKNOWN, "replace"),
    (_KUBERNETES, "enableServerSideApply", True, False, "update"),
]  # fmt: skip


@pytest.mark.parametrize(("type_token", "path", "before", "after", "outcome"), FACTS)
def test_a_change_is_what_people_know_it_to_be(
    type_token: str, path: str, before: object, after: object, outcome: str
) -> None:
    found = forces_replacement(type_token, path, before, after)
    assert (found.outcome if found else "update") == outcome
    if found:
        assert found.source


def test_a_kubeconfig_replaces_nothing_while_the_cluster_is_known_to_be_the_same() -> None:
    assert not forces_replacement(
        _KUBERNETES, "kubeconfig", "a", UNKNOWN, inputs={"clusterIdentifier": "fleet"}
    )
    assert forces_replacement(_KUBERNETES, "kubeconfig", "a", UNKNOWN, inputs={})


@pytest.mark.parametrize("type_token", sorted(known_types() - {"pulumi:providers:aws"}))
def test_a_property_that_nobody_read_about_is_taken_for_a_replacement(type_token: str) -> None:
    found = forces_replacement(type_token, "quiteNew.part", 1, 2)
    assert found
    assert (found.path, found.outcome) == ("quiteNew", "replace")
    assert found.unsure


def test_of_another_type_nothing_is_known() -> None:
    assert "aws:rds/instance:Instance" not in known_types()
    assert forces_replacement("aws:rds/instance:Instance", "engine", "a", "b") is None


@pytest.mark.parametrize("path", ["", "."])
def test_a_path_names_a_property(path: str) -> None:
    with pytest.raises(ValueError, match="no property"):
        forces_replacement(_CLUSTER, path, 1, 2)


@pytest.mark.parametrize(
    ("type_token", "before", "after", "first"),
    [
        # A name of the program's choice is taken until its holder is gone.
        (_CLUSTER, {"name": "fleet"}, {"name": "fleet"}, True),
        (_CLUSTER, {"name": "fleet"}, {"name": "other"}, True),
        (_TEMPLATE, {}, {}, False),
        ("aws:kms/key:Key", {"description": "a"}, {"description": "b"}, False),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "a"}, {"cidrBlock": "a"}, False),
        (_CONFIG_MAP, {"metadata": {"name": "a"}}, {"metadata": {"name": "a"}}, True),
        (_CONFIG_MAP, {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, False),
        (_CONFIG_MAP, {"metadata": {"name": "a"}}, {"metadata": {"name": "a", "namespace": "n"}}, False),
        ("kubernetes:helm.sh/v3:Release", {"name": "a"}, {"name": "a"}, False),
        ("aws:rds/instance:Instance", {"name": "a"}, {"name": "a"}, False),
    ],
)  # fmt: skip
def test_what_keeps_its_name_is_deleted_before_it_is_made_anew(
    type_token: str, before: dict[str, object], after: dict[str, object], *, first: bool
) -> None:
    assert deletes_first(type_token, before, after) is first
