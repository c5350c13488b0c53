"""Models in a VPC and an EKS cluster that exist already: pools, store and serving, without the rest."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from tokenfleet.components.capacity_controller import CapacityController, CapacityControllerArgs
from tokenfleet.components.edge import Edge, EdgeArgs
from tokenfleet.components.identities import Identities, IdentitiesArgs
from tokenfleet.components.join import Join
from tokenfleet.components.kubeconfig import kubeconfig
from tokenfleet.components.model_store import ModelStore, ModelStoreArgs
from tokenfleet.components.notices import Notices, NoticesArgs
from tokenfleet.components.pool import Pool, PoolArgs
from tokenfleet.components.provider import aws_provider
from tokenfleet.components.scaling import Scaling, ScalingArgs
from tokenfleet.components.serving import Serving, ServingArgs
from tokenfleet.program import client_keys, stack_plan

plan = stack_plan()
name = plan.name
# Keys of other programs have a prefix of their own: below acme: only what tokenfleet knows may stand.
existing = pulumi.Config("existing")
subnets: dict[str, str] = existing.require_object("subnetIdByZone")

provider = aws_provider(name, plan.region, plan.account, plan.tags)
in_aws = pulumi.ResourceOptions(providers=[provider])
# Nodes and autoscaler find the cluster by the plan's name, so that is what it must be called.
cluster = aws.eks.get_cluster_output(
    name=plan.cluster.name, opts=pulumi.InvokeOutputOptions(provider=provider)
)
join = Join(
    cluster_name=cluster.name,
    endpoint=cluster.endpoint,
    certificate_authority=cluster.certificate_authorities[0].data,
    security_group_id=cluster.vpc_config.cluster_security_group_id,
    service_cidr=str(plan.cluster.service_cidr),
    partition=plan.partition,
    region=plan.region,
    node_policies=plan.cluster.node_policies,
)
store = ModelStore(f"{name}-models", ModelStoreArgs(plan=plan.model_store), in_aws)
# The pool has a spot tier, whose nodes only the capacity controller launches. Without one both are empty.
notices = [Notices(f"{name}-notices", NoticesArgs(plan=c.notices), in_aws) for c in plan.capacity]
identities = Identities(
    f"{name}-identities",
    IdentitiesArgs(
        plan=plan.cluster.identities,
        cluster_name=plan.cluster.name,
        store=store,
        queue_arn=next((found.queue_arn for found in notices), None),
    ),
    in_aws,
)
pools = [
    Pool(
        f"{name}-{pool}",
        PoolArgs(groups=groups, join=join, subnets=subnets, store=store),
        pulumi.ResourceOptions(providers=[provider], depends_on=[identities, *notices]),
    )
    for pool, groups in plan.node_groups_by_pool.items()
]
in_cluster = kubernetes.Provider(
    f"{name}-kubernetes",
    cluster_identifier=plan.cluster.name,
    kubeconfig=kubeconfig(
        join.cluster_name, join.endpoint, join.certificate_authority, plan.region
    ),
)
controllers = [
    CapacityController(
        f"{name}-capacity",
        CapacityControllerArgs(plan=controller, queue_url=found.queue_url),
        pulumi.ResourceOptions(providers=[in_cluster], depends_on=pools),
    )
    for controller, found in zip(plan.capacity, notices, strict=True)
]
serving = Serving(
    f"{name}-serving",
    ServingArgs(plan=plan.serving, store=store),
    pulumi.ResourceOptions(providers=[provider, in_cluster], depends_on=[*pools, *controllers]),
)
edge = Edge(
    f"{name}-edge",
    EdgeArgs(plan=plan.edge, client_keys=client_keys(), engine_key=serving.engine_key),
    pulumi.ResourceOptions(providers=[in_cluster], depends_on=[serving]),
)
# KEDA is the cluster's own, as its autoscaler is: 2.21, in the namespace keda.
for scaling in plan.scaling:
    Scaling(
        f"{name}-scaling",
        ScalingArgs(plan=scaling, metrics_key=serving.metrics_key),
        pulumi.ResourceOptions(providers=[in_cluster], depends_on=[edge]),
    )

pulumi.export("modelBucket", store.bucket_name)
pulumi.export("edgeUrl", plan.edge.url)
pulumi.export("apiKey", edge.key_place)
