"""A review as the comment of a pull request: short whatever changes, and text whatever its names."""

from collections.abc import Iterator
from dataclasses import replace

from tokenfleet.counted import count
from tokenfleet.review.review import Review, StackReview
from tokenfleet.views.pages.markdown import details, grid, text
from tokenfleet.views.tables.review import (
    changes_table,
    hidden_resources,
    lines_table,
    models_table,
    most_dangerous,
    news,
    other_lines,
)
from tokenfleet.views.tables.review_changes import property_lines
from tokenfleet.views.tables.table import Table

MARK = "<!-- tokenfleet review -->"
"""The first line, by which a comment is found and written anew."""

_LONGEST = 60_000  # GitHub takes 65,536 characters
_MOST_DANGEROUS = 3
_ROWS = (400, 150, 60, 25, 10, 3)


def review_markdown(review: Review) -> str:
    """The comment: at most 60,000 characters, with fewer rows where everything has no room."""
    written = (_written(review, rows) for rows in _ROWS)
    fitting = (found for found in written if len(found) <= _LONGEST)
    return next(fitting, None) or _cut(_written(review, _ROWS[-1]))


def _cut(written: str) -> str:
    # The last resort of hundreds of stacks: whole lines, and nothing left open that hides the end.
    kept = written[:_LONGEST].rpartition("\n")[0]
    closing = "\n</details>" * (kept.count("<details>") - kept.count("</details>"))
    return f"{kept}\n{closing}\n\nCut here: the whole review is in --json.\n"


def _written(review: Review, rows: int) -> str:
    parts = [
        MARK,
        f"## Review of {text(review.base)} to {text(review.head)}",
        "\n".join(_verdicts(review)),
        *(text(line) for line in other_lines(review)),
        *(part for stack in review.stacks for part in _stack(stack, rows)),
    ]
    return "\n\n".join(parts) + "\n"


def _verdicts(review: Review) -> Iterator[str]:
    for stack in review.stacks:
        yield f"- **{text(stack.stack)}**: {text(stack.verdict)}"


def _stack(stack: StackReview, rows: int) -> Iterator[str]:
    if stack.state == "unchanged":
        return
    yield f"### {text(stack.stack)}"
    for name, lines in (("base", stack.problems.before), ("head", stack.problems.after)):
        if lines:
            shown = "\n".join(f"- {text(line)}" for line in lines)
            yield f"It cannot be previewed at the {name}:\n\n{shown}"
    worst = list(enumerate(most_dangerous(stack, _MOST_DANGEROUS), 1))
    if worst:
        yield "\n".join(f"{place}. **{danger}**: {text(said)}" for place, (danger, said) in worst)
    said = [*stack.effects, *news(stack)]
    if said:
        yield "\n".join(f"- {text(line)}" for line in said[:rows])
    for table in (models_table(stack), lines_table(stack)):
        if table.rows:
            shown = table if len(table.rows) <= rows else _shortened(table, rows)
            yield f"**{text(table.title)}**\n\n{grid(shown)}"
    if stack.changes:
        tally = ", ".join(f"{number} {action}" for action, number in stack.tally.items() if number)
        hidden = hidden_resources(stack, rows)
        more = f"\n\nand {count(hidden, 'resource')} more: --json has all." if hidden > 0 else ""
        yield details(f"Resources: {tally}", grid(changes_table(stack, rows)) + more)
        if properties := list(_properties(stack, rows)):
            yield details("Properties", *properties)


def _shortened(table: Table, rows: int) -> Table:
    hidden = count(len(table.rows) - rows, "row")
    return replace(table, rows=table.rows[:rows], caption=f"and {hidden} more")


def _properties(stack: StackReview, rows: int) -> Iterator[str]:
    for who, lines in property_lines(stack.changes, rows):
        yield "\n".join([f"- {text(who)}", *(f"  - {text(line)}" for line in lines)])
