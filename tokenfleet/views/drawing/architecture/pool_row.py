"""One pool in the drawing: what it is made of, its tiers, and what runs on it."""

from collections.abc import Sequence

from tokenfleet.views.drawing.architecture.drawn import DrawnPool, DrawnTier
from tokenfleet.views.drawing.architecture.marks import Marks, Part, marked_box, marked_paragraphs
from tokenfleet.views.drawing.architecture.pool_cards import Card, side_by_side
from tokenfleet.views.drawing.lettering import text_width
from tokenfleet.views.drawing.shapes import Block, Box, Shape, Text, pill
from tokenfleet.views.figures import hourly_price, nodes
from tokenfleet.views.tables.stack import hardware_title

_PADDING = 14.0
_INK = "#0f172a"
_PILL_BY_OPTION = {
    "reserved": ("#ede9fe", "#5b21b6"),
    "spot": ("#fef3c7", "#92400e"),
    "on-demand": ("#dbeafe", "#1e40af"),
}
# Room for the widest of the three words.
_PILL_WIDTH = text_width("on-demand", 11, bold=True) + 26
# Of the row's width: what the pool is made of, and its tiers; what runs on it takes the rest.
_KIND_SHARE, _TIERS_SHARE = 0.27, 0.32


def pool_row(
    pool: DrawnPool,
    on_it: Sequence[Card],
    every_zone: Sequence[str],
    marks: Marks,
    *,
    x: float,
    y: float,
    width: float,
) -> Block:
    """The pool's card across all zones, as high as its fullest part."""
    inner = width - 2 * _PADDING
    kind_width, tiers_width = inner * _KIND_SHARE, inner * _TIERS_SHARE
    top, left = y + _PADDING - 4, x + _PADDING
    mark = marks.get(Part("pool", pool.name))
    kind = marked_paragraphs(_kind(pool), mark, left, top, kind_width - 16)
    tiers = _tiers(pool, every_zone, marks, x=left + kind_width, y=top + 2, width=tiers_width - 16)
    cards_x = left + kind_width + tiers_width
    cards = side_by_side(on_it, marks, cards_x, top + 4, x + width - _PADDING - cards_x)
    bottom = max(kind.bottom, tiers.bottom, cards.bottom) + _PADDING - 2
    card = Box(x=x, y=y, width=width, height=bottom - y, fill="#ffffff", stroke="#64748b")
    shapes = [marked_box(card, mark), *kind.shapes, *tiers.shapes, *cards.shapes]
    return Block(shapes=shapes, bottom=bottom)


def stacked_pool(
    pool: DrawnPool,
    on_it: Sequence[Card],
    every_zone: Sequence[str],
    marks: Marks,
    *,
    x: float,
    y: float,
    width: float,
) -> Block:
    """The pool's card with its parts below each other."""
    left, inner = x + 10, width - 20
    mark = marks.get(Part("pool", pool.name))
    kind = marked_paragraphs(_kind(pool), mark, left, y + 6, inner)
    tiers = _tiers(pool, every_zone, marks, x=left, y=kind.bottom + 6, width=inner)
    cards = side_by_side(on_it, marks, left, tiers.bottom + 8, inner)
    bottom = max(tiers.bottom, cards.bottom if on_it else 0) + 10
    card = Box(x=x, y=y, width=width, height=bottom - y, fill="#ffffff", stroke="#64748b")
    shapes = [marked_box(card, mark), *kind.shapes, *tiers.shapes, *cards.shapes]
    return Block(shapes=shapes, bottom=bottom)


def _kind(pool: DrawnPool) -> Sequence[Text]:
    name = pool.name if pool.hardware else f"{pool.name} nodes"
    return [
        Text(text=name, size=15, colour=_INK, bold=True),
        Text(text=hardware_title(pool.hardware), bold=True),
        Text(text=", ".join(pool.instance_types), size=11.5),
    ]


def _tiers(
    pool: DrawnPool, every_zone: Sequence[str], marks: Marks, *, x: float, y: float, width: float
) -> Block:
    shapes: list[Shape] = []
    for tier in pool.tiers:
        fill, colour = _PILL_BY_OPTION[tier.purchase_option]
        shapes.extend(pill(tier.purchase_option, x, y + 1, fill=fill, colour=colour).shapes)
        mark = marks.get(Part("tier", f"{pool.name}/{tier.purchase_option}"))
        texts = _tier(tier, every_zone)
        written = marked_paragraphs(texts, mark, x + _PILL_WIDTH, y, width - _PILL_WIDTH)
        shapes.extend(written.shapes)
        y = written.bottom + 4
    return Block(shapes=shapes, bottom=y - 4)


def _tier(tier: DrawnTier, every_zone: Sequence[str]) -> Sequence[Text]:
    price = hourly_price(tier.hourly.least_usd, tier.hourly.most_usd)
    texts = [
        Text(
            text=nodes(tier.min_nodes, tier.max_nodes, tier.warm_nodes),
            size=13,
            colour=_INK,
            bold=True,
        ),
        Text(text=f"{price} an hour", size=11.5),
    ]
    if not set(tier.zones) >= set(every_zone):
        texts.append(Text(text=f"only in {', '.join(tier.zones)}", size=11.5))
    return texts
