"""The files of ``--measured``: what a cluster, a node, EC2 and an engine recorded of real starts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.commands.answers import fail
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text
from tokenfleet.plan.measured.recorded import Recorded, RecordedError
from tokenfleet.plan.measured.starts import Start, starts_of

Measured = Annotated[
    list[Path] | None,
    typer.Option(
        "--measured",
        metavar="FILE",
        help="what a cluster recorded of real starts, to compare; may be repeated"
        " (docs/cold-start.md says which commands write it)",
    ),
]


def recorded_starts(model: str, files: Sequence[Path]) -> Mapping[str, Sequence[Start]]:
    """The starts of a model in these files, by instance type; none without a file.

    Ends the command with every file that cannot be read.
    """
    if not files:
        return {}
    recorded, mistakes = Recorded(), list[str]()
    for path in files:
        try:
            recorded.add(given_text(path, GENERATED_BYTES))
        except FileNotFoundError:
            mistakes.append(f"--measured {path}: there is no such file")
        except (GivenFileError, RecordedError) as error:
            mistakes.append(f"--measured {path}: {error}")
    if mistakes:
        fail(*mistakes)
    try:
        starts = starts_of(model, recorded)
    except RecordedError as error:
        fail(f"--measured: {error}")
    by_type: dict[str, list[Start]] = {}
    for start in starts:
        by_type.setdefault(start.instance_type, []).append(start)
    return by_type
