"""What a whole program asks nodes to pull, and what its plan says they pull."""

from collections.abc import Iterator, Mapping
from typing import cast

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.stack import Plan
from tokenfleet.recording.recorded import Recording


def images_in(value: object) -> Iterator[str]:
    """Every image below a value: as containers name it, or as Helm values do."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        for key, inner in entries.items():
            if key == "image" and isinstance(inner, str):
                yield inner
            yield from images_in(inner)
        if isinstance(entries.get("repository"), str) and isinstance(entries.get("tag"), str):
            yield f"{entries['repository']}:{entries['tag']}"
    elif isinstance(value, list | tuple):
        for inner in cast("list[object]", value):
            yield from images_in(inner)


def pulled(recording: Recording, plan: Plan) -> set[str]:
    """Images of every Kubernetes object and Helm release, and charts that lie in registries."""
    kubernetes = [r.inputs for r in recording.resources if r.type.startswith("kubernetes:")]
    charts = [
        f"{inputs['chart']}@{inputs['version']}"
        for inputs in kubernetes
        if str(inputs.get("chart")).startswith("oci://")
    ]
    return {*images_in([*kubernetes, *plan.serving.compile_jobs.values()]), *charts}


def named(plan: Plan) -> set[str]:
    """The same of the plan's own list."""
    found: set[str] = set()
    cache = next(iter(plan.images), None)
    for pull in plan.pulls:
        held = f"@{pull.digest}" if pull.digest else ""
        if pull.kind == "image":
            # Images of engines alone come by way of the account's registry.
            of_engine = pull.used_by in engines()
            found.add(f"{cache.reference(pull.name) if cache and of_engine else pull.name}{held}")
        elif pull.held:
            repository, _, version = pull.name.rpartition(":")
            found.add(f"oci://{repository}{held}@{version}")
    return found
