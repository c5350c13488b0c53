"""What each hour of a day costs, as SVG."""

from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.stack_day import StackDay
from tokenfleet.views.drawing.charts.chart import INK, QUIET, WIDTH, box, line, page, text, written
from tokenfleet.views.money import usd

_SCALED, _UNSCALED, _SPREAD = "#0d9488", "#e2e8f0", "#0f172a"
_TOP, _HEIGHT, _LEFT, _RIGHT, _BOTTOM = 84.0, 260.0, 72.0, 24.0, 64.0
_EVERY_HOURS, _TICKS, _GAP = 3, 4, 0.15


def day_svg(day: StackDay) -> str:
    """A bar an hour with its range, before what the busiest hour's replicas would cost."""
    flat = day.unscaled_usd_per_month.expected / HOURS_PER_MONTH
    most = max(flat, *(hour.usd.high for hour in day.hours))
    svg = page(_TOP + _HEIGHT + _BOTTOM, f"{usd(day.usd_per_month.expected)} a month, by hour")
    text(svg, 16, 48, "$ an hour; thin lines: as spot may turn out", quiet=True)
    bottom, step = _TOP + _HEIGHT, (WIDTH - _LEFT - _RIGHT) / len(day.hours)

    def y(amount: float) -> float:
        return bottom - _HEIGHT * amount / most

    for tick in range(_TICKS + 1):
        amount = most * tick / _TICKS
        line(svg, (_LEFT, y(amount)), (WIDTH - _RIGHT, y(amount)))
        text(svg, _LEFT - 8, y(amount) + 4, usd(amount), anchor="end", quiet=True)
    for place, hour in enumerate(day.hours):
        x, wide = _LEFT + step * (place + _GAP), step * (1 - 2 * _GAP)
        box(svg, (x, y(flat)), (wide, bottom - y(flat)), _UNSCALED)
        expected = y(hour.usd.expected)
        box(svg, (x, expected), (wide, bottom - expected), _SCALED)
        low, high = y(hour.usd.low), y(hour.usd.high)
        box(svg, (x + wide / 2, high), (1, low - high), _SPREAD)
        if place % _EVERY_HOURS == 0:
            text(svg, x, bottom + 18, f"{place:02}", quiet=True)
    text(svg, WIDTH / 2, bottom + 36, "hour of the day", anchor="middle")
    box(svg, (_LEFT, bottom + 48), (10, 10), _SCALED)
    text(svg, _LEFT + 16, bottom + 57, "replicas follow the load", colour=INK)
    box(svg, (_LEFT + 220, bottom + 48), (10, 10), _UNSCALED)
    month = usd(day.unscaled_usd_per_month.expected)
    text(
        svg,
        _LEFT + 236,
        bottom + 57,
        f"those of the busiest hour, always: {month} a month",
        colour=QUIET,
    )
    return written(svg)
