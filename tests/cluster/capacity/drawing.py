"""A run of the closed loop as a drawing: nodes by tier, replicas that serve, and what happened."""

from collections.abc import Mapping, Sequence
from html import escape

from tests.cluster.capacity.loop import Sample

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 800, 345, 40, 120, 85
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.quiet { fill: #777 } .axis { stroke: #999 } .moment { stroke: #bbb; stroke-dasharray: 3 3 }
.spot { fill: #7cb3a6 } .on-demand { fill: #e0a458 } .serving { fill: none; stroke: #1d3557; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .quiet { fill: #999 } .serving { stroke: #e6eef8 }
  .spot { fill: #3f7a6d } .on-demand { fill: #a8712a } .axis { stroke: #777 } .moment { stroke: #555 }
}
"""


NOTICE_SECONDS = 12.0
"""In a run that is drawn: as much shorter as all the rest."""


def drawn(samples: Sequence[Sample], moments: Mapping[float, str], wanted: int) -> str:
    """An SVG; ``moments`` by when they were, in seconds of the epoch as in the samples."""
    first, last = samples[0].at, samples[-1].at
    most = max(wanted, *(s.spot_nodes + s.on_demand_nodes for s in samples)) + 1
    wide, high = _WIDTH - _LEFT - 10, _HEIGHT - _TOP - _BOTTOM

    def x(at: float) -> float:
        return round(_LEFT + (at - first) / (last - first) * wide, 1)

    def y(count: float) -> float:
        return round(_TOP + high - count / most * high, 1)

    def steps(counts: Sequence[int], floor: Sequence[int]) -> str:
        """The area between two lines that change in steps."""
        ahead = [f"{x(s.at)},{y(f + c)}" for s, c, f in zip(samples, counts, floor, strict=True)]
        back = [f"{x(s.at)},{y(f)}" for s, f in zip(samples, floor, strict=True)]
        return " ".join([*ahead, *reversed(back)])

    spot = [s.spot_nodes for s in samples]
    on_demand = [s.on_demand_nodes for s in samples]
    serving = " ".join(f"{x(s.at)},{y(s.ready)}" for s in samples)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>Two notices with spot dry: {wanted} replicas serve at every moment</title>",
        f"<style>{_STYLE}</style>",
        f'<polygon class="spot" points="{steps(spot, [0] * len(spot))}"/>',
        f'<polygon class="on-demand" points="{steps(on_demand, spot)}"/>',
        f'<polyline class="serving" points="{serving}"/>',
        f'<line class="axis" x1="{_LEFT}" y1="{y(0)}" x2="{_WIDTH - 10}" y2="{y(0)}"/>',
    ]
    for row, (at, text) in enumerate(sorted(moments.items())):
        level = 20 + 16 * (row % 6)
        anchor = "end" if x(at) > _WIDTH * 0.66 else "start"
        parts += [
            f'<line class="moment" x1="{x(at)}" y1="{level + 4}" x2="{x(at)}" y2="{y(0)}"/>',
            f'<text x="{x(at)}" y="{level}" text-anchor="{anchor}">{escape(text)}</text>',
        ]
    parts += [
        f'<text class="quiet" x="{_LEFT - 8}" y="{y(count) + 4}" text-anchor="end">{count}</text>'
        for count in range(0, most, 2)
    ]
    seconds = range(0, int(last - first) + 1, 5)
    parts += [
        f'<text class="quiet" x="{x(first + s)}" y="{y(0) + 16}" text-anchor="middle">{s} s</text>'
        for s in seconds
    ]
    legend = [
        ("spot", "spot nodes"),
        ("on-demand", "on-demand nodes"),
        ("serving", "replicas that serve"),
    ]
    for number, (kind, text) in enumerate(legend):
        left, level = _LEFT + 150 * number, _HEIGHT - 44
        parts.append(
            f'<line class="serving" x1="{left}" y1="{level + 5}" x2="{left + 12}" y2="{level + 5}"/>'
            if kind == "serving"
            else f'<rect class="{kind}" x="{left}" y="{level}" width="12" height="10"/>'
        )
        parts.append(f'<text x="{left + 18}" y="{level + 10}">{text}</text>')
    parts.append(
        f'<text class="quiet" x="{_LEFT}" y="{_HEIGHT - 10}">A run of the closed loop: a notice lasts '
        f"{NOTICE_SECONDS:.0f} s here, and everything is ten times faster than on AWS.</text>"
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
