"""The table of what was measured."""

from collections.abc import Sequence

from rich.table import Table

from bench.affinity.measured import Measured


def table(found: Sequence[Measured]) -> Table:
    """Two rows a load."""
    shown = Table(
        "load",
        "replica by",
        "requests",
        "hits",
        "TTFT p50 ms",
        "p90",
        "p99",
        "p50 sooner",
        "late ms",
    )
    for each in found:
        for kind, outcome in each.outcomes.items():
            is_prefix = kind == "prefix"
            shown.add_row(
                each.load.name,
                kind,
                str(outcome.requests),
                f"{outcome.hit_share:.2f}",
                f"{outcome.p50_ms:.0f}",
                f"{outcome.p90_ms:.0f}",
                f"{outcome.p99_ms:.0f}",
                f"{each.faster:.2f} times" if is_prefix else "",
                f"{each.late_ms:.0f}" if is_prefix else "",
                end_section=is_prefix,
            )
    return shown
