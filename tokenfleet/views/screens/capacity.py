"""What to expect on spot, on a terminal."""

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from tokenfleet.capacity.forecast import OURS, ModelForecast
from tokenfleet.capacity.months import Months
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column


def forecasts(found: Sequence[ModelForecast], source: str) -> Group:
    """A table a model, and what it rests on."""
    parts: list[Text | Fitted] = []
    for each in found:
        parts += [_table(each), Text(), _frontier(each), Text()]
        if each.stopped:
            parts += [_stopped(each), Text()]
    parts.append(
        Text(
            f"Capacity: {source}. In parentheses, what nine months of ten keep. Cost: of as many "
            "nodes on demand.",
            "dim",
        )
    )
    return Group(*parts)


def _table(found: ModelForecast) -> Fitted:
    asked = found.question
    serves = max(0, SPOT_NOTICE_SECONDS - asked.drain_seconds)
    screen = Fitted(
        title=f"{asked.model}: {asked.replicas} on spot in {len(asked.zones)} zones",
        columns=_columns("policy"),
        caption=(
            f"A start takes {asked.boot_seconds:.0f} s; a reclaimed replica serves {serves:.0f} s "
            f"of the notice. Spot at {asked.spot_price:.2f} of on demand; the least possible cost "
            f"is {found.floor:.3f}."
        ),
    )
    for row in found.policies:
        screen.row(*_cells(row.policy, row), style="bold" if row.policy == OURS else "")
    return screen


def _frontier(found: ModelForecast) -> Fitted:
    asked = found.question
    same = len({row.cost.expected for row in found.frontier}) == 1
    screen = Fitted(
        title=f"{asked.model}: more care, or less",
        columns=_columns("care"),
        caption="A start fits in the notice, so that care changes nothing." if same else "",
    )
    for row in found.frontier:
        cells = _cells(f"{row.care:g}", row)
        screen.row(*cells, style="bold" if row.care == asked.care else "")
    return screen


def _stopped(found: ModelForecast) -> Fitted:
    asked = found.question
    screen = Fitted(
        title=f"{asked.model}: nodes that wait stopped",
        columns=_columns("stopped"),
        caption=(
            f"One serves {asked.warm_seconds:.0f} s after it is asked for. Their disks are not in the "
            "cost: tokenfleet cost has those."
        ),
    )
    for row in found.stopped:
        screen.row(*_cells(str(row.warm), row), style="bold" if row.warm == asked.warm else "")
    return screen


def _columns(first: str) -> Sequence[Column]:
    return [
        Column(first),
        Column("all ready", number=True),
        Column("(9 of 10)", number=True),
        Column("served", number=True, gives_way=2),
        Column("cost", number=True),
        Column("(9 of 10)", number=True, gives_way=1),
    ]


def _cells(name: str, row: Months) -> Sequence[str]:
    return (
        name,
        f"{row.availability.expected:.2%}",
        f"({row.availability.low:.2%})",
        f"{row.served:.2%}",
        f"{row.cost.expected:.3f}",
        f"({row.cost.high:.3f})",
    )
