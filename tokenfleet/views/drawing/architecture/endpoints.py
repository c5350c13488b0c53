"""The interface endpoints of a VPC in the drawing: one card across all zones."""

from tokenfleet.views.drawing.architecture.drawn import DrawnNetwork
from tokenfleet.views.drawing.architecture.marks import Marks, Part, marked_box, marked_paragraphs
from tokenfleet.views.drawing.shapes import Block, Box, Text


def endpoints_card(
    network: DrawnNetwork, marks: Marks, x: float, y: float, width: float, *, padding: float = 14
) -> Block:
    """Their names; ``padding`` is beside them."""
    mark = marks.get(Part("interface endpoints"))
    names = ", ".join(network.interface_endpoints)
    text = Text(text=f"Interface endpoints in every zone: {names}")
    written = marked_paragraphs([text], mark, x + padding, y + 8, width - 2 * padding)
    bottom = written.bottom + 8
    card = Box(x=x, y=y, width=width, height=bottom - y, fill="#ffffff", stroke="#cbd5e1")
    return Block(shapes=[marked_box(card, mark), *written.shapes], bottom=bottom)
