"""How commands name what is published: the bucket, a revision, an artifact set."""

import re
from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from tokenfleet.commands.answers import fail
from tokenfleet.settings.forms import FORM_BY_TYPE, HuggingFaceId, Revision
from tokenfleet.weights.compiled import KEY, KEY_FORM, NEURON, compiled_snapshot
from tokenfleet.weights.layout import snapshot_of
from tokenfleet.weights.manifest import path_problem

BUCKET_VARIABLE = "TOKENFLEET_BUCKET"
# Amazon S3 user guide, "General purpose bucket naming rules".
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

BucketName = Annotated[
    str | None,
    typer.Option("--bucket", envvar=BUCKET_VARIABLE, help="name of the bucket", metavar="NAME"),
]


def bucket_of(name: str | None) -> str:
    """The bucket's name, or fail."""
    if not name:
        fail(
            f"which bucket? Give --bucket or set {BUCKET_VARIABLE}:",
            "  pulumi stack output modelBucket --stack STACK",
        )
    if not _BUCKET.fullmatch(name):
        fail(f"--bucket {name}: must be the name of a bucket, without s3:// and without a path")
    return name


def snapshot_named(model: str, revision: str, neuron: str | None) -> str:
    """The snapshot that the command line names, or fail with everything that is wrong."""
    problems = [
        *_problems("MODEL", model, TypeAdapter(HuggingFaceId), FORM_BY_TYPE[HuggingFaceId]),
        *_problems("--revision", revision, TypeAdapter(Revision), FORM_BY_TYPE[Revision]),
    ]
    if neuron is not None and (not KEY.fullmatch(neuron) or path_problem(neuron)):
        problems.append(f"--neuron {neuron}: must be {KEY_FORM}")
    if problems:
        fail(*problems)
    if neuron is None:
        return snapshot_of(model, revision)
    return compiled_snapshot(model, revision, NEURON, neuron)


def _problems(name: str, value: str, adapter: TypeAdapter[str], form: str) -> Iterator[str]:
    try:
        adapter.validate_python(value)
    except ValidationError:
        yield f"{name} {value}: must be {form}"
