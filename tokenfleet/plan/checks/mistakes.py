"""Every check of a stack, applied to whatever parsed of it."""

from collections.abc import Iterator, Mapping

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.checks.addresses import address_mistakes
from tokenfleet.plan.checks.digests import digest_mistakes
from tokenfleet.plan.checks.edge import edge_mistakes
from tokenfleet.plan.checks.images import image_mistakes
from tokenfleet.plan.checks.network import cluster_mistakes, cost_mistakes, network_mistakes
from tokenfleet.plan.checks.nodes.baked import baked_mistakes
from tokenfleet.plan.checks.nodes.disks import disk_mistakes
from tokenfleet.plan.checks.nodes.pools import (
    machine_image_mistakes,
    pool_mistakes,
    pool_references,
)
from tokenfleet.plan.checks.nodes.system_nodes import system_node_mistakes
from tokenfleet.plan.checks.nodes.warm_nodes import warm_node_mistakes
from tokenfleet.plan.checks.prices import price_mistakes
from tokenfleet.plan.checks.served.models import model_mistakes
from tokenfleet.plan.checks.served.names import name_mistakes
from tokenfleet.plan.checks.zones import offer_mistakes, zone_id_mistakes
from tokenfleet.settings.draft import Draft


def find_mistakes(
    draft: Draft, facts_by_model: Mapping[str, ModelFacts | CatalogueError]
) -> Iterator[Mistake]:
    """Every contradiction among the sections that parsed.

    ``facts_by_model`` holds, by the model's name, its facts or why there are none.
    """
    yield from network_mistakes(draft)
    yield from zone_id_mistakes(draft)
    yield from cluster_mistakes(draft)
    yield from edge_mistakes(draft)
    yield from system_node_mistakes(draft)
    yield from cost_mistakes(draft)
    yield from image_mistakes(draft)
    yield from digest_mistakes(draft)
    for name, pool in draft.pools.items():
        yield from pool_mistakes(name, pool, draft)
        yield from disk_mistakes(name, pool, facts_by_model, draft)
        yield from baked_mistakes(name, pool, draft)
        yield from warm_node_mistakes(name, pool)
    yield from machine_image_mistakes(draft)
    yield from offer_mistakes(draft)
    yield from address_mistakes(draft)
    yield from pool_references(draft)
    yield from price_mistakes(draft)
    for name, model in draft.models.items():
        yield from model_mistakes(name, model, facts_by_model[name], draft)
    yield from name_mistakes(draft, facts_by_model)
