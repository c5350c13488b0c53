"""The comparison as tables for people and as JSON for machines, and whether targets are met."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench.accuracy.comparison import OURS, OURS_MEASURED_THETA, Comparison, Method
from bench.accuracy.elsewhere import Elsewhere
from bench.accuracy.scores import Score

# The best published before this bench, for the same runs left out in the same way: roofline geo
# for $/Mtok, the mean of four forms for theta.
PUBLISHED_USD, PUBLISHED_THETA, PUBLISHED_THETA_ALL = 8.7, 15.0, 16.0
_LEAST_COVERAGE, _MOST_COVERAGE, _MOST_WIDTH = 75.0, 90.0, 1.9
_MOST_GIVEN_THETA = 3.5


def targets(found: Comparison) -> Mapping[str, bool]:
    """What the estimate promises, and whether it keeps it."""
    ours = next(m for m in found.methods if (m.name, m.left_out) == (OURS, "configuration"))
    given = next(m for m in found.methods if m.name == OURS_MEASURED_THETA)
    usd, theta, base = ours.usd_per_mtok, _known(ours.theta), _known(ours.theta_base)
    coverage, width = usd.coverage or 0.0, usd.width or 0.0
    return {
        f"$/Mtok within {PUBLISHED_USD} % on the mean": usd.mean < PUBLISHED_USD,
        f"theta within {PUBLISHED_THETA:g} %, base shape": base.mean < PUBLISHED_THETA,
        f"theta within {PUBLISHED_THETA_ALL:g} %, all shapes": theta.mean < PUBLISHED_THETA_ALL,
        f"p10 to p90 holds {_LEAST_COVERAGE:g} to {_MOST_COVERAGE:g} % of runs": (
            _LEAST_COVERAGE <= coverage <= _MOST_COVERAGE
        ),
        f"p90 / p10 below {_MOST_WIDTH} on the median": width < _MOST_WIDTH,
        f"$/Mtok within {_MOST_GIVEN_THETA} % given a measured theta": (
            given.usd_per_mtok.mean <= _MOST_GIVEN_THETA
        ),
    }


def plain(found: Comparison, others: Elsewhere) -> Mapping[str, object]:
    """Everything as JSON."""
    return {
        "methods": [asdict(method) for method in found.methods],
        "byRegime": {name: asdict(score) for name, score in found.by_regime.items()},
        "timeBetweenTokens": asdict(found.gap),
        "timeToFirstToken": asdict(found.first_token),
        "elsewhere": {name: asdict(score) for name, score in others.by_size.items()},
        "thetaSigma": found.theta_sigma,
        "idleSigma": found.idle_sigma,
        "targets": dict(targets(found)),
        "runs": [
            {
                "rowId": row.run.row_id,
                "regime": row.run.regime,
                "measuredUsdPerMtok": row.run.usd_per_mtok,
                "usdPerMtok": asdict(row.prediction.usd_per_mtok),
                "measuredOutputTokensPerSecond": row.run.output_tokens_per_second,
                "outputTokensPerSecond": asdict(row.prediction.output_tokens_per_second),
            }
            for row in found.judged
        ],
    }


def show(found: Comparison, others: Elsewhere, console: Console) -> None:
    """Print tables and targets."""
    console.print(_methods(found.methods))
    console.print(_regimes(found))
    console.print(_elsewhere(others))
    for promise, kept in targets(found).items():
        console.print(f"{promise}: {'yes' if kept else '[bold red]no[/]'}")


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


def _elsewhere(others: Elsewhere) -> Table:
    table = _table(
        f"{OURS}, on runs of others that nothing is fitted to (vLLM 0.11, A100 and H100)"
    )
    for size, score in others.by_size.items():
        table.add_row(f"theta, {size}", str(score.rows), *_cells(score))
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


def _known(score: Score | None) -> Score:
    if score is None:
        msg = "a fitted method has an error of theta"
        raise ValueError(msg)
    return score
