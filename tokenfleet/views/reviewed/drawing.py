"""The architecture of a reviewed stack as it will be, with what changes marked."""

from dataclasses import dataclass

from tokenfleet.counted import count
from tokenfleet.review.previews import StackState
from tokenfleet.review.resource_change import ResourceChange
from tokenfleet.review.review import StackReview
from tokenfleet.views.drawing.architecture.drawn import drawn_of_document
from tokenfleet.views.drawing.architecture.narrow import narrow_drawing
from tokenfleet.views.drawing.architecture.wide import wide_drawing
from tokenfleet.views.reviewed.marking import Marking, marking
from tokenfleet.views.tables.review_changes import Entry


@dataclass(frozen=True, kw_only=True)
class ReviewedDrawing:
    """The drawing as SVG, for wide screens and for phones, or why there is none (``missing``)."""

    missing: str = ""
    wide: str = ""
    narrow: str = ""
    marking: Marking | None = None

    @property
    def elsewhere(self) -> str:
        """A line for what changes and is not drawn."""
        found = self.marking.elsewhere if self.marking else ()
        return _elsewhere([*found]) if found else ""


def reviewed_drawing(
    stack: StackReview, before: StackState | None, after: StackState | None
) -> ReviewedDrawing:
    """Drawn here, from the documents of both revisions, of which either may lack the stack."""
    if after is None:
        return ReviewedDrawing(missing="The stack is gone: there is nothing left to draw.")
    if stack.state == "broken":
        return ReviewedDrawing(missing="No drawing: a revision cannot be previewed.")
    earlier = drawn_of_document(before.preview) if before else None
    later = drawn_of_document(after.preview)
    if later is None or (before and earlier is None):
        which = "head" if later is None else "base"
        missing = f"No drawing: the preview of the {which} does not say all that one shows."
        return ReviewedDrawing(missing=missing)
    found = marking(stack, (before, after), (earlier, later))
    return ReviewedDrawing(
        wide=wide_drawing(later, found.marks, stack.verdict),
        narrow=narrow_drawing(later, found.marks),
        marking=found,
    )


def _elsewhere(changes: list[ResourceChange]) -> str:
    kinds = Entry(changes=changes, root=None).kinds
    verb = "changes" if len(changes) == 1 else "change"
    return f"{count(len(changes), 'resource')} that {verb} {'is' if len(changes) == 1 else 'are'} not drawn: {kinds}."
