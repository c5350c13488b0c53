"""What the default rule of scaling serves, sheds and costs, beside others, over drawn days.

Run by ``python -m bench.elasticity``, on all processors: half a minute for each day and processor. The load is
that of a lab of 2026-11-28: 16 slots, answers of 10 s, 13 replicas at the busiest. ``--small`` plays
fleets of one to five replicas, by how large the spare may be; ``--lab`` the lab's own rules, beside
what it found with another simulator.
"""

import argparse
import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import mean

from rich.console import Console
from rich.table import Table

from tokenfleet.elasticity.each import Each
from tokenfleet.elasticity.load import Days, Load, drawn, rise_and_fall
from tokenfleet.elasticity.outcome import Outcome
from tokenfleet.elasticity.play import play
from tokenfleet.elasticity.pooled import Pooled
from tokenfleet.elasticity.replica import Replica
from tokenfleet.elasticity.rules import cpu, in_flight, request_rate
from tokenfleet.plan.scaling.policy import ScalingPolicy, plan_scaling

SLOTS, ANSWER, QUEUE, SLACK, MOST = 16, 10.0, 3, 2.0, 60
STARTS = (80, 180, 280)
# Requests a second: half of the slots of 13 replicas over the day, as the lab's load has it.
MEAN = 8.1
LONGER = 1.5
RATE_TARGETS = (0.6, 0.65, 0.7, 0.75, 0.8)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One rule against one kind of day; ``rate`` in place of requests in flight where it is a target."""

    name: str
    start: int
    policy: ScalingPolicy
    rate: float | None = None
    cpu: bool = False
    by_event: bool = False
    longer: float = 1.0
    mean: float = MEAN


def default(start: int) -> ScalingPolicy:
    """The plan's own rule for replicas that take so long to start."""
    return plan_scaling(slots=SLOTS, start_seconds=start, least=1, most=MOST)


def played(seed: int, cases: Sequence[Case]) -> Sequence[Outcome]:
    """Every case on the same day."""
    found: list[Outcome] = []
    loads: dict[tuple[float, float], Load] = {}
    for case in cases:
        kind = (case.mean, case.longer)
        if kind not in loads:
            days = Days(
                requests_per_second=case.mean,
                answer_seconds=ANSWER,
                shape=rise_and_fall(5),
                answers_longer=case.longer,
                seed=seed,
            )
            loads[kind] = drawn(days)
        replica = Replica(
            seconds=[ANSWER] * SLOTS, queue=QUEUE, slack_seconds=SLACK, start_seconds=case.start
        )
        if case.cpu:
            rule = cpu(case.policy, replica)
        elif case.rate:
            rule = request_rate(case.policy, replica, case.rate)
        else:
            rule = in_flight(case.policy, replica)
        outcome = play(loads[kind], rule, replica, Each if case.by_event else Pooled)
        found.append(dataclasses.replace(outcome, course=()))
    return found


def means(cases: Sequence[Case], days: int) -> Mapping[str, Outcome]:
    """Means over days, by the name of the case."""
    with ProcessPoolExecutor() as pool:
        by_day = list(pool.map(played, range(1, days + 1), [cases] * days))
    return {
        case.name: dataclasses.replace(
            each[0],
            within=mean(one.within for one in each),
            shed=mean(one.shed for one in each),
            replica_hours=mean(one.replica_hours for one in each),
            utilisation=mean(one.utilisation for one in each),
            flaps=round(mean(one.flaps for one in each)),
        )
        for case, each in zip(cases, zip(*by_day, strict=True), strict=True)
    }


def table(title: str, found: Mapping[str, Outcome]) -> Table:
    shown = Table(title=title, title_justify="left")
    for column in ("rule", "in time", "shed", "replica-hours", "in use", "flaps"):
        shown.add_column(column, justify="left" if column == "rule" else "right")
    for name, each in found.items():
        shown.add_row(
            name,
            f"{each.within:.2%}",
            f"{each.shed:.2%}",
            f"{each.replica_hours:.0f}",
            f"{each.utilisation:.3f}",
            str(each.flaps),
        )
    return shown


def hours_at(shed: float, rates: Sequence[Outcome]) -> float:
    """Replica-hours of a request rate whose target sheds as much: between those that were played."""
    rows = sorted((math.log(each.shed), each.replica_hours) for each in rates)
    asked = math.log(shed)
    for (less, more_hours), (more, fewer_hours) in itertools.pairwise(rows):
        if less <= asked <= more:
            return more_hours + (fewer_hours - more_hours) * (asked - less) / (more - less)
    return math.nan


def defaults(days: int, console: Console) -> None:
    cases = [
        case
        for start in STARTS
        for case in (
            Case(name=f"default, start {start} s", start=start, policy=default(start)),
            Case(
                name=f"  event by event, {start} s",
                start=start,
                policy=default(start),
                by_event=True,
            ),
            Case(
                name=f"  answers 1.5 times as long, {start} s",
                start=start,
                policy=default(start),
                longer=LONGER,
            ),
            *(
                Case(
                    name=f"request rate, {target:.0%}, {start} s",
                    start=start,
                    policy=default(start),
                    rate=target,
                )
                for target in RATE_TARGETS
            ),
            Case(
                name=f"  70 %, answers 1.5 times as long, {start} s",
                start=start,
                policy=default(start),
                rate=0.7,
                longer=LONGER,
            ),
            Case(name=f"CPU, 70 %, {start} s", start=start, policy=default(start), cpu=True),
        )
    ]
    found = means(cases, days)
    console.print(table(f"means of {days} days", found))
    for start in STARTS:
        ours = found[f"default, start {start} s"]
        hours = hours_at(
            ours.shed, [found[f"request rate, {target:.0%}, {start} s"] for target in RATE_TARGETS]
        )
        console.print(
            f"start {start} s: {ours.replica_hours / hours:.1%} of the {hours:.0f} replica-hours that a"
            f" request rate takes at the same shed"
        )


def small(days: int, console: Console) -> None:
    cases = [
        Case(
            name=f"{rate:g}/s, spare up to {share:.0%} of the load",
            start=180,
            policy=dataclasses.replace(default(180), spare_share=share),
            mean=rate,
        )
        for rate in (0.25, 0.5, 1.0, 2.0)
        for share in (0.0, 0.25, 0.5, 1.0, 100.0)
    ]
    console.print(table(f"small fleets, start 180 s, means of {days} days", means(cases, days)))


LAB: Sequence[tuple[float, int, Mapping[int, tuple[float, int, float]]]] = (
    (1.0, 300, {80: (0.45, 178, 0.71), 180: (0.88, 179, 0.71), 280: (1.22, 179, 0.72)}),
    (0.9, 600, {80: (0.22, 202, 0.63), 180: (0.47, 202, 0.63), 280: (0.67, 205, 0.63)}),
    (0.8, 300, {80: (0.15, 213, 0.60), 180: (0.34, 213, 0.60), 280: (0.52, 215, 0.60)}),
)
"""The lab's rules with one spare replica, and what it found: shed in %, replica-hours, slots in use."""


def lab(days: int, console: Console) -> None:
    known = {
        f"target {target:.0%}, down {down} s, start {start} s": (found, target, down, start)
        for target, down, by_start in LAB
        for start, found in by_start.items()
    }
    cases = [
        Case(
            name=name,
            start=start,
            policy=dataclasses.replace(
                default(start),
                target=target,
                spare_share=math.inf,
                average_seconds=60,
                down_window_seconds=down,
                down_percent=0,
            ),
        )
        for name, (_, target, down, start) in known.items()
    ]
    found = means(cases, days)
    named = {
        f"{name} (lab: {shed:.2f}% {hours} h {used:.2f})": found[name]
        for name, ((shed, hours, used), *_) in known.items()
    }
    console.print(table(f"the lab's rules, means of {days} days", named))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--lab", action="store_true")
    asked = parser.parse_args()
    show = small if asked.small else lab if asked.lab else defaults
    show(asked.days, Console())


if __name__ == "__main__":
    main()
