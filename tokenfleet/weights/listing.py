"""What a bucket holds: revisions, the code compiled for them, and what is not whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tokenfleet.weights.compiled import COMPILED, NEURON, compiled_snapshot
from tokenfleet.weights.crew import Crew, Job
from tokenfleet.weights.layout import PREFIX, snapshot_of
from tokenfleet.weights.load_format import LoadFormat, lacks
from tokenfleet.weights.promise import promised
from tokenfleet.weights.publish import WORKERS
from tokenfleet.weights.refusal import PublishError, StoreError
from tokenfleet.weights.store import Store

PUBLISHED, UNFINISHED, ABSENT = "published", "unfinished upload", "not published"


@dataclass(frozen=True, kw_only=True)
class SnapshotState:
    """A snapshot in the bucket; ``published`` is when its manifest was written."""

    snapshot: str
    state: str
    files: int = 0
    total_bytes: int = 0
    published: datetime | None = None
    load_format: LoadFormat = "auto"
    """``mistral``, where it has all that this format needs."""


@dataclass(frozen=True, kw_only=True)
class ModelRevision:
    """A revision with the code compiled for it, by key: for Neuron, and for every other engine."""

    model: str
    revision: str
    weights: SnapshotState
    neuron: dict[str, SnapshotState]
    compiled: dict[str, SnapshotState]


@dataclass(kw_only=True)
class _Found:
    """The objects of one snapshot: sizes by path."""

    manifest: datetime | None = None
    sizes: dict[str, int] = field(default_factory=dict[str, int])


def list_models(store: Store) -> Sequence[ModelRevision]:
    """Every revision in the bucket, in order of model and revision.

    Raises:
        StoreError: when the bucket cannot be read.
    """
    found: dict[str, _Found] = {}
    for listed in store.list(PREFIX):
        parsed = _parsed(listed.key)
        if parsed:
            snapshot, path = parsed
            of_snapshot = found.setdefault(snapshot, _Found())
            if path is None:
                of_snapshot.manifest = listed.modified
            else:
                of_snapshot.sizes[path] = listed.size_bytes
    states: dict[str, SnapshotState] = {}

    def job_of(snapshot: str, objects: _Found) -> Job:
        def job() -> None:
            states[snapshot] = _state(store, snapshot, objects)

        return job

    Crew(WORKERS).run(job_of(snapshot, objects) for snapshot, objects in found.items())
    return list(_by_revision(states))


def state_by_snapshot(found: Sequence[ModelRevision]) -> dict[str, SnapshotState]:
    """The state of everything listed, by the name a model loads it by."""
    return {
        state.snapshot: state
        for revision in found
        for state in (
            revision.weights,
            *revision.neuron.values(),
            *revision.compiled.values(),
        )
    }


def _parsed(key: str) -> tuple[str, str | None] | None:
    """The snapshot an object belongs to, and its path there; None for that of the manifest."""
    organisation, *rest = key.removeprefix(PREFIX).split("/")
    match rest:
        case [name, revision, folder, code, *inner] if folder in (NEURON, COMPILED):
            snapshot = compiled_snapshot(f"{organisation}/{name}", revision, folder, code)
        case [name, revision, *inner]:
            snapshot = snapshot_of(f"{organisation}/{name}", revision)
        case _:
            return None
    match inner:
        case ["manifest"]:
            return snapshot, None
        case ["files", first, *others]:
            return snapshot, "/".join([first, *others])
        case _:
            return None


def _state(store: Store, snapshot: str, objects: _Found) -> SnapshotState:
    sizes = objects.sizes
    state = UNFINISHED
    if objects.manifest:
        try:
            there = promised(store, snapshot)
        except StoreError:
            raise
        except PublishError:
            there, state = None, "manifest damaged"
        if there:
            sizes = {file.path: file.size_bytes for file in there.files}
            gone = sum(objects.sizes.get(path) != size for path, size in sizes.items())
            state = f"{gone} of {len(sizes)} files missing" if gone else PUBLISHED
    return SnapshotState(
        snapshot=snapshot,
        state=state,
        files=len(sizes),
        total_bytes=sum(sizes.values()),
        published=objects.manifest,
        load_format="auto" if any(lacks(sizes, "mistral")) else "mistral",
    )


def _by_revision(states: dict[str, SnapshotState]) -> Iterator[ModelRevision]:
    revisions: dict[tuple[str, str], dict[tuple[str, ...], SnapshotState]] = {}
    for snapshot, state in sorted(states.items()):
        organisation, name, revision, *variant = snapshot.split("/")
        of_revision = revisions.setdefault((f"{organisation}/{name}", revision), {})
        of_revision[tuple(variant)] = state
    for (model, revision), by_variant in revisions.items():
        absent = SnapshotState(snapshot=snapshot_of(model, revision), state=ABSENT)
        by_key: dict[str, dict[str, SnapshotState]] = {NEURON: {}, COMPILED: {}}
        for variant, state in by_variant.items():
            if variant:
                folder, key = variant
                by_key[folder][key] = state
        yield ModelRevision(
            model=model,
            revision=revision,
            weights=by_variant.get((), absent),
            neuron=by_key[NEURON],
            compiled=by_key[COMPILED],
        )
