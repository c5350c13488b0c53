"""The program that `pulumi up` runs: plan, components, outputs."""

from pulumi import ResourceOptions, export

from components.addons import Addons, AddonsArgs
from components.budget import Budget, BudgetArgs
from components.cluster import Cluster, ClusterArgs
from components.model_store import ModelStore, ModelStoreArgs
from components.network import Network, NetworkArgs
from components.pool import Pool, PoolArgs
from components.provider import aws_provider
from components.serving import Serving, ServingArgs
from tokenfleet.program import API_KEY, secret, stack_plan

plan = stack_plan()
aws = aws_provider(plan.name, plan.region, plan.tags)
in_aws = ResourceOptions(providers=[aws])

network = Network(f"{plan.name}-network", NetworkArgs(plan=plan.network), in_aws)
subnets = network.private_subnet_id_by_zone
cluster = Cluster(f"{plan.name}-cluster", ClusterArgs(plan=plan.cluster, subnets=subnets), in_aws)
after_cluster = ResourceOptions(providers=[aws], depends_on=[cluster])
store = ModelStore(f"{plan.name}-models", ModelStoreArgs(plan=plan.model_store), in_aws)

# Nodes join once the add-ons they need are there, controllers start once they have nodes, models
# come last. On the way down the order is the reverse: whatever deletes a load balancer still runs.
pools = [
    Pool(
        f"{plan.name}-{pool}",
        PoolArgs(groups=groups, join=cluster.join, subnets=subnets, store=store),
        after_cluster,
    )
    for pool, groups in plan.node_groups_by_pool.items()
]
addons = Addons(
    f"{plan.name}-addons",
    AddonsArgs(plan=plan.addons),
    ResourceOptions(providers=[aws, cluster.kubernetes_provider], depends_on=pools),
)
serving = Serving(
    f"{plan.name}-serving",
    ServingArgs(
        plan=plan.serving,
        store=store,
        api_key=secret(API_KEY),
    ),
    ResourceOptions(providers=[aws, cluster.kubernetes_provider], depends_on=[addons]),
)
for budget in plan.budgets:
    Budget(f"{plan.name}-budget", BudgetArgs(plan=budget), in_aws)

export("clusterName", cluster.name)
export("modelBucket", store.bucket_name)
export("namespace", serving.namespace)
export("apiKeySecret", serving.api_key_secret_name)
export("modelUrls", plan.serving.model_urls)
