"""How the replicas of every model end, against the time that they have."""

from tokenfleet.plan.serving.drain import SPOT_DRAIN_SECONDS
from tokenfleet.preview.report import ModelReport, Report
from tokenfleet.views.tables.table import Column, Table


def drain_table(report: Report) -> Table:
    """Every model's drain, part by part."""
    return Table(
        title="How a replica ends",
        columns=[
            Column("Model"),
            Column("Pool", gives_way=1),
            Column("Still chosen", number=True),
            Column("A request may take", number=True),
            Column("Engine ends", number=True),
            Column("Together", number=True),
            Column("Of", number=True),
        ],
        rows=[_row(report, model) for model in report.models],
        caption=(
            "Seconds. First no client chooses the replica any more, then requests finish, then the"
            " engine is torn down. A request that takes longer is cut off with a closed connection."
        ),
    )


def _row(report: Report, model: ModelReport) -> list[str]:
    drain = model.plan.drain
    pool = next(pool for pool in report.plan.pools if pool.name == model.plan.pool)
    spot = pool.has_spot
    return [
        model.plan.name,
        model.plan.pool,
        f"{drain.propagation_seconds}",
        f"{drain.longest_request_seconds}",
        f"{drain.margin_seconds}",
        f"{drain.grace_seconds}",
        f"{SPOT_DRAIN_SECONDS}" if spot else "no spot tier",
    ]
