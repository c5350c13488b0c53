"""What a rule can tell of a stack some of whose values are not known yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from tokenfleet.policies.finding import Finding, Rule
from tokenfleet.policies.values import items
from tokenfleet.recording.recorded import UNKNOWN, RecordedResource, Recording


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is broken for certain, and the unknown values (``name.path``) that the rule looked at.

    Where it looked at any, the rest shows only once they are known.
    """

    findings: Sequence[Finding]
    unknown: Sequence[str]


def judge(rule: Rule, recording: Recording) -> Judgement:
    """Apply one rule to a preview or a deployment.

    A finding is not certain when the rule looked at an unknown value of its resource, of one
    that this depends on, or of one that depends on this.
    """
    unknown: dict[str, list[str]] = {}
    watched = [
        replace(
            resource,
            inputs=_Watched(resource.inputs, resource.name, unknown.setdefault(resource.urn, [])),
        )
        for resource in recording.resources
    ]
    found = sorted(rule(replace(recording, resources=watched)))
    return Judgement(
        findings=[
            finding
            for finding in found
            if not any(unknown.get(urn) for urn in _tied(finding.resource, recording.resources))
        ],
        unknown=sorted({path for paths in unknown.values() for path in paths}),
    )


def _tied(urn: str, resources: Sequence[RecordedResource]) -> set[str]:
    below = {d for resource in resources if resource.urn == urn for d in resource.dependencies}
    return {urn} | below | {r.urn for r in resources if urn in r.dependencies}


class _Watched(dict[str, object]):
    """Inputs that note which of their unknown values are asked for."""

    def __init__(self, values: Mapping[str, object], path: str, noted: list[str]) -> None:
        self._path = path
        self._noted = noted
        super().__init__(
            {key: _watched(value, f"{path}.{key}", noted) for key, value in values.items()}
        )

    def __getitem__(self, key: str) -> object:
        return self._seen(key, super().__getitem__(key))

    # As Mapping declares it: dict also promises to keep the type of the default.
    def get(self, key: str, default: object = None) -> object:  # pyright: ignore[reportIncompatibleMethodOverride] - rules read it as a Mapping
        return self._seen(key, super().get(key, default))

    def _seen(self, key: str, value: object) -> object:
        if value == UNKNOWN or UNKNOWN in items(value):
            self._noted.append(f"{self._path}.{key}")
        return value


def _watched(value: object, path: str, noted: list[str]) -> object:
    if isinstance(value, Mapping):
        return _Watched(cast("Mapping[str, object]", value), path, noted)
    if isinstance(value, list):
        entries = cast("list[object]", value)
        return [_watched(entry, f"{path}[{i}]", noted) for i, entry in enumerate(entries)]
    return value
