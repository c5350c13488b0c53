"""How one model's replicas end, part by part, and what becomes of a spot notice."""

from collections.abc import Iterator, Sequence

from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.notice import NoticeBudget
from tokenfleet.settings.models import ObjectiveSettings

Row = tuple[str, str, str]


def ending_rows(model: ModelPlan) -> Sequence[Row]:
    """What, how long, and why."""
    drain, longest = model.drain, model.drain.longest_request
    return [
        (
            "preStop",
            f"{drain.pre_stop_seconds} s",
            f"{drain.propagation_seconds} s until no client chooses the replica"
            + ("; then until it has no request" if drain.idle_wait_seconds else ""),
        ),
        ("requests", f"{longest.seconds} s", f"{longest.reason}; a longer one is cut off"),
        *(
            []
            if longest.answer_tokens is None
            else [("answers", f"{longest.answer_tokens:,} tokens", _pace(model.objective))]
        ),
        ("margin", f"{drain.margin_seconds} s", "the engine ends, or is killed"),
        ("grace period", f"{drain.grace_seconds} s", "all of it"),
        *(_notice_rows(model.notice) if model.notice else [("spot notice", "", "no spot tier")]),
    ]


def _pace(promised: ObjectiveSettings) -> str:
    return (
        f"finish even if begun last, at the promised pace: {promised.ttft_p99_ms:,} ms, then"
        f" {promised.itl_p99_ms:,} ms each"
    )


def _notice_rows(notice: NoticeBudget) -> Iterator[Row]:
    start, late = notice.start_seconds, notice.late_seconds
    reaction = notice.reaction_seconds
    until = f"of {notice.notice_seconds} s: it serves on until a replacement does, or so long"
    yield "spot notice", f"{notice.serves_seconds} s", until
    made_of = f"{start.expected:.0f} s ({start.low:.0f} to {start.high:.0f}) to start"
    together = f"{reaction + start.expected:.0f} s"
    yield "replacement", together, f"{reaction} s to react and {made_of}"
    ends = f"{late.low:.0f} to {late.high:.0f} s"
    if late.expected:
        ends += f": one replica less for so long at each notice; {notice.way_out}"
    yield "late by", f"{late.expected:.0f} s", ends
