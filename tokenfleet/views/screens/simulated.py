"""What a scaling rule makes of a load, on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from tokenfleet.counted import count, three_digits
from tokenfleet.elasticity.comparison import Comparison
from tokenfleet.elasticity.frontier import Variant
from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.outcome import Moment, Outcome
from tokenfleet.elasticity.scene import Scene
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column

_PARTS = 24
_BAR = 40
_HOUR = 3600
_OUTCOME = (
    Column("in time", number=True),
    Column("shed", number=True),
    Column("replica-hours", number=True),
    Column("in use", number=True),
    Column("flaps", number=True, gives_way=2),
    Column("replicas", number=True, gives_way=1),
)


def simulated(
    asked: Scene, load: Load, source: str, found: Comparison, others: Sequence[Variant]
) -> Group:
    """The rule, what became of the load beside other rules, hour by hour, and the frontier."""
    parts: list[Text | Fitted] = [
        Text(f"{asked.model}: {rule_of(asked.policy)}", "bold"),
        Text(_facts(asked, load, source), "dim"),
        *(Text(note, "yellow") for note in _notes(asked)),
        Text(),
        _rules(found),
        Text(),
        _hours(found.checked.course, asked),
    ]
    if others:
        parts += [Text(), _frontier(others)]
    return Group(*parts)


def rule_of(policy: ScalingPolicy) -> str:
    """``2 to 8 replicas, 14.4 of 16 requests in flight each, and 1 replica more``."""
    if policy.is_fixed:
        return f"{count(policy.least, 'replica')}, always"
    spare = f", and room for up to {count(policy.spare, 'replica')} more" if policy.spare else ""
    return (
        f"{policy.least:,} to {policy.most:,} replicas, {three_digits(policy.each)} of"
        f" {count(policy.slots, 'slot')} in use on each{spare}"
    )


def _facts(asked: Scene, load: Load, source: str) -> str:
    replica = asked.replica
    hours = load.seconds / _HOUR
    return (
        f"{count(len(load.moments), 'request')} {_lengths(asked)} in {three_digits(hours)} h ({source}),"
        f" {three_digits(load.busiest_hour)}/s in the busiest hour. An answer takes"
        f" {three_digits(replica.seconds[0])} s alone, {three_digits(replica.answer_seconds)} s on a full replica, a start {replica.start_seconds:,.0f} s; {replica.queue} wait at a"
        f" replica, {three_digits(max(0.0, replica.slack_seconds))} s at most to be in time."
    )


def _lengths(asked: Scene) -> str:
    found = asked.lengths
    answer = f" and {found.output_tokens:,.0f} out" if found.output_tokens else ""
    return f"of {found.input_tokens:,.0f} tokens{answer and ' in'}{answer}"


def _notes(asked: Scene) -> Iterator[str]:
    """What nobody said, and what of the plan such requests leave no room for."""
    lengths, replica = asked.lengths, asked.replica
    if lengths.assumed:
        options = {"inputTokens": "--input-tokens", "outputTokens": "--output-tokens"}
        says = {
            "inputTokens": f"{lengths.input_tokens:,.0f} tokens in",
            "outputTokens": f"{lengths.output_tokens:,.0f} out",
        }
        yield (
            f"Assumed, as nobody says how long requests are: {', '.join(says[key] for key in lengths.assumed)}."
            f" Give {' and '.join(options[key] for key in lengths.assumed)}, or traffic in the stack file."
        )
    if replica.slots < asked.policy.slots:
        yield (
            f"Of its {asked.policy.slots:,} slots a replica runs {replica.slots:,} at once with requests"
            " of these lengths: the others that are let in wait inside the engine."
        )


def _rules(found: Comparison) -> Fitted:
    screen = Fitted(
        title="Beside other rules",
        columns=[Column("rule"), *_OUTCOME],
        caption=(
            "In time: of those admitted, who waits no longer than ttftP99Ms leaves. Shed: refused,"
            f" {_refused(found)}. In use: slots, of all replicas asked for. Flaps: replicas asked for within 15 min after one went. The first row"
            " plays every replica with a queue of its own; the others share one."
        ),
    )
    ours, *_ = found.rules
    screen.row(f"{found.checked.rule}, replica by replica", *_cells(found.checked), style="bold")
    screen.row(ours.rule, *_cells(ours), style="bold")
    for each in found.rules[1:]:
        screen.row(each.rule, *_cells(each))
    return screen


def _refused(found: Comparison) -> str:
    """By which answer; where there may be no replica, nobody is there to be full."""
    full = "as all were full (429)"
    return f"{full} or none was there (503)" if found.checked.fewest == 0 else full


def _cells(found: Outcome) -> Sequence[str]:
    most = f"{found.most:,}"
    return (
        f"{found.within:.2%}",
        f"{found.shed:.2%}",
        f"{found.replica_hours:,.0f}",
        f"{found.utilisation:.0%}",
        f"{found.flaps:,}",
        most if found.fewest == found.most else f"{found.fewest:,} to {most}",
    )


def _hours(course: Sequence[Moment], asked: Scene) -> Fitted:
    screen = Fitted(
        title="Over time",
        columns=[
            Column("from", number=True),
            Column("in flight", number=True),
            Column("slots", number=True),
            Column("shed/s", number=True, gives_way=1),
            Column("", gives_way=2),
        ],
        caption=f"Means. A replica has {count(asked.replica.slots, 'slot')}: filled where a request runs or waits.",
    )
    parts = min(_PARTS, len(course))
    means = [
        _mean(course[len(course) * part // parts : len(course) * (part + 1) // parts])
        for part in range(parts)
    ]
    # Of a day without requests and without replicas there is nothing to draw.
    most = max(max(mean.slots, mean.in_flight) for mean in means) or 1.0
    for mean in means:
        minutes = round(mean.second / 60)
        shed = three_digits(mean.refused_per_second) if mean.refused_per_second else ""
        screen.row(
            f"{minutes // 60}:{minutes % 60:02}",
            f"{mean.in_flight:,.1f}",
            f"{mean.slots:,.0f}",
            shed,
            _bar(mean, most),
        )
    return screen


def _bar(mean: Moment, most: float) -> Text:
    used = round(_BAR * min(mean.in_flight, mean.slots) / most)
    there = round(_BAR * mean.slots / most)
    return Text.assemble(("█" * used, "cyan"), ("░" * (there - used), "dim"), no_wrap=True)


def _mean(course: Sequence[Moment]) -> Moment:
    several = len(course)
    return Moment(
        second=course[0].second,
        in_flight=sum(each.in_flight for each in course) / several,
        slots=sum(each.slots for each in course) / several,
        replicas=sum(each.replicas for each in course) / several,
        refused_per_second=sum(each.refused_per_second for each in course) / several,
    )


def _frontier(found: Sequence[Variant]) -> Fitted:
    screen = Fitted(
        title="What more care costs",
        columns=[
            Column("start", number=True),
            Column("target", number=True),
            Column("spare", number=True),
            *_OUTCOME,
        ],
        caption="Bold: the plan's. Left out: what sheds more than another of that start, and takes more hours.",
    )
    for each in found:
        if not each.dominated or each.planned:
            row = (f"{each.start_seconds:,.0f} s", f"{each.target:.0%}", f"{each.spare}")
            screen.row(*row, *_cells(each.outcome), style="bold" if each.planned else "")
    return screen
