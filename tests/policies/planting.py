"""Mistakes planted into the recording of a real program."""

import copy
import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import EllipsisType
from typing import Any, cast

from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.recorded import RecordedResource, Recording

Plant = Callable[[Recording], Recording]
Key = str | int


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A mistake, the one rule that must report it, on which resource, and a part of the words.

    ``on`` is a pattern of the resource's URN, without its beginning.
    """

    plant: Plant
    rule: str
    on: str
    says: str


def pick(recording: Recording, pattern: str) -> RecordedResource:
    """The first resource whose URN ends in ``pattern``."""
    matching = (r for r in recording.resources if fnmatchcase(r.urn, f"*{pattern}"))
    found = next(matching, None)
    assert found, f"nothing in the recording is a {pattern}"
    return found


def reported(recording: Recording) -> Sequence[tuple[str, str]]:
    """Rule and URN of everything that is reported."""
    return [(finding.rule, finding.resource) for finding in findings(recording)]


def assert_reported_alone(recording: Recording, planted: Planted) -> None:
    """Its rule reports the mistake, in its words, and neither it nor another anything else."""
    broken = planted.plant(recording)
    assert reported(broken) == [(planted.rule, pick(broken, planted.on).urn)]
    assert planted.says in findings(broken)[0].problem


def replaced(pattern: str, **fields: object) -> Plant:
    """Other fields of the resource itself: parent, provider, dependencies, inputs."""

    def plant(recording: Recording) -> Recording:
        target = pick(recording, pattern)
        changed = dataclasses.replace(target, **fields)
        return dataclasses.replace(
            recording, resources=[changed if r is target else r for r in recording.resources]
        )

    return plant


def edited(pattern: str, path: Sequence[Key], edit: Callable[[Any], object]) -> Plant:
    """One input, ``path`` deep, made from what stood there (None where nothing did)."""

    def plant(recording: Recording) -> Recording:
        inputs = copy.deepcopy(cast("dict[str, Any]", pick(recording, pattern).inputs))
        holder: Any = inputs
        for key in path[:-1]:
            holder = holder[key]
        present = not isinstance(holder, dict) or path[-1] in holder
        value = edit(holder[path[-1]] if present else None)
        if isinstance(value, EllipsisType):
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
        return replaced(pattern, inputs=inputs)(recording)

    return plant


def changed(pattern: str, *path: Key, to: object) -> Plant:
    """One input, ``path`` deep, set to another value; ``...`` takes it away."""
    return edited(pattern, path, lambda _: to)


def added(type_token: str, **inputs: object) -> Plant:
    """One more resource, named "planted", that has everything but virtue."""

    def plant(recording: Recording) -> Recording:
        model = pick(recording, ":Vpc::*")
        urn = f"{recording.stack_urn.rpartition('::')[0]}${type_token}::planted"
        resource = dataclasses.replace(
            model, urn=urn, type=type_token, name="planted", inputs=inputs, dependencies=[]
        )
        return dataclasses.replace(recording, resources=[*recording.resources, resource])

    return plant


def removed(pattern: str) -> Plant:
    """One resource fewer."""

    def plant(recording: Recording) -> Recording:
        target = pick(recording, pattern)
        return dataclasses.replace(
            recording, resources=[r for r in recording.resources if r is not target]
        )

    return plant


def restated(pattern: str, sid: str, **fields: object) -> Plant:
    """One statement of a policy with other fields; without any it is gone."""

    def edit(policy: str) -> str:
        document = json.loads(policy)
        assert sid in [statement["Sid"] for statement in document["Statement"]]
        document["Statement"] = [
            statement | fields if statement["Sid"] == sid else statement
            for statement in document["Statement"]
            if fields or statement["Sid"] != sid
        ]
        return json.dumps(document)

    return edited(pattern, ["policy"], edit)
