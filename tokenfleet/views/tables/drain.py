"""How the replicas of every model end, and what their drain leaves of a spot notice."""

from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.preview.report import Report
from tokenfleet.views.tables.table import Column, Table


def drain_table(report: Report) -> Table:
    """Every model's drain, part by part."""
    return Table(
        title="How a replica ends",
        columns=[
            Column("Model"),
            Column("Pool", gives_way=2),
            Column("Still chosen", number=True),
            Column("A request may take", number=True),
            Column("For tokens", number=True, gives_way=1),
            Column("Engine ends", number=True),
            Column("Together", number=True),
            Column(f"Of {SPOT_NOTICE_SECONDS} left", number=True),
        ],
        rows=[_row(model.plan) for model in report.models],
        caption=(
            "Seconds. First no client chooses the replica any more, then requests finish, then the"
            " engine is torn down. A request that takes longer is cut off with a closed connection;"
            " answers of up to so many tokens finish at the promised pace. What is left of a spot"
            " notice is for a replacement to start in."
        ),
    )


def _row(model: ModelPlan) -> list[str]:
    drain, longest = model.drain, model.drain.longest_request
    return [
        model.name,
        model.pool,
        f"{drain.propagation_seconds}",
        f"{longest.seconds}",
        "" if longest.answer_tokens is None else f"{longest.answer_tokens:,}",
        f"{drain.margin_seconds}",
        f"{drain.grace_seconds}",
        f"{model.notice.serves_seconds}" if model.notice else "no spot tier",
    ]
