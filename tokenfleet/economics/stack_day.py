"""What a stack costs, and a million of its tokens, over a day on which the load comes and goes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.economics.bill.fleet import FleetDay, day_shape, fleet_day
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.fleet_bills import FleetBill, FleetBills
from tokenfleet.economics.price.tokens import (
    TokenFlow,
    TokenPrices,
    token_flow,
    token_prices,
    weights_of,
)
from tokenfleet.economics.served_fleet import ServedFleet, WhatIf, served_fleet
from tokenfleet.estimate.quantiles import Quantiles, combined
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class ModelDay:
    """One model over the day: figures are those of a mean hour, in US dollars.

    ``flow``, ``prices`` and their relative range are None without traffic or without a price of
    its nodes. ``prices`` times ``flow`` is what it pays of the bill as expected.
    """

    name: str
    fleet: FleetDay
    usd_per_hour: float
    flow: TokenFlow | None
    prices: TokenPrices | None
    range_of_price: Quantiles | None


@dataclass(frozen=True, kw_only=True)
class StackHour:
    """The whole stack in one hour of the day."""

    shape: float
    """Load as a multiple of the day's mean."""
    replicas: int
    """Of all models."""
    usd: Range
    """What is paid in that hour."""


@dataclass(frozen=True, kw_only=True)
class StackDay:
    """A stack over the day.

    ``unscaled_usd_per_month`` is for the day's most replicas of every model at every hour, which
    is what serves the same load where nothing changes their number.
    """

    usd_per_month: Range
    unscaled_usd_per_month: Range
    hours: Sequence[StackHour]
    models: Sequence[ModelDay]


@dataclass(frozen=True, kw_only=True)
class _Day:
    """A day as it would be at one theta: replicas of each model, and the bill of each hour."""

    fleets: Mapping[str, FleetDay]
    bills: Sequence[FleetBill]

    @property
    def most_replicas(self) -> Mapping[str, float]:
        """By model, in its busiest hour."""
        return {
            name: max(hour.replicas for hour in found.hours) for name, found in self.fleets.items()
        }

    def usd_of(self, name: str) -> float:
        return _mean([bill.expected[name].usd for bill in self.bills])

    def usd_of_a_request(self, name: str) -> float:
        return self.usd_of(name) / self.fleets[name].served_requests_per_second


def stack_day(plan: Plan, what_if: WhatIf, loads: Sequence[float]) -> StackDay:
    """Integrate the bill over 24 hours, with the replicas that rules of scaling settle on in each.

    Every model's traffic is the mean of its day.

    A model without traffic keeps its fewest replicas. Other thetas take other fleets, which
    makes most of the range.

    Raises:
        CostError: see ``day_shape`` and ``served_fleet``.
    """
    shape = day_shape(loads)
    bills = FleetBills(plan, what_if)
    fleets = [served_fleet(plan, model, what_if) for model in plan.models]
    slow, day, fast = (
        _day(bills, fleets, shape, [getattr(fleet.most.theta, quantile) for fleet in fleets])
        for quantile in ("p10", "p50", "p90")
    )
    outlooks = [bill.forecast.usd_per_hour for bill in day.bills]
    return StackDay(
        usd_per_month=_a_month(outlooks),
        unscaled_usd_per_month=_a_month([bills.of(day.most_replicas).forecast.usd_per_hour]),
        hours=[
            StackHour(
                shape=shape[hour],
                replicas=sum(found.hours[hour].replicas for found in day.fleets.values()),
                usd=outlook,
            )
            for hour, outlook in enumerate(outlooks)
        ],
        models=[_model_day(fleet, slow, day, fast) for fleet in fleets],
    )


def _day(
    bills: FleetBills,
    fleets: Sequence[ServedFleet],
    shape: Sequence[float],
    thetas: Sequence[float],
) -> _Day:
    loads = {
        fleet.model.name: [
            fleet.model.traffic.requests_per_second * times if fleet.model.traffic else 0.0
            for times in shape
        ]
        for fleet in fleets
    }
    hours = [
        bills.running(
            {
                name: fleet.followed(loads[name][hour], theta) if fleet.model.traffic else 0
                for name, fleet, theta in zip(loads, fleets, thetas, strict=True)
            }
        )
        for hour in range(len(shape))
    ]
    days = {
        name: fleet_day(
            theta / fleet.most.shape.produced,
            loads[name],
            [replicas[name] for replicas in hours],
            cold_start_seconds=fleet.model.cold_start.until_ready.expected,
            down_window_seconds=fleet.model.scaling.down_window_seconds,
        )
        for name, fleet, theta in zip(loads, fleets, thetas, strict=True)
    }
    return _Day(
        fleets=days,
        bills=[
            bills.of({name: found.hours[hour].paid_replicas for name, found in days.items()})
            for hour in range(len(shape))
        ],
    )


def _model_day(fleet: ServedFleet, slow: _Day, day: _Day, fast: _Day) -> ModelDay:
    name = fleet.model.name
    usd = day.usd_of(name)
    found = ModelDay(
        name=name,
        fleet=day.fleets[name],
        usd_per_hour=usd,
        flow=None,
        prices=None,
        range_of_price=None,
    )
    if fleet.model.traffic is None or any(bill.expected[name].unpriced for bill in day.bills):
        return found
    flow = token_flow(found.fleet.served_requests_per_second, fleet.most.shape)
    by_theta = [each.usd_of_a_request(name) for each in (slow, day, fast)]
    outlooks = [bill.usd_per_hour(name) for bill in day.bills]
    by_spot = Quantiles(
        p10=_mean([outlook.p10 for outlook in outlooks]),
        p50=usd,
        p90=_mean([outlook.p90 for outlook in outlooks]),
    )
    spread = Quantiles(p10=min(by_theta) / by_theta[1], p50=1.0, p90=max(by_theta) / by_theta[1])
    return ModelDay(
        name=name,
        fleet=found.fleet,
        usd_per_hour=usd,
        flow=flow,
        prices=token_prices(usd, flow, weights_of(fleet.most.input_weight)),
        range_of_price=combined([by_spot.relative, spread]),
    )


def _a_month(hours: Sequence[Range]) -> Range:
    return Range(
        low=HOURS_PER_MONTH * _mean([hour.low for hour in hours]),
        expected=HOURS_PER_MONTH * _mean([hour.expected for hour in hours]),
        high=HOURS_PER_MONTH * _mean([hour.high for hour in hours]),
    )


def _mean(figures: Sequence[float]) -> float:
    return math.fsum(figures) / len(figures)
