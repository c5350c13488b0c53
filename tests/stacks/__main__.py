"""The program that `pulumi up` runs: plan, components, outputs."""

from pulumi import ProviderResource, ResourceOptions, export

from tokenfleet.components.addons import Addons, AddonsArgs
from tokenfleet.components.budget import Budget, BudgetArgs
from tokenfleet.components.cluster import Cluster, ClusterArgs
from tokenfleet.components.image_cache import ImageCache, ImageCacheArgs
from tokenfleet.components.model_store import ModelStore, ModelStoreArgs
from tokenfleet.components.network import Network, NetworkArgs
from tokenfleet.components.notices import Notices, NoticesArgs
from tokenfleet.components.pool import Pool, PoolArgs
from tokenfleet.components.provider import aws_provider
from tokenfleet.components.serving import Serving, ServingArgs
from tokenfleet.program import API_KEY, PREVIOUS_API_KEY, secret, stack_plan

plan = stack_plan()
name = plan.name
aws = aws_provider(name, plan.region, plan.account, plan.tags)

# Each needs what it depends on until it is gone itself, on the way up and on the way down: the
# cluster its way out of the VPC, nodes the cluster and its add-ons, controllers nodes, models all.
in_aws = ResourceOptions(providers=[aws])
store = ModelStore(f"{name}-models", ModelStoreArgs(plan=plan.model_store), in_aws)
network = Network(f"{name}-network", NetworkArgs(plan=plan.network, store=store), in_aws)
subnets = network.private_subnet_id_by_zone
notices = [Notices(f"{name}-notices", NoticesArgs(plan=c.notices), in_aws) for c in plan.capacity]
cluster = Cluster(
    f"{name}-cluster",
    ClusterArgs(plan=plan.cluster, subnets=subnets, store=store, notices=notices),
    ResourceOptions(providers=[aws], depends_on=[network, *notices]),
)
images = [ImageCache(f"{name}-images", ImageCacheArgs(plan=c), in_aws) for c in plan.images]
pools = [
    Pool(
        f"{name}-{pool}",
        PoolArgs(groups=groups, join=cluster.join, subnets=subnets, store=store),
        ResourceOptions(providers=[aws], depends_on=[cluster, *images]),
    )
    for pool, groups in plan.node_groups_by_pool.items()
]
both: list[ProviderResource] = [aws, cluster.kubernetes_provider]
after_nodes = ResourceOptions(providers=both, depends_on=pools)
addons_args = AddonsArgs(plan=plan.addons, capacity=plan.capacity, notices=notices)
addons = Addons(f"{name}-addons", addons_args, after_nodes)
key, before = secret(API_KEY), secret(PREVIOUS_API_KEY)
serving = Serving(
    f"{name}-serving",
    ServingArgs(plan=plan.serving, store=store, api_key=key, previous_api_key=before),
    ResourceOptions(providers=both, depends_on=[addons]),
)
for budget in plan.budgets:
    Budget(f"{name}-budget", BudgetArgs(plan=budget), in_aws)

export("clusterName", cluster.name)
export("modelBucket", store.bucket_name)
export("namespace", serving.namespace)
export("apiKeySecret", serving.api_key_secret_name)
export("modelUrls", plan.serving.model_urls)
