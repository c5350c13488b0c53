"""What a cluster's pools hold, on a terminal."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from tokenfleet.capacity.controller.status import ModelStatus, PoolStatus, WarmStatus
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column

_STALE_SECONDS = 120


def statuses(found: Sequence[PoolStatus], now: float) -> Group:
    """Three tables a pool: nodes, models, zones; moments are said as ages at ``now``."""
    if not found:
        return Group(Text("no pool has a spot tier"))
    parts: list[Text | Fitted] = []
    for pool in found:
        parts += [*_pool(pool, now), Text()]
    return Group(*parts[:-1])


def _pool(pool: PoolStatus, now: float) -> Sequence[Text | Fitted]:
    age = now - pool.at
    heading = Text(f"{pool.pool}: {pool.wanted} nodes wanted, seen {_ago(age)} ago", "bold")
    if pool.dry_run:
        heading.append(" (dry run: nothing is changed)", "yellow")
    parts: list[Text | Fitted] = [heading]
    if age > _STALE_SECONDS:
        parts.append(Text("The controller has said nothing since: is its pod running?", "red"))
    if pool.on_demand_refused_until:
        until = pool.on_demand_refused_until - now
        parts.append(Text(f"On demand was refused; asked again in {_ago(until)}.", "red"))
    if pool.warm:
        parts.append(Text(_waiting(pool.warm)))
    return [*parts, _nodes(pool, now), _models(pool), _zones(pool, now)]


def _waiting(warm: WarmStatus) -> str:
    """One sentence."""
    others = {"warming up": warm.warming, "drawn and not seen yet": warm.coming}
    rest = "".join(f", {count} {what}" for what, count in others.items() if count)
    return f"{warm.stopped} of {warm.wanted} nodes wait stopped{rest}."


def _nodes(pool: PoolStatus, now: float) -> Fitted:
    screen = Fitted(
        title="",
        columns=[
            Column("tier"),
            Column("zone"),
            Column("type", gives_way=1),
            Column("state"),
            Column("serves"),
            Column("instance", gives_way=2),
        ],
    )
    for node in sorted(pool.nodes, key=lambda node: (node.tier, node.zone, node.instance)):
        left = f", {_ago(node.deadline - now)} left" if node.deadline else ""
        serves = Counter(node.replicas)
        screen.row(
            node.tier,
            node.zone,
            node.type,
            node.state + left,
            ", ".join(sorted(serves)) or "-",
            node.instance,
            style="yellow" if node.deadline else "",
        )
    return screen


def _models(pool: PoolStatus) -> Fitted:
    screen = Fitted(
        title="",
        columns=[
            Column("model"),
            Column("wanted", number=True),
            Column("ready", number=True),
            Column("on demand", number=True),
            Column("now"),
        ],
    )
    for model in pool.models:
        screen.row(
            model.model,
            str(model.wanted),
            str(model.ready),
            str(model.on_demand),
            _doing(model),
            style="red" if model.ready < model.wanted else "",
        )
    return screen


def _doing(model: ModelStatus) -> str:
    if model.surge:
        return f"{model.surge} more to replace what goes"
    if model.rolling:
        return "a release is under way"
    return "paused by a person" if model.paused else "-"


def _zones(pool: PoolStatus, now: float) -> Fitted:
    screen = Fitted(
        title="",
        columns=[
            Column("zone"),
            Column("spot held for", number=True),
            Column("losses an hour", number=True),
            Column("asked again in", number=True),
        ],
    )
    for zone in pool.zones:
        screen.row(
            zone.zone,
            _ago(now - zone.held_since) if zone.held_since is not None else "-",
            f"{zone.losses_per_hour:.2f}",
            _ago(zone.rests_until - now) if zone.rests_until else "-",
        )
    return screen


def _ago(seconds: float) -> str:
    """A length of time in one unit."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
