"""Tables on terminals of any width."""

import io

import pytest
from rich.console import Console

from tokenfleet.views.screens.fitted import Fitted, Span, on_screen
from tokenfleet.views.tables.table import Column, Table

_AMOUNT = "$12,345.67 (8,000.00 to 15,000.00)"


def _printed(screen: Fitted, width: int) -> str:
    page = io.StringIO()
    Console(file=page, width=width, markup=False).print(screen)
    return page.getvalue()


def _screen() -> Fitted:
    screen = Fitted(
        title="A bill",
        columns=[
            Column("Line"),
            Column("Hardware", gives_way=1),
            Column("Because", gives_way=2),
            Column("A month", number=True),
        ],
        caption="In dollars.",
    )
    screen.row("nodes on demand", "Graviton4", "somebody asked for many of them", _AMOUNT)
    return screen


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (160, []),
        (80, []),
        (79, ["Because"]),
        (51, ["Hardware", "Because"]),
    ],
)
def test_the_columns_that_matter_least_give_way_and_are_named(
    width: int, left_out: list[str]
) -> None:
    said = _printed(_screen(), width)
    header = said.splitlines()[1]
    for title in ("Line", "Hardware", "Because", "A month"):
        assert (title in header) == (title not in left_out)
    named = f"Left out for want of room: {'; '.join(left_out)}."
    assert (named in " ".join(said.split())) == bool(left_out)


@pytest.mark.parametrize("width", [40, 49, 50, 51, 60, 80, 160])
def test_a_figure_is_never_broken_and_no_line_is_too_long(width: int) -> None:
    said = _printed(_screen(), width)
    assert _AMOUNT in said if width >= len(_AMOUNT) + 9 else "12,345.67" in said
    assert max(map(len, said.splitlines())) <= width


def test_where_nothing_can_give_way_every_row_is_a_few_lines() -> None:
    lines = _printed(_screen(), 45).splitlines()
    assert [line.split("  ")[0].strip() for line in lines[1:3]] == ["Line", "A month"]


def test_a_reference_stands_only_where_the_sources_do() -> None:
    table = Table(
        title="",
        columns=[Column("Line"), Column("Source", reference=True)],
        rows=[["nodes", "17"]],
        total=["Total", ""],
        sources=["a list"],
    )
    said = _printed(on_screen(table), 80)
    assert "nodes" in said
    assert "17" not in said
    assert "Source" not in said


def test_a_name_is_text_even_if_it_looks_like_markup() -> None:
    screen = Fitted(title="[b]", columns=[Column("[i]")])
    screen.row("[red]x[/red]")
    said = _printed(screen, 80)
    assert all(part in said for part in ("[b]", "[i]", "[red]x[/red]"))


def test_a_bar_is_as_long_as_its_share() -> None:
    screen = Fitted(title="", columns=[Column("Cause"), Column("")])
    screen.row("half", Span(0.5, 1.0, "cyan"))
    screen.row("all", Span(0.0, 1.0, "cyan"))
    lengths = [line.count("█") for line in _printed(screen, 160).splitlines()[1:]]
    assert lengths == [20, 40]
