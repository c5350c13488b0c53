"""``tokenfleet models``: what a bucket holds."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from tokenfleet.commands.answers import AsJson, console, fail
from tokenfleet.commands.published import BucketName, bucket_of
from tokenfleet.plan.plain import plain
from tokenfleet.weights.watch import size

if TYPE_CHECKING:
    from rich.table import Table

    from tokenfleet.weights.listing import ModelRevision, SnapshotState

_SHORT = 12


def models(*, bucket: BucketName = None, as_json: AsJson = False) -> None:
    """List the model revisions in the bucket, and whether each is whole."""
    name = bucket_of(bucket)
    # Imported when needed: --help should not wait for boto3.
    from tokenfleet.aws.bucket import Bucket  # noqa: PLC0415 - see above
    from tokenfleet.weights.listing import list_models  # noqa: PLC0415 - see above
    from tokenfleet.weights.refusal import PublishError  # noqa: PLC0415 - see above

    try:
        found = list_models(Bucket(name))
    except PublishError as error:
        fail(*error.lines)
    if as_json:
        answer = {"bucket": name, "models": plain(found)}
        typer.echo(json.dumps(answer, indent=2, default=datetime.isoformat))
    elif found:
        console().print(_table(name, found))
    else:
        typer.echo(f"s3://{name} holds no models yet. Publish one:")
        typer.echo(f"  tokenfleet publish Qwen/Qwen3-8B --revision COMMIT --bucket {name}")


def _table(bucket: str, found: Sequence["ModelRevision"]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - see models
    from rich.text import Text  # noqa: PLC0415 - see models

    table = Table(
        title=f"Models in s3://{bucket}",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    for column in ("model", "revision", "files", "size", "published", "state"):
        right = column in {"files", "size"}
        table.add_column(
            column, justify="right" if right else "left", header_style="dim", overflow="fold"
        )

    def row(model: str, revision: str, state: "SnapshotState") -> None:
        when = f"{state.published.astimezone():%Y-%m-%d %H:%M}" if state.published else ""
        files = (str(state.files), size(state.total_bytes)) if state.files else ("", "")
        table.add_row(Text(model), Text(revision), *files, when, _coloured(state.state))

    def _coloured(state: str) -> Text:
        return Text(state, "" if state == "published" else "yellow")

    for revision in found:
        row(revision.model, revision.revision[:_SHORT], revision.weights)
        for key, artifacts in revision.neuron.items():
            row("", f"neuron/{key}", artifacts)
    return table
