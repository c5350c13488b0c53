"""The program that `pulumi up` runs: plan, components, outputs."""

from functools import partial

from pulumi import ResourceOptions, export

from tokenfleet.components.addons import Addons, AddonsArgs
from tokenfleet.components.budget import Budget, BudgetArgs
from tokenfleet.components.cluster import Cluster, ClusterArgs
from tokenfleet.components.edge import Edge, EdgeArgs
from tokenfleet.components.image_cache import ImageCache, ImageCacheArgs
from tokenfleet.components.model_store import ModelStore, ModelStoreArgs
from tokenfleet.components.network import Network, NetworkArgs
from tokenfleet.components.notices import Notices, NoticesArgs
from tokenfleet.components.pool import Pool, PoolArgs
from tokenfleet.components.provider import aws_provider
from tokenfleet.components.scaling import Scaling, ScalingArgs
from tokenfleet.components.serving import Serving, ServingArgs
from tokenfleet.program import client_keys, stack_plan

plan = stack_plan()
name = plan.name
aws = aws_provider(name, plan.region, plan.account, plan.tags)

# Each needs what it depends on until it is gone itself, on the way up and on the way down: the
# cluster its way out of the VPC, nodes the cluster and its add-ons, controllers nodes, models all, and the edge models.
in_aws = partial(ResourceOptions, providers=[aws])
store = ModelStore(f"{name}-models", ModelStoreArgs(plan=plan.model_store), in_aws())
network = Network(f"{name}-network", NetworkArgs(plan=plan.network, store=store), in_aws())
subnets = network.private_subnet_id_by_zone
notices = [Notices(f"{name}-notices", NoticesArgs(plan=c.notices), in_aws()) for c in plan.capacity]
cluster_args = ClusterArgs(plan=plan.cluster, subnets=subnets, store=store, notices=notices)
cluster = Cluster(f"{name}-cluster", cluster_args, in_aws(depends_on=[network, *notices]))
images = [ImageCache(f"{name}-images", ImageCacheArgs(plan=c), in_aws()) for c in plan.images]
pools = [
    Pool(
        f"{name}-{pool}",
        PoolArgs(groups=groups, join=cluster.join, subnets=subnets, store=store),
        in_aws(depends_on=[cluster, *images]),
    )
    for pool, groups in plan.node_groups_by_pool.items()
]
inside = partial(ResourceOptions, providers=[aws, cluster.kubernetes_provider])
addons_args = AddonsArgs(plan=plan.addons, capacity=plan.capacity, notices=notices)
addons = Addons(f"{name}-addons", addons_args, inside(depends_on=pools))
serving_args = ServingArgs(plan=plan.serving, store=store)
serving = Serving(f"{name}-serving", serving_args, inside(depends_on=[addons]))
edge_args = EdgeArgs(plan=plan.edge, client_keys=client_keys(), engine_key=serving.engine_key)
edge = Edge(f"{name}-edge", edge_args, inside(depends_on=[serving]))
for scaling in plan.scaling:
    scaling_args = ScalingArgs(plan=scaling, metrics_key=serving.metrics_key)
    Scaling(f"{name}-scaling", scaling_args, inside(depends_on=[addons, edge]))
for budget in plan.budgets:
    Budget(f"{name}-budget", BudgetArgs(plan=budget), in_aws())
export("clusterName", cluster.name)
export("modelBucket", store.bucket_name)
export("namespace", serving.namespace)
export("edgeUrl", plan.edge.url)
export("models", [name.name for name in plan.edge.names])
export("apiKey", edge.key_place)
