"""What was recorded of starts, read from texts of four forms, each known by how it begins."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from tokenfleet.plan.measured.objects import Event, Instance, Node, Pod, Reservation

# Of the first command of user data: cloud-init's final stage runs it.
_SCRIPT_UNIT = "cloud-final.service"
_TIME, _UNIT, _HOST = "__REALTIME_TIMESTAMP", "UNIT", "_HOSTNAME"
_DIGITS = 16  # of microseconds since 1970, until the year 2286
_EARLY_HOST = "localhost"
# vLLM 0.32 vllm/model_executor/model_loader/default_loader.py, when all weights are in place.
_LOADED = "Loading weights took"
_M = TypeVar("_M", bound=BaseModel)
WAYS_OUT = (
    "is none of: kubectl get events,nodes,pods --all-namespaces --output json; journalctl --boot"
    " --output json; aws ec2 describe-instances --output json; kubectl logs --timestamps"
)


class RecordedError(Exception):
    """A text that cannot be read; the message says where in it, and what to do."""


@dataclass(kw_only=True)
class Recorded:
    """Everything that all texts hold, by what it is known by.

    ``scripts`` is when the boot script of a node began, by the name of its host; ``loaded`` when
    weights were in place, a moment for each engine whose log was given.
    """

    pods: list[Pod] = field(default_factory=list[Pod])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    events: list[Event] = field(default_factory=list[Event])
    launches: dict[str, dt.datetime] = field(default_factory=dict[str, dt.datetime])
    scripts: dict[str, dt.datetime] = field(default_factory=dict[str, dt.datetime])
    loaded: list[dt.datetime] = field(default_factory=list[dt.datetime])

    def add(self, text: str) -> None:
        """Read a text of any of the forms.

        Raises:
            RecordedError: when it is of none, or lacks what its form must hold.
        """
        lines = text.splitlines()
        opened = next((line for line in lines if line.startswith("{")), "")
        if f'"{_TIME}"' in opened:
            self._add_journal(lines)
        elif text.lstrip().startswith("{"):
            self._add_document(text)
        elif any(_moment_of_line(line) for line in lines[:1]):
            self._add_log(lines)
        else:
            raise RecordedError(WAYS_OUT)

    def _add_document(self, text: str) -> None:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            msg = f"is no JSON: {error}"
            raise RecordedError(msg) from error
        if isinstance(reservations := document.get("Reservations"), list):
            found = _all(Reservation, "Reservations", cast("Sequence[object]", reservations))
            instances: Iterator[Instance] = (i for row in found for i in row.instances)
            self.launches |= {i.instance_id: i.launch_time for i in instances}
            return
        if not isinstance(items := document.get("items"), list):
            raise RecordedError(WAYS_OUT)
        self._add_objects(cast("Sequence[object]", items))

    def _add_objects(self, items: Sequence[object]) -> None:
        by_kind: dict[str, list[tuple[int, object]]] = {"Pod": [], "Node": [], "Event": []}
        for number, item in enumerate(items):
            kind = item.get("kind") if isinstance(item, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON of whatever
            if isinstance(kind, str) and kind in by_kind:
                by_kind[kind].append((number, cast("object", item)))
        self.pods += [_one(Pod, f"items.{number}", item) for number, item in by_kind["Pod"]]
        self.events += [_one(Event, f"items.{number}", item) for number, item in by_kind["Event"]]
        for number, item in by_kind["Node"]:
            node = _one(Node, f"items.{number}", item)
            self.nodes[node.metadata.name] = node

    def _add_journal(self, lines: Sequence[str]) -> None:
        host, script = "", None
        # Before the first entry and after the last, a session or a debugging pod says that it begins
        # and ends.
        entries = [number for number, line in enumerate(lines) if line.startswith("{")]
        for number, line in enumerate(lines[entries[0] : entries[-1] + 1], entries[0] + 1):
            entry = _entry(line, number)
            if (named := entry.get(_HOST)) and named != _EARLY_HOST:
                host = str(named)
            if script is None and entry.get(_UNIT) == _SCRIPT_UNIT:
                script = _moment_of_entry(entry, number)
        if not host:
            msg = f"names no host in {_HOST}"
            raise RecordedError(msg)
        if script is None:
            msg = f"holds no start of {_SCRIPT_UNIT}: take the whole boot, journalctl --boot --output json"
            raise RecordedError(msg)
        self.scripts[host] = script

    def _add_log(self, lines: Sequence[str]) -> None:
        moments = [_moment_of_line(line) for line in lines if _LOADED in line]
        if not moments or moments[-1] is None:
            msg = f'holds no line with "{_LOADED}": take the whole log of the container vllm'
            raise RecordedError(msg)
        # Ranks of one engine load side by side: it is done when the last is.
        self.loaded.append(moments[-1])


def _entry(line: str, number: int) -> Mapping[str, object]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        msg = f"line {number}: is no JSON: {error}"
        raise RecordedError(msg) from error
    if not isinstance(entry, dict):
        msg = f"line {number}: is no entry of a journal"
        raise RecordedError(msg)
    return cast("Mapping[str, object]", entry)


def _moment_of_entry(entry: Mapping[str, object], number: int) -> dt.datetime:
    written = str(entry.get(_TIME, ""))
    if not (written.isascii() and written.isdecimal() and len(written) <= _DIGITS):
        msg = f"line {number}: {_TIME} = {written[:40] or 'nothing'}: is no number of microseconds"
        raise RecordedError(msg)
    return dt.datetime.fromtimestamp(int(written) / 1e6, dt.UTC)


def _moment_of_line(line: str) -> dt.datetime | None:
    """The time before the first blank, as ``kubectl logs --timestamps`` writes it."""
    written, _, _ = line.partition(" ")
    try:
        found = dt.datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _all(kind: type[_M], where: str, items: Sequence[object]) -> Sequence[_M]:
    return [_one(kind, f"{where}.{number}", item) for number, item in enumerate(items)]


def _one(kind: type[_M], where: str, item: object) -> _M:
    try:
        return TypeAdapter(kind).validate_python(item)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([where, *(str(part) for part in first["loc"])])
        msg = f"{path}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise RecordedError(msg) from error
