"""Measure, predict or refit: what `bench/economics` runs."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.accuracy.runs import RECORDED, recorded_runs
from bench.accuracy.shown.answers import answers, write
from bench.accuracy.shown.output import check_writable, write_output
from tokenfleet.catalogue.machines.efficiencies import efficiencies
from tokenfleet.estimate.refusal import CostError

_BAD_INPUT = 2


def economics(
    predict: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of questions, as score.py --queries prints them or as --outside"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="write the answers here instead of printing them")
    ] = None,
    outside: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of other people's runs, instead of bench/data/outside_runs.csv"
        ),
    ] = None,
    *,
    refit: Annotated[
        bool, typer.Option("--refit", help="fit the catalogue's efficiencies of GPUs anew")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
    svg: Annotated[
        Path | None, typer.Option(help="draw predicted against measured into this file")
    ] = None,
) -> None:
    """How close the throughput estimate comes to measured runs.

    Without an option every run is predicted by figures that were fitted without its
    configuration, or its class of machines, beside simpler methods; exit code 1 when a promised
    accuracy is missed.
    """
    try:
        for path in filter(None, (out, svg)):
            check_writable(path)
        if predict:
            _answer(predict, out)
        else:
            _compare(outside, refit=refit, as_json=as_json, svg=svg)
    except CostError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_BAD_INPUT) from None


def _answer(path: Path, out: Path | None) -> None:
    rows, problems = answers(path, efficiencies())
    if out:
        text = io.StringIO()
        write(rows, text)
        write_output(out, text.getvalue())
    else:
        write(rows, sys.stdout)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        count = f"{len(problems)} of {len(problems) + len(rows)} rows"
        typer.echo(f"{count} have no answer", err=True)
        raise typer.Exit(_BAD_INPUT)


def _compare(outside: Path | None, *, refit: bool, as_json: bool, svg: Path | None) -> None:
    # scipy takes longer to import than a prediction takes.
    from bench.accuracy import outside as others  # noqa: PLC0415
    from bench.accuracy.agreement import agreement  # noqa: PLC0415
    from bench.accuracy.agreement import table as agreement_table  # noqa: PLC0415
    from bench.accuracy.judged.comparison import compare  # noqa: PLC0415
    from bench.accuracy.judged.first_tokens import first_tokens  # noqa: PLC0415
    from bench.accuracy.judged.left_out import KINDS, NOTHING, Fits  # noqa: PLC0415
    from bench.accuracy.judged.targets import targets  # noqa: PLC0415
    from bench.accuracy.refit import refitted, written  # noqa: PLC0415
    from bench.accuracy.shown.plot import scatter  # noqa: PLC0415
    from bench.accuracy.shown.report import plain  # noqa: PLC0415
    from bench.accuracy.shown.tables import show  # noqa: PLC0415

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=160)
    # A file that cannot be read is said before the fit, not after it.
    other_runs = others.other_runs(outside or others.RECORDED)
    runs, start, written_to = recorded_runs(), efficiencies(), None
    with Console(stderr=True).status("fitting") as status:

        def progress(step: str) -> None:
            status.update(f"fitting {step}")

        found = compare(runs, start["gpu"], progress)
        fits = Fits(runs=runs, others=other_runs, start=start, progress=progress)
        classes = others.errors_by_class(other_runs, fits.unseen_by)
        if refit:
            fitted = {kind: fits.without(kind, NOTHING) for kind in KINDS}
            today = datetime.now(UTC).date()
            written_to = written(refitted(fitted, runs, found, classes, today))
        progress("nothing more: playing the scheduler")
        played = agreement()
    late = first_tokens(found.judged)
    if as_json:
        typer.echo(json.dumps(plain(found, classes, late, played), indent=1))
    else:
        show(found, classes, late, console)
        console.print(agreement_table(played))
    if written_to:
        typer.echo(f"wrote {written_to}; the next run judges its ranges", err=True)
    if svg:
        drawing = scatter(
            found.judged, classes, "Predicted without having seen what it is judged on"
        )
        write_output(svg, drawing)
    if not all(targets(found, classes, late).values()):
        raise typer.Exit(1)


if __name__ == "__main__":
    if not RECORDED.is_file():
        sys.exit(f"{RECORDED} is missing: this is not a whole clone")
    typer.run(economics)
