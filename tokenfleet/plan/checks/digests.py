"""Digests of the stack file: each holds something that the stack pulls."""

from collections.abc import Iterator

from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.pulls import plan_pulls
from tokenfleet.settings.draft import Draft


def digest_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Digests of what is not pulled, and of what nobody would hold to them."""
    if draft.cluster is None or draft.pool_names.difference(draft.pools):
        return
    hardware = [pool.hardware for pool in draft.pools.values()]
    spot = any("spot" in pool.tiers for pool in draft.pools.values())
    scaling = any(m.replicas.min < m.replicas.max for m in draft.models.values())
    pulled = plan_pulls(draft.cluster.kubernetes_version, hardware, {}, spot=spot, scaling=scaling)
    pulls = {pull.name: pull for pull in pulled}
    able = [name for name, pull in pulls.items() if pull.held]
    for name, digest in draft.cluster.digests.items():
        if name not in pulls:
            problem = (
                f"this stack pulls no such thing.{nearest(name, able)} It pulls: {', '.join(able)}"
            )
        elif name not in able:
            problem = (
                "Helm checks no digest of a chart that does not lie in a registry: leave it out, or"
                " mirror the chart (tokenfleet/catalogue/data/releases.yaml)"
            )
        else:
            continue
        yield Mistake(path=f"cluster.digests.{name}", value=digest, problem=problem)
