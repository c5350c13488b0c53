"""``tokenfleet publish``: a model revision into the bucket that a fleet serves from."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.aws.bucket import Bucket
from tokenfleet.commands.answers import AsJson, fail, say_json
from tokenfleet.commands.asked.published import BucketName, bucket_of, snapshot_named
from tokenfleet.commands.progress import progress
from tokenfleet.json_document import Schema
from tokenfleet.weights.contents import Contents
from tokenfleet.weights.load_format import LoadFormat
from tokenfleet.weights.publish import Published
from tokenfleet.weights.refusal import PublishError
from tokenfleet.weights.source import (
    publish_folder,
    publish_from_hub,
)
from tokenfleet.weights.watch import size

# What a shell reports of a command that Ctrl-C ended.
_INTERRUPTED = 130


def publish(
    model: Annotated[str, typer.Argument(help="id on the Hugging Face Hub, such as Qwen/Qwen3-8B")],
    *,
    revision: Annotated[str, typer.Option(help="full commit id, 40 hexadecimal digits")],
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="folder of the files; without it, the Hugging Face Hub"),
    ] = None,
    bucket: BucketName = None,
    neuron: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="the folder holds artifacts compiled for Neuron"),
    ] = None,
    load_format: Annotated[
        LoadFormat,
        typer.Option(help="mistral: the files that the flags of that format need, and no others"),
    ] = "auto",
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="allow weights that run code when loaded")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a model revision into the bucket: checked, resumable, visible only when whole.

    Ends with 0 when it is published, now or before, and with 2 when it cannot be.
    """
    snapshot = snapshot_named(model, revision, neuron)
    name = bucket_of(bucket)
    if neuron is not None and folder is None:
        fail("--neuron needs --from: compiled artifacts are in a folder, not on the Hub")

    contents: Contents = "any" if allow_pickle else "safetensors"
    began = time.monotonic()
    try:
        with progress(silent=as_json) as shown:
            if folder is None:
                done = publish_from_hub(
                    Bucket(name), model, revision, contents, shown, load_format=load_format
                )
            else:
                contents = contents if neuron is None else "compiled"
                done = publish_folder(
                    Bucket(name), snapshot, folder, contents, shown, load_format=load_format
                )
    except PublishError as error:
        fail(*error.lines)
    except KeyboardInterrupt:
        typer.echo("stopped: what was sent is kept, the same command goes on from there", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        say_json(Schema.PUBLISH, done)
    else:
        typer.echo(_sentence(done, time.monotonic() - began))


def _sentence(done: Published, seconds: float) -> str:
    whole = f"{done.files} files, {size(done.total_bytes)}"
    sent = f"sent {size(done.sent_bytes)} in {seconds:.0f} s"
    if not done.sent_files:
        sent = "nothing had to be sent"
    elif done.sent_bytes < done.total_bytes:
        sent += ", the rest was there"
    return f"{done.outcome} {done.snapshot} in s3://{done.bucket}: {whole}; {sent}"
