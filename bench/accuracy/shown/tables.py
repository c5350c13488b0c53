"""The comparison as tables for people."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.accuracy.judged.comparison import OURS, Comparison, Method
from bench.accuracy.judged.first_tokens import BELOW, FACTOR, AtLoad
from bench.accuracy.judged.scores import Score
from bench.accuracy.judged.targets import targets, unjudged
from bench.accuracy.outside import OTHER_ENGINE, ClassErrors


def show(
    found: Comparison,
    outside: Sequence[ClassErrors],
    late: Mapping[str, AtLoad],
    console: Console,
) -> None:
    """Print tables and targets."""
    console.print(_methods(found.methods))
    console.print(_regimes(found))
    console.print(_late(late))
    console.print(_outside(outside))
    for promise, kept in targets(found, outside, late).items():
        console.print(f"{promise}: {'yes' if kept else '[bold red]no[/]'}")
    for name in unjudged(outside):
        console.print(f"{name}: no run to judge by; --outside FILE gives some")


def _methods(methods: Sequence[Method]) -> Table:
    rows = methods[0].usd_per_mtok.rows
    table = Table(title=f"absolute error in % over {rows} measured vLLM runs", title_justify="left")
    for column in ("method", "fitted without"):
        table.add_column(column)
    for column in ("$/Mtok mean", "median", "p90", "bias", "in p10-p90", "p90/p10"):
        table.add_column(column, justify="right")
    for column in ("theta mean", "base shape"):
        table.add_column(column, justify="right")
    for method in methods:
        table.add_row(
            method.name,
            "" if method.left_out == "nothing" else method.left_out,
            *_cells(method.usd_per_mtok),
            f"{method.theta.mean:.1f}" if method.theta else "",
            f"{method.theta_base.mean:.1f}" if method.theta_base else "",
            style="bold" if method.name.endswith(OURS) else "",
        )
    return table


def _regimes(found: Comparison) -> Table:
    table = _table(f"{OURS}, fitted without the configuration")
    for regime, score in found.by_regime.items():
        table.add_row(f"$/Mtok, {regime}", str(score.rows), *_cells(score))
    for name, score in (
        ("time between tokens, median", found.gap),
        ("time to first token, median", found.first_token),
    ):
        table.add_row(name, str(score.rows), *_cells(score))
    return table


def _late(late: Mapping[str, AtLoad]) -> Table:
    table = _table(f"{OURS}, below {BELOW:.0%} of theta, fitted without the configuration")
    table.add_column(f"within x{FACTOR}", justify="right")
    table.add_column("in steady state", justify="right")
    for regime, found in late.items():
        table.add_row(
            f"time to first token, p99, {regime}",
            str(found.first_p99.rows),
            *_cells(found.first_p99),
            f"{found.within:.0f} %",
            f"{found.within_steady:.0f} %",
        )
        for name, score in (
            ("time to first token, median", found.first),
            ("time between tokens, median", found.gap),
        ):
            table.add_row(f"{name}, {regime}", str(score.rows), *_cells(score))
    return table


def _outside(outside: Sequence[ClassErrors]) -> Table:
    table = _table(
        f"{OURS}, on runs of others, fitted without their class (bench/data/README.md);"
        f" {OTHER_ENGINE}: another engine, so only how its rows compare"
    )
    for found in outside:
        scores = {
            "tokens a second": found.speed,
            "time between tokens": found.gap,
            "time to first token": found.first,
        }
        for what, score in scores.items():
            if score:
                table.add_row(f"{found.name}, {what}", str(score.rows), *_cells(score))
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("what", "runs", "mean", "median", "p90", "bias", "in p10-p90", "p90/p10"):
        table.add_column(column, justify="left" if column == "what" else "right")
    return table


def _cells(score: Score) -> Sequence[str]:
    return [
        f"{score.mean:.1f}",
        f"{score.median:.1f}",
        f"{score.p90:.1f}",
        f"{score.bias:+.1f}",
        "" if score.coverage is None else f"{score.coverage:.0f} %",
        "" if score.width is None else f"{score.width:.2f}",
    ]
