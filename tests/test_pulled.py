"""What the whole program asks nodes to pull is what the plan says it pulls, by the digests it says."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.recording.recorded import Mode, Recording

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])


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
    for pull in plan.pulls:
        held = f"@{pull.digest}" if pull.digest else ""
        if pull.kind == "image":
            found.add(f"{pull.name}{held}")
        elif pull.held:
            repository, _, version = pull.name.rpartition(":")
            found.add(f"oci://{repository}{held}@{version}")
    return found


def held_keys(keys: Keys, plan_of: Callable[..., Plan]) -> Keys:
    """The keys with a digest of everything that can be held to one."""
    able = [pull.name for pull in plan_of(keys).pulls if pull.held]
    digests = {name: f"sha256:{hashlib.sha256(name.encode()).hexdigest()}" for name in able}
    return keys | {"cluster": keys["cluster"] | {"digests": digests}}


@STACKS
def test_everything_that_is_pulled_is_listed(
    stack: str, keys_of: Callable[[str], Keys], recording_of: Record, plan_of: Callable[..., Plan]
) -> None:
    keys = keys_of(stack)
    plan = plan_of(keys)
    assert pulled(recording_of(keys, "deployment"), plan) == named(plan)


@STACKS
def test_with_every_digest_given_nothing_that_can_be_held_floats(
    stack: str, keys_of: Callable[[str], Keys], recording_of: Record, plan_of: Callable[..., Plan]
) -> None:
    keys = held_keys(keys_of(stack), plan_of)
    plan = plan_of(keys)
    able = [pull.name for pull in plan.pulls if pull.held]
    found = pulled(recording_of(keys, "deployment"), plan)
    assert found == named(plan)
    assert len(found) >= len(able) >= 2
    assert all("@sha256:" in name for name in found)
    assert not [pull.name for pull in plan.pulls if pull.held and pull.floats]


@STACKS
def test_a_digest_changes_what_is_pulled_and_not_how_long_that_takes(
    stack: str, keys_of: Callable[[str], Keys], plan_of: Callable[..., Plan]
) -> None:
    keys = keys_of(stack)
    loose, held = plan_of(keys), plan_of(held_keys(keys, plan_of))
    for before, after in zip(loose.models, held.models, strict=True):
        assert before.image != after.image
        assert before.cold_start == after.cold_start
        assert before.image_cached == after.image_cached
